import type { LockedServer } from '../../trust/lock/lock-content.ts';
import { changeLock, readSpoiltLock } from '../../trust/lock/lock-file.ts';
import type { SkippedDefinition } from '../../trust/lock/take-lock.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { reportError } from '../errors/report-error.ts';
import { unreachableExitCode } from '../exit-codes.ts';
import { findLockable, takeServers } from '../servers/locked-servers.ts';
import { count, lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

export const run: RunCommand = async (invocation) => {
  const { terminal, inline } = invocation;
  const lockable = await findLockable(invocation);
  const { set, path, isWhole } = lockable;
  // What cannot be written is refused before any server is started.
  await readSpoiltLock(path);
  const { now, skipped, failures } = await takeServers(
    invocation,
    lockable,
    new Set(Object.keys(set.servers)),
  );
  for (const error of failures.values()) reportError(terminal, error, inline);
  const { config } = set;
  const known = new Set([
    ...Object.keys(config?.servers ?? {}),
    ...failures.keys(),
    ...(config?.disabled ?? []),
  ]);
  await changeLock(
    path,
    (before) => {
      // What a server that could not be opened had is kept.
      const kept = [...(before ?? [])].filter(([name]) => !isWhole || known.has(name));
      return new Map<string, LockedServer>([...kept, ...now]);
    },
    readSpoiltLock,
  );
  reportSkipped(terminal, skipped);
  const tools = [...now.values()].reduce((sum, server) => sum + server.tools.size, 0);
  if (terminal.json) terminal.jsonData({ path, servers: [...now.keys()], tools, skipped });
  else
    terminal.data(
      `${lineText(path)} holds ${count(tools, 'tool')} of ${count(now.size, 'server')} as approved.`,
    );
  return unreachableExitCode([...failures.values()]);
};

/** Says which definitions no lock can hold. */
export function reportSkipped(terminal: Terminal, skipped: readonly SkippedDefinition[]): void {
  for (const { server, kind, name, why } of skipped) {
    const what = `${kind} ${lineText(name, 80)} of server ${lineText(server, 80)}`;
    terminal.warn(`The ${what} cannot be held in a lock, and is not used with one: ${why}.`);
  }
}
