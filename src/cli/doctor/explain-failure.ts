import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { commandAdvice, causeCodes, explainStderr } from '../errors/failure-advice.ts';
import type { Invocation } from '../command-line/invocation.ts';
import type { ConfiguredServer } from '../../config/config.ts';
import { signInOf } from '../servers/server-set.ts';
import { errorText } from '../errors/error-text.ts';
import { isLoginMissing, loginCommand } from '../errors/sign-in-advice.ts';

/** A problem of a server that the doctor reports. */
export interface Finding {
  readonly level: 'error' | 'warning';
  /** Stable between versions, for programs. */
  readonly code: FindingCode;
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
}

type FindingCode =
  | 'command-not-found'
  | 'not-executable'
  | 'wrong-folder'
  | 'wrong-path'
  | 'exits'
  | 'needs-auth'
  | 'other-era'
  | 'not-an-mcp-server'
  | 'unreachable'
  | 'hangs'
  | 'failed'
  | 'noisy-stdout'
  | 'odd-answer'
  | 'list-failed'
  | 'name-collision';

/** Explains why a server could not be opened, and what to do about it. */
export async function explainFailure(
  spec: ConfiguredServer,
  error: PlenumError,
  problems: readonly PlenumError[],
  inline: Invocation['inline'],
): Promise<Finding> {
  const say = (code: FindingCode, advice: string, message = errorText(error, inline)): Finding => {
    return { level: 'error', code, message, advice };
  };
  if (error.code === 'AUTH_REQUIRED') return say('needs-auth', signInAdvice(spec, error, inline));
  if (error.code === 'CONFIG_INVALID') return say('failed', 'Correct what the message names.');
  return 'command' in spec
    ? explainProcess(spec, error, problems, say, inline !== undefined)
    : explainUrl(error, say);
}

function signInAdvice(spec: ConfiguredServer, error: PlenumError, inline: Invocation['inline']): string {
  if (signInOf(spec) !== undefined && error.server !== undefined) {
    const login = loginCommand(error.server, inline);
    if (!isLoginMissing(error)) return `Correct what the message names, then sign in: ${login}.`;
    const other = inline === undefined ? '' : ' Or give it credentials: --header.';
    return `Sign in: ${login}.${other}`;
  }
  return (
    'Give it credentials: "headers" or "auth" in the configuration, --header for a URL here; with ' +
    '"auth": { "type": "oauth" }, "plenum login" signs in.'
  );
}

type Say = (code: FindingCode, advice: string, message?: string) => Finding;

async function explainProcess(
  spec: Extract<ConfiguredServer, { command: string }>,
  error: PlenumError,
  problems: readonly PlenumError[],
  say: Say,
  isInline: boolean,
): Promise<Finding> {
  const codes = causeCodes(error);
  const cwd = spec.cwd instanceof URL ? undefined : spec.cwd;
  if (cwd !== undefined && !(await isThere(cwd)))
    return say('wrong-folder', `Correct "cwd": ${cwd} is not there.`);
  if (codes.has('ENOENT') || codes.has('ENOTDIR'))
    return say(
      'command-not-found',
      commandAdvice(spec, error, isInline) ?? `Install ${spec.command}, or give its full path in "command".`,
    );
  if (codes.has('EACCES'))
    return say('not-executable', `Make ${spec.command} executable, or name the right file.`);

  const missing = await missingFile(spec);
  if (missing !== undefined && error.code !== 'TIMEOUT')
    return say('wrong-path', `Correct the path: ${missing} is not there.`);
  const [noise] = problems.filter(({ code, data }) => code === 'INVALID_RESULT' && data === undefined);
  if (noise !== undefined)
    return say(
      'not-an-mcp-server',
      'It writes to standard output something that is not MCP. Check the command and its arguments.',
      `${errorText(error)}\n${noise.message}`,
    );
  // A program that answers `initialize` with "method not found" is no MCP server; one that echoes its input looks the
  // same.
  if (codes.has('-32601')) return say('not-an-mcp-server', 'Check the command and its arguments.');
  if (error.code === 'TIMEOUT') {
    const what = error.detail !== undefined ? 'but does not answer; see its output.' : 'but writes nothing.';
    return say(
      'hangs',
      `It started ${what} Check that it is an MCP server on standard input and output. If it is slow, such as npx at ` +
        'its first start, allow more time: --timeout 2m, or "connectTimeoutMs".',
    );
  }
  return say('exits', explainStderr(error.detail ?? ''));
}

function explainUrl(error: PlenumError, say: Say): Finding {
  const codes = causeCodes(error);
  const is = (...wanted: string[]): boolean => wanted.some((code) => codes.has(code));
  if (is('ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'))
    return say('unreachable', 'Is the server running, and are host and port right?');
  if (error.code === 'TIMEOUT')
    return say(
      'hangs',
      'It accepts the connection but does not answer. If it is slow, allow more time: --timeout 2m.',
    );
  // The answer is no JSON-RPC, such as the HTML of a web page, or no valid event stream.
  if (is('CLIENT_HTTP_UNEXPECTED_CONTENT', 'UNREADABLE') || error.code === 'INVALID_RESULT')
    return say(
      'not-an-mcp-server',
      'Something else answers there, such as a web page. Check the path: often /mcp or /sse.',
    );
  if (is('400', '404', '405'))
    return say('wrong-path', 'There is no MCP server at this path. Check it: often /mcp or /sse.');
  return say('failed', 'See the message. The log of the server may say more.');
}

/** The first argument that is the path of a missing file. */
async function missingFile({
  args = [],
  cwd,
}: Extract<ConfiguredServer, { command: string }>): Promise<string | undefined> {
  const folder = typeof cwd === 'string' ? cwd : process.cwd();
  for (const arg of args) {
    const looksLikeFile =
      isAbsolute(arg) || /^\.{1,2}[\\/]/.test(arg) || /^[^-@:]+\.([cm]?[jt]s|py|jar|rb|sh)$/.test(arg);
    if (looksLikeFile && !(await isThere(resolve(folder, arg)))) return resolve(folder, arg);
  }
  return undefined;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
