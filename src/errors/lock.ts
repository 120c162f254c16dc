import { printable } from '../internal/text.ts';
import { messageOf, PlenumError } from './plenum-error.ts';
import type { DefinitionDriftData } from './registry.ts';

const NOUN = {
  tool: 'Tool',
  prompt: 'Prompt',
  resourceTemplate: 'Resource template',
  instructions: 'The instructions',
  server: 'How it is reached',
};

/** What a server offers is not what was approved. */
export function definitionDrifted(
  server: string,
  { kind, name, change }: DefinitionDriftData,
): PlenumError<'DEFINITION_DRIFT'> {
  const what =
    kind === 'instructions' || kind === 'server'
      ? `${NOUN[kind]} of server "${server}"`
      : `${NOUN[kind]} "${printable(name)}" of server "${server}"`;
  const why = change === 'added' ? 'is not in the lock' : 'differs from the lock';
  return new PlenumError('DEFINITION_DRIFT', `${what} ${why}, so it cannot be used.`, {
    server,
    data: { kind, name, change },
    maybeExecuted: false,
    advice: [{ do: 'accept-drift', server }],
  });
}

/** How a server is reached is not what was approved, so nothing of it is started. */
export function reachDrifted(server: string): PlenumError<'DEFINITION_DRIFT'> {
  const summary = `How server "${printable(server)}" is reached differs from the lock, so it is not started.`;
  return new PlenumError('DEFINITION_DRIFT', summary, {
    server,
    data: { kind: 'server', name: server, change: 'changed' },
    maybeExecuted: false,
    advice: [{ do: 'accept-drift', server }],
  });
}

/** What was shown to a person is not what there is now, so it cannot be approved. */
export function shownNoMore(digest: string): PlenumError<'DEFINITION_DRIFT'> {
  const summary = `Nothing differs from the lock now that has the digest "${printable(digest, 80)}", so nothing was approved: it has changed since it was shown. Look again with "plenum lock diff".`;
  return new PlenumError('DEFINITION_DRIFT', summary, { maybeExecuted: false });
}

/** With a lock only what a server lists can be used: nothing else can be compared. */
export function notListed(
  server: string,
  kind: 'tool' | 'prompt' | 'resourceTemplate',
  name: string,
): PlenumError<'DEFINITION_DRIFT'> {
  const summary = `${NOUN[kind]} "${printable(name)}" is not listed by server "${server}", so it cannot be compared with the lock.`;
  return new PlenumError('DEFINITION_DRIFT', summary, {
    server,
    data: { kind, name, change: 'added' },
    maybeExecuted: false,
  });
}

/** A session whose requests cannot be checked was given to a group that has a lock. */
export function notCheckable(server: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `Server "${printable(server)}" is in the lock, but this session was opened without one. Give "lock" to what opened it.`;
  return new PlenumError('CONFIG_INVALID', summary, { server, data: { option: 'lock' } });
}

/** A file that is to be a lock cannot be used; `what` goes on from its path. */
export function lockUnusable(path: string, what: string, server?: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `The lock "${path}" ${what}.`, {
    server,
    data: { option: 'lock' },
  });
}

/** Another process keeps the lock's file to itself. */
export function lockBusy(path: string, error: unknown): PlenumError<'CONFIG_INVALID'> {
  const summary = `The lock "${path}" could not be changed: another process holds it (${messageOf(error)}).`;
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'lock' } });
}

/** Nothing of a server is checked, although there is a lock. */
export function serverNotLocked(path: string, server: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `Server "${printable(server)}" is not in the lock "${path}": nothing of it is checked.`;
  return new PlenumError('CONFIG_INVALID', summary, { server, data: { option: 'lock' } });
}
