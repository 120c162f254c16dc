import { notReadyYet } from '../../errors/connect.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import type { GroupEvent } from '../../group/group-events.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { settledWithin } from '../../internal/limit.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { CATALOG_KINDS, type CatalogKind } from '../../group/catalog/catalog.ts';
import { EXIT, unreachableExitCode, UnreachableError, type ExitCode } from '../exit-codes.ts';
import { commandAdvice } from '../errors/failure-advice.ts';
import { createHandlers } from '../questions/handlers.ts';
import { errorText } from '../errors/error-text.ts';
import { reportError } from '../errors/report-error.ts';
import type { ConfiguredServer } from '../../config/config.ts';
import type { ServerSet } from './server-set.ts';
import { shellWord } from '../errors/sign-in-advice.ts';
import { eventText } from '../views/event-text.ts';
import { count } from '../terminal/terminal-text.ts';
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Terminal } from '../terminal/terminal.ts';

/** How long servers may take to close after an interrupt, in milliseconds. */
const CLOSE_AFTER_INTERRUPT_MS = 2_000;

/** The opened servers of a command. */
export interface OpenServers {
  readonly group: SessionGroup;
  /** The errors of the servers that could not be opened, by name. */
  readonly failures: ReadonlyMap<string, PlenumError>;
}

export interface OpenOptions {
  /** Names of the servers to open. */
  readonly only?: ReadonlySet<string>;
  /**
   * For `plenum watch`: whether the command shows all events itself, and lost connections are replaced. Otherwise a
   * server is tried once, and its problems are shown with `--verbose`.
   */
  readonly isWatched?: boolean;
  /** The resource or template that the command needs: other servers are not waited for once a ready one has it. */
  readonly uri?: string;
}

/** Opens servers at the same time, calls `work` with those that are ready, and closes them in any case. */
export async function withOpenServers<T>(
  invocation: Invocation,
  set: ServerSet,
  work: (opened: OpenServers) => Promise<T>,
  { only, isWatched = false, uri }: OpenOptions = {},
): Promise<T> {
  const { terminal, interrupt } = invocation;
  const { SessionGroup } = await import('../../group/session-group.ts');
  const isChosen = ([name]: readonly [string, unknown]): boolean => only?.has(name) ?? true;
  const chosen = Object.entries(set.servers).filter(isChosen);
  const broken = [...set.broken].filter(isChosen);
  const servers = Object.fromEntries(
    chosen.map(([name, spec]) => [name, adjusted(name, spec, invocation, isWatched)]),
  );
  const { signal } = interrupt;
  const handlers = await createHandlers(invocation);
  const names = chosen.map(([name]) => name);
  const what = names.length === 1 ? names.join() : count(names.length, 'server');
  // From the first event on: most of what differs from a lock is found while servers connect.
  const onEvent = (event: GroupEvent): void => {
    if (event.type === 'drift' && !isWatched) terminal.warn(eventText(event));
  };
  const options = { ...set.options, ...handlers, onEvent };
  const { group, failures } = await terminal.during(`Connecting to ${what}`, async () => {
    if (uri !== undefined && chosen.length > 1) {
      const { searchFor } = await import('./open-until.ts');
      // With this naming several servers may have the same URI, so the order in which they open does not matter.
      return searchFor(uri, new SessionGroup({ ...options, naming: 'prefixed' }), servers, invocation);
    }
    const connected = await SessionGroup.connect({ ...options, servers, signal });
    return { group: connected, failures: failuresOf(connected) };
  });
  try {
    if (terminal.verbose && !isWatched) void tellProblems(group, invocation);
    const told = [...failures].map(
      ([name, error]) => [name, advised(error, set.servers[name], invocation)] as const,
    );
    return await work({ group, failures: new Map([...told, ...broken]) });
  } finally {
    await terminal.during('Closing', () => end(group, signal));
  }
}

/** The server with the options that this command needs. */
function adjusted(
  name: string,
  spec: ConfiguredServer,
  { options: { timeout }, terminal }: Invocation,
  isWatched: boolean,
): ConfiguredServer {
  return {
    ...spec,
    ...(timeout !== undefined && { timeoutMs: timeout, connectTimeoutMs: timeout }),
    ...(!isWatched && { reconnect: false }),
    ...('command' in spec && terminal.verbose && !isWatched && { stderr: stderrOf(name, terminal) }),
  };
}

async function end(group: SessionGroup, interrupted: AbortSignal): Promise<void> {
  const closing = group.close();
  const isClosed =
    (await settledWithin(closing, Infinity, interrupted)) ||
    (await settledWithin(closing, CLOSE_AFTER_INTERRUPT_MS));
  if (!isClosed) await group.destroy(interrupted.reason);
  await closing;
}

