import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { readLedger } from '../../src/testing/index.ts';
import { settled } from './eventually.ts';

/** Whether a process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return process.platform !== 'linux';
  }
}

/** Process ids of the servers that wrote their start in this ledger. */
export function startedPids(ledger: string): number[] {
  return readLedger(ledger)
    .filter(({ event }) => event === 'start')
    .map(({ pid }) => pid);
}

export function runningPids(ledger: string): number[] {
  return startedPids(ledger).filter(isRunning);
}

/** None runs now, and none starts once more. */
export async function expectGoneForGood(ledger: string): Promise<void> {
  expect(runningPids(ledger)).toEqual([]);
  const starts = startedPids(ledger).length;
  // Longer than the first delays of a reconnect: the first is none, the second at most 250 ms.
  expect(await settled(() => startedPids(ledger).length, 300)).toBe(starts);
}
