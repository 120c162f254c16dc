import { prefixedName } from '../../group/catalog/prefixed-name.ts';
import { shownNoMore } from '../../errors/lock.ts';
import { printable, suggestion } from '../../internal/text.ts';
import {
  changesBetween,
  digestOfChange,
  digestOfChanges,
  withChanges,
  type LockChange,
} from '../../trust/lock/lock-changes.ts';
import { changeLock } from '../../trust/lock/lock-file.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { reportError } from '../errors/report-error.ts';
import { EXIT, unreachableExitCode, UsageError } from '../exit-codes.ts';
import { converse, NoAnswer } from '../questions/ask.ts';
import { compareWithLock, findLockable } from '../servers/locked-servers.ts';
import { changesText } from '../views/lock-change-text.ts';
import { count } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { terminal, inline, operands, options } = invocation;
  const [wanted] = operands;
  const { digest: digests = [] } = options;
  const lockable = await findLockable(invocation);
  const { path, set } = lockable;
  const names = new Set(Object.keys(set.servers));
  // Whoever approves a server approves how it is reached: then it may be started, to see what it offers. With digests only
  // what was shown is approved, and what was not started could not be shown.
  const mayStart = (server: string): boolean =>
    digests.length === 0 && (wanted === undefined || wanted === server);
  const { changes, now, failures } = await compareWithLock(invocation, lockable, mayStart);
  for (const error of failures.values()) reportError(terminal, error, inline);
  const meant = changes.filter((change) => wanted === undefined || isMeant(change, wanted, names));
  if (wanted !== undefined && meant.length === 0 && !names.has(wanted) && failures.size === 0)
    throw new UsageError(
      `Nothing of the name "${printable(wanted)}" differs from the lock.${suggestion(wanted, changes.flatMap(namesOf))}`,
    );
  const accepted = digests.length === 0 ? meant : shownBefore(digests, changes, meant);
  if (digests.length === 0 && terminal.interactive && !terminal.json && accepted.length > 0) {
    if (!(await agrees(invocation, accepted))) {
      terminal.note('Nothing was approved.');
      return EXIT.drifted;
    }
  }
  await changeLock(path, (before = new Map()) => {
    // Another process may have changed the lock after it was compared.
    const present = new Set(changesBetween(before, now).map(digestOfChange));
    const gone = accepted.find((each) => !present.has(digestOfChange(each)));
    if (gone !== undefined) throw shownNoMore(digestOfChange(gone));
    return withChanges(before, now, accepted);
  });
  if (terminal.json) terminal.jsonData(accepted);
  else if (accepted.length === 0) terminal.data('Nothing differs from the lock.');
  else terminal.data(`Approved:\n${changesText(terminal, accepted)}`);
  return unreachableExitCode([...failures.values()]);
};

/** The changes that digests stand for. Throws when there is none for one of them: what was shown is there no more. */
function shownBefore(
  digests: readonly string[],
  changes: readonly LockChange[],
  meant: readonly LockChange[],
): readonly LockChange[] {
  const known = new Map(meant.map((change) => [digestOfChange(change), [change]]));
  const all = new Map([
    [digestOfChanges(changes), meant],
    [digestOfChanges(meant), meant],
  ]);
  const chosen = digests.flatMap((digest) => {
    const found = known.get(digest) ?? all.get(digest);
    if (found === undefined) throw shownNoMore(digest);
    return found;
  });
  return [...new Set(chosen)];
}

/** Shows what differs, and asks. Without an answer, as after Escape, it is no. */
async function agrees({ terminal, interrupt }: Invocation, changes: readonly LockChange[]): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  const message = `Approve ${changes.length === 1 ? 'this difference' : `these ${count(changes.length, 'difference')}`}?`;
  try {
    return await converse(terminal, interrupt, interrupt.signal, (ask) => {
      terminal.note(changesText(terminal, changes));
      return ask<boolean>((streams) => confirm({ message, initialValue: false, ...streams }));
    });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return false;
  }
}

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
