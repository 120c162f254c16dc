export type { ConfigOAuthOptions } from './auth.ts';
export { loadConfig } from './load-config.ts';
export type {
  LoadConfigOptions,
  Config,
  ConfiguredClientRule,
  ConfiguredEntryRule,
  ConfiguredGateway,
  ConfiguredGroup,
  ConfiguredNaming,
  ConfiguredPool,
  ConfiguredServer,
  ConfiguredServerOptions,
  ConfigInput,
  ConfigProblem,
  ConfigPrompt,
  ConfigRemark,
  ConfigWarning,
} from './config.ts';
export type { Environment } from './environment.ts';
export type {
  AskConsent,
  ConsentAnswer,
  ConsentRequest,
  ConsentSection,
  ConsentServer,
} from './consent/consent-request.ts';
export {
  watchConfig,
  type ConfigWatch,
  type WatchConfigOptions,
  type ConfigWatchEvent,
} from './watch/watch-config.ts';
export type { WatchedGroup } from './watch/apply-servers.ts';
export { importSources, type EditorId, type ImportOptions, type ImportSource } from './editors/editors.ts';
export { readEditorConfigs, type EditorConfig, type FoundServer } from './editors/read-editor-configs.ts';
export { copyServers, type CopyReport, type CopyServersOptions } from './editors/copy-servers.ts';