async function tellProblems(group: SessionGroup, { terminal, inline }: Invocation): Promise<void> {
  for await (const event of group.events()) {
    if (event.type === 'problem') terminal.note(`[${event.server}] ${errorText(event.error, inline)}`);
    if (event.type === 'status') terminal.note(`[${event.server}] ${event.status.state}`);
  }
}

function failuresOf(group: SessionGroup): Map<string, PlenumError> {
  const failures = new Map<string, PlenumError>();
  for (const [name, { state, error }] of group.servers) {
    if (state === 'ready' || state === 'idle') continue;
    failures.set(name, error ?? notReadyYet(name));
  }
  return failures;
}

function advised(
  error: PlenumError,
  spec: ConfiguredServer | undefined,
  { inline }: Invocation,
): PlenumError {
  const advice = commandAdvice(spec, error, inline !== undefined);
  return advice === undefined ? error : error.withSummary(`${error.summary} ${advice}`);
}

/** Points to `plenum doctor` for servers that could not be opened. */
export function adviseDoctor({ terminal, inline }: Invocation, failures: OpenServers['failures']): void {
  const names = [...failures]
    .filter(([, { code }]) => code !== 'AUTH_REQUIRED')
    .map(([name]) => shellWord(name));
  if (names.length === 0 || terminal.json) return;
  const what = inline === undefined ? names.join(' ') : 'url' in inline ? inline.url : '-- …';
  terminal.note(`"plenum doctor ${what}" says more.`);
}

/**
 * Reports the servers and the lists of these kinds that are missing from the output, and returns the exit code for that.
 */
export function reportMissing(
  invocation: Invocation,
  { group, failures }: OpenServers,
  kinds: readonly CatalogKind[],
): ExitCode {
  const { terminal, inline } = invocation;
  for (const error of failures.values()) reportError(terminal, error, inline);
  adviseDoctor(invocation, failures);
  const missing = missingLists(group).filter(({ kind }) => kinds.includes(kind));
  for (const { error, kind } of missing) reportError(terminal, error, inline, kind);
  if (failures.size > 0) return unreachableExitCode([...failures.values()]);
  return missing.length > 0 ? EXIT.failed : EXIT.good;
}

interface MissingList {
  readonly server: string;
  readonly kind: CatalogKind;
  readonly error: PlenumError;
}

/** The lists of open servers that could not be had. */
export function missingLists(group: SessionGroup): MissingList[] {
  return [...group.servers].flatMap(([server, { listErrors }]) =>
    CATALOG_KINDS.flatMap((kind) => {
      const error = listErrors[kind];
      return error === undefined ? [] : [{ server, kind, error }];
    }),
  );
}

/**
 * Reports the servers whose configuration is invalid, for commands that open none, and returns the exit code for
 * that.
 */
export function reportBroken({ terminal, inline }: Invocation, { broken }: ServerSet): ExitCode {
  for (const error of broken.values()) reportError(terminal, error, inline);
  return unreachableExitCode([...broken.values()]);
}

const KINDS_OF_UNKNOWN: Readonly<Record<string, readonly CatalogKind[]>> = {
  UNKNOWN_TOOL: ['tools'],
  UNKNOWN_PROMPT: ['prompts'],
  UNKNOWN_RESOURCE: ['resources', 'resourceTemplates'],
};

/**
 * Replaces the error for an unknown name by that of a server that could not be opened and may have the name, or of
 * its list.
 */
export function explainUnknown(
  error: unknown,
  { group, failures }: OpenServers,
  owners?: ReadonlySet<string>,
): unknown {
  const kinds = error instanceof PlenumError ? KINDS_OF_UNKNOWN[error.code] : undefined;
  if (kinds === undefined) return error;
  const unreachable = [...failures].find(([name]) => owners?.has(name) ?? true);
  if (unreachable !== undefined) return new UnreachableError(unreachable[1]);
  const mayHave = ({ server, kind }: MissingList): boolean =>
    kinds.includes(kind) && (owners === undefined || owners.size === 0 || owners.has(server));
  return missingLists(group).find(mayHave)?.error ?? error;
}

/** The longest line shown, in characters. */
const MAX_LINE = 10_000;

/** A stream that shows the standard error of a server, line by line, with the server's name. */
function stderrOf(server: string, terminal: Terminal): Writable {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = (lines.pop() ?? '').slice(-MAX_LINE);
      for (const line of lines) terminal.note(`[${server}] ${line.slice(0, MAX_LINE)}`);
      done();
    },
  });
}
