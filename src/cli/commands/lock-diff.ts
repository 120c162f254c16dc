import { digestOfChange, digestOfChanges, type LockChange } from '../../trust/lock/lock-changes.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { reportError } from '../errors/report-error.ts';
import { EXIT, unreachableExitCode, type ExitCode } from '../exit-codes.ts';
import { compareWithLock, findLockable } from '../servers/locked-servers.ts';
import { changesText } from '../views/lock-change-text.ts';
import { count } from '../terminal/terminal-text.ts';
import { reportSkipped } from './lock.ts';

export const run: RunCommand = async (invocation) => {
  const { failed } = await show(invocation);
  return failed;
};

export const check: RunCommand = async (invocation) => {
  const { changes, failed } = await show(invocation);
  return changes.length > 0 ? EXIT.drifted : failed;
};

async function show(
  invocation: Invocation,
): Promise<{ readonly changes: readonly LockChange[]; readonly failed: ExitCode }> {
  const { terminal, inline } = invocation;
  const { changes, skipped, failures } = await compareWithLock(invocation, await findLockable(invocation));
  for (const error of failures.values()) reportError(terminal, error, inline);
  reportSkipped(terminal, skipped);
  if (terminal.json) terminal.jsonData(changes.map((each) => ({ ...each, digest: digestOfChange(each) })));
  else if (changes.length > 0) terminal.data(changesText(terminal, changes));
  else terminal.data('Nothing differs from the lock.');
  if (changes.length > 0 && !terminal.json)
    terminal.note(
      `${count(changes.length, 'difference')}. To approve exactly this: plenum lock accept --digest ${digestOfChanges(changes)}`,
    );
  return { changes, failed: unreachableExitCode([...failures.values()]) };
}
