import { readFileSync } from 'node:fs';
import { readLedger } from '../../src/testing/index.ts';

/** The processes that wrote their start in a ledger and still run as children of this one. */
export function childPids(ledgerFile: string): number[] {
  const started = readLedger(ledgerFile).filter(({ event }) => event === 'start');
  return started.map(({ pid }) => pid).filter(isChild);
}

/** Process ids are used again: where the system tells, whether a process is still our child; a zombie is not. */
function isChild(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && Number(parent) === process.pid;
  } catch {
    return false;
  }
}
