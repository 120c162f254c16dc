export type {
  AskConsent,
  ConsentAnswer,
  ConsentRequest,
  ConsentSection,
  ConsentServer,
} from '../config/consent/consent-request.ts';
export { consentText, type ConsentTextOptions } from '../config/consent/consent-text.ts';
export { fileLock, type FileLockOptions } from './lock/file-lock.ts';
export { writeLock, type WrittenLock } from './lock/write-lock.ts';
export type { SkippedDefinition } from './lock/take-lock.ts';
export type {
  DefinitionDrift,
  DefinitionLock,
  LockedKind,
  ServerLock,
} from '../session/lock/definition-lock.ts';
