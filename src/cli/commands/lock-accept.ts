import { prefixedName } from '../../group/catalog/prefixed-name.ts';
import { printable, suggestion } from '../../internal/text.ts';
import { withChanges, type LockChange } from '../../trust/lock/lock-changes.ts';
import { changeLock } from '../../trust/lock/lock-file.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { reportError } from '../errors/report-error.ts';
import { unreachableExitCode, UsageError } from '../exit-codes.ts';
import { compareWithLock, findLockable } from '../servers/locked-servers.ts';
import { changeText } from '../views/lock-change-text.ts';

export const run: RunCommand = async (invocation) => {
  const { terminal, inline, operands } = invocation;
  const [wanted] = operands;
  const lockable = await findLockable(invocation);
  const { path, set } = lockable;
  const names = new Set(Object.keys(set.servers));
  // Whoever approves a server approves how it is reached: then it may be started, to see what it offers.
  const mayStart = (server: string): boolean => wanted === undefined || wanted === server;
  const { changes, now, failures } = await compareWithLock(invocation, lockable, mayStart);
  for (const error of failures.values()) reportError(terminal, error, inline);
  const accepted = changes.filter((change) => wanted === undefined || isMeant(change, wanted, names));
  if (wanted !== undefined && accepted.length === 0 && !names.has(wanted) && failures.size === 0)
    throw new UsageError(
      `Nothing of the name "${printable(wanted)}" differs from the lock.${suggestion(wanted, changes.flatMap(namesOf))}`,
    );
  await changeLock(path, (before = new Map()) => withChanges(before, now, accepted));
  if (terminal.json) terminal.jsonData(accepted);
  else if (accepted.length === 0) terminal.data('Nothing differs from the lock.');
  else terminal.data(`Approved:\n${accepted.map((each) => changeText(terminal, each)).join('\n')}`);
  return unreachableExitCode([...failures.values()]);
};

function isMeant(change: LockChange, wanted: string, servers: ReadonlySet<string>): boolean {
  return servers.has(wanted) || change.server === wanted
    ? change.server === wanted
    : namesOf(change).includes(wanted);
}

/** The names by which a change can be approved. */
function namesOf({ server, kind, name }: LockChange): string[] {
  return kind === 'server' || kind === 'instructions'
    ? [server]
    : [prefixedName(server, name), `${server}/${name}`, name];
}
