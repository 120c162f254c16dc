import type { PlenumError } from '../../errors/plenum-error.ts';

/** Codes of errors after which another attempt would fail in the same way, whatever was before. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'AUTH_REQUIRED',
  'DEFINITION_DRIFT',
  // The source that sessions are leased from is closed, or does not know the server.
  'SESSION_CLOSED',
  'UNKNOWN_SERVER',
]);

/** Why a program cannot be started, now or later. Not here: what the system is out of, such as EAGAIN or EMFILE. */
const FINAL_SPAWN_ERRORS: ReadonlySet<string> = new Set([
  'ENOENT', // no such command, interpreter or folder
  'ENOTDIR', // a part of the path, or the folder to start in, is no folder
  'EISDIR',
  'EACCES', // not executable
  'EPERM',
  'ENOEXEC', // not a program
  'EBADARCH',
  'ELOOP',
  'ENAMETOOLONG',
  'E2BIG', // arguments and environment
  'EINVAL',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
]);

/** What was given can never be used. Not here: what the network says, such as ECONNREFUSED or EAI_AGAIN. */
const FINAL_ERRORS: ReadonlySet<string> = new Set([
  'ERR_INVALID_URL',
  'ERR_INVALID_PROTOCOL',
  'ERR_UNESCAPED_CHARACTERS',
  'ERR_UNSUPPORTED_ESM_URL_SCHEME',
]);

/** How many causes are looked at: one may lead back to itself. */
const MOST_CAUSES = 10;

/**
 * Whether another attempt to connect cannot help. A server that was connected before may come back from more: its program
 * may be missing while it is being replaced.
 */
export function isFinal(error: PlenumError, wasUp: boolean): boolean {
  if (FINAL_CODES.has(error.code)) return true;
  if (wasUp || error.code !== 'CONNECT_FAILED') return false;
  // The server speaks other versions of the protocol.
  return error.data?.protocolVersion !== undefined || hasFinalCause(error);
}

function hasFinalCause(error: PlenumError): boolean {
  let cause: unknown = error.cause;
  for (let depth = 0; depth < MOST_CAUSES && cause instanceof Error; depth++) {
    const code: unknown = Reflect.get(cause, 'code');
    const syscall: unknown = Reflect.get(cause, 'syscall');
    if (typeof code === 'string') {
      const isSpawn = typeof syscall === 'string' && syscall.startsWith('spawn');
      if (FINAL_ERRORS.has(code) || (isSpawn && FINAL_SPAWN_ERRORS.has(code))) return true;
    }
    cause = cause.cause;
  }
  return false;
}
