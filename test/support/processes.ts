import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { readLedger } from '../../src/testing/index.ts';
import { settled } from './eventually.ts';

/** Whether a process runs; a zombie does not. */
export function isRunning(pid: unknown): boolean {
  if (typeof pid !== 'number') throw new TypeError('No process id');
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

/** Processes whose environment has the mark; none on systems that do not show it. */
export function processesMarked(mark: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && environmentOf(pid).includes(mark));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

/** How many processes of the fixture `group-starting.mjs` came up at the same moment at most, as they wrote down. */
export function mostAtOnce(ledger: string): number {
  let now = 0;
  let most = 0;
  for (const line of readFileSync(ledger, 'utf8').split('\n')) {
    if (line.startsWith('start')) most = Math.max(most, ++now);
    if (line.startsWith('up')) now--;
  }
  return most;
}
