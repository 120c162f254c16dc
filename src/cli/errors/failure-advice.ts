import type { ConfiguredServer } from '../../config/config.ts';
import { PlenumError } from '../../errors/plenum-error.ts';

/** The codes of an error and of its causes, HTTP statuses too; `UNREADABLE` for an answer that no parser accepts. */
export function causeCodes(error: unknown, depth = 0): Set<string> {
  const codes = new Set<string>();
  if (!(error instanceof Error) || depth > 8) return codes;
  if ('code' in error) codes.add(String(error.code));
  if (error instanceof SyntaxError || error.name === 'ZodError') codes.add('UNREADABLE');
  const inner: unknown[] = error instanceof AggregateError ? [error.cause, ...error.errors] : [error.cause];
  for (const each of inner) for (const code of causeCodes(each, depth + 1)) codes.add(code);
  return codes;
}

/** What programs write that could not reach another host; npm ends with a remark on proxies. */
const NO_NETWORK =
  /EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|getaddrinfo|(failed|unable|could not) to (fetch|connect|resolve)|could not resolve|name resolution|dns error|no such host|dial tcp|network is unreachable|behind a proxy/i;

/** Programs that fetch what they run when it is not installed yet. */
const FETCHING = new Set([
  'npx',
  'pnpx',
  'bunx',
  'uvx',
  'pipx',
  'npm',
  'pnpm',
  'yarn',
  'bun',
  'uv',
  'deno',
  'docker',
  'podman',
]);

/** Known texts on a server's standard error, with the advice for each. */
const STDERR_HINTS: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [
    /cannot find (module|package)|ModuleNotFoundError|No module named/i,
    'Something that it needs is not installed, or a path is wrong.',
  ],
  [
    /\bE404\b|404 +(Not Found|The requested resource)|No matching distribution|not found in (the )?package registry/i,
    'There is no package of that name: check its spelling.',
  ],
  [
    /api.?key|token|secret|credential|environment variable|env var/i,
    'It probably needs an environment variable: servers get only a few of yours. Add it under "env", such as { "API_KEY": "${API_KEY}" }; ' +
      'for a command after --, with --env API_KEY.',
  ],
  [NO_NETWORK, 'It could not reach the network. Check the connection, and the proxy if there is one.'],
  [/EADDRINUSE|address already in use/i, 'Its port is taken. Check whether another instance is running.'],
  [/usage:|unknown (option|argument)|required argument|missing argument/i, 'Check its arguments.'],
];

/** Advice for a server process that exited. */
export function explainStderr(message: string): string {
  const known = STDERR_HINTS.find(([pattern]) => pattern.test(message));
  return known?.[1] ?? 'Run its command in a terminal and read its output.';
}

/** Advice for a program that fetches what it is to run, and may not have got it. */
function fetchAdvice(command: string, error: unknown): string | undefined {
  const program = command.replace(/^.*[\\/]/, '').replace(/\.(cmd|exe)$/i, '');
  if (!(error instanceof PlenumError) || !FETCHING.has(program)) return undefined;
  if (error.code === 'TIMEOUT')
    return `${program} first fetches what is not installed: check the network, or run it once in a terminal.`;
  return NO_NETWORK.test(error.detail ?? '')
    ? `${program} could not fetch what is not installed: check the network, or install it first.`
    : undefined;
}

/**
 * Advice for a command that could not be started because of how it is written, or that could not be fetched; undefined for
 * other causes.
 */
export function commandAdvice(
  spec: ConfiguredServer | undefined,
  error: unknown,
  isInline: boolean,
): string | undefined {
  if (spec === undefined || !('command' in spec)) return undefined;
  const codes = causeCodes(error);
  const { command } = spec;
  if (!codes.has('ENOENT') && !codes.has('ENOTDIR')) return fetchAdvice(command, error);
  if (/^~\w*[\\/]/.test(command))
    return `"~" is not expanded in a command: write the whole path of ${command}.`;
  const [program = '', ...args] = command.trim().split(/\s+/);
  if (args.length === 0) return undefined;
  if (isInline)
    return `Write the arguments as separate words: remove the quotes around "${command}" after --.`;
  return (
    'Write the arguments separately from the command: ' +
    `"command": ${JSON.stringify(program)}, "args": ${JSON.stringify([...args, ...(spec.args ?? [])])}.`
  );
}
