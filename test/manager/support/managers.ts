import { expect, onTestFinished } from 'vitest';
import type { Lease } from '../../../src/manager/leases/lease.ts';
import type { SessionManagerOptions } from '../../../src/manager/manager-options.ts';
import type { ManagedServerStats } from '../../../src/manager/manager-stats.ts';
import { SessionManager } from '../../../src/manager/session-manager.ts';
import { eventually } from '../../support/eventually.ts';

/** A manager; destroyed when the test is over. */
export function newManager(options: SessionManagerOptions): SessionManager {
  const manager = new SessionManager(options);
  onTestFinished(() => manager.destroy());
  return manager;
}

export function statsOf(manager: SessionManager, server: string): ManagedServerStats {
  const stats = manager.stats().get(server);
  if (stats === undefined) throw new Error(`No stats of server "${server}"`);
  return stats;
}

/** Waits until so many callers are in line. */
export function untilWaiting(manager: SessionManager, server: string, count: number): Promise<boolean> {
  return eventually(`${count} callers wait`, () => statsOf(manager, server).waiting === count);
}

/** Takes and gives back so many sessions at once, so that they are idle. */
export async function warm(manager: SessionManager, server: string, count: number): Promise<void> {
  const leases = await Promise.all(Array.from({ length: count }, () => manager.acquire(server)));
  await Promise.all(leases.map((lease) => lease.release()));
}

/** Nothing is lent, coming up, going down or waited for; idle sessions may be there. */
export async function expectAtRest(manager: SessionManager): Promise<void> {
  await expectNone(manager, ({ opening, leased, closing, leases, waiting }) => [
    opening,
    leased,
    closing,
    leases,
    waiting,
  ]);
}

/** As at rest, and no session is open. */
export async function expectNothingHeld(manager: SessionManager): Promise<void> {
  await expectNone(manager, ({ open, idle, opening, leased, closing, leases, fresh, waiting }) => [
    open,
    idle,
    opening,
    leased,
    closing,
    leases,
    fresh,
    waiting,
  ]);
}

async function expectNone(
  manager: SessionManager,
  counts: (stats: ManagedServerStats) => number[],
): Promise<void> {
  const none = (): boolean => [...manager.stats().values()].flatMap(counts).every((count) => count === 0);
  await eventually('nothing is held', none).catch(() => {});
  expect(none(), JSON.stringify([...manager.stats()])).toBe(true);
}

/** What became of something that was begun, looked at without waiting for it. */
export interface Outcome<T> {
  readonly promise: Promise<T>;
  settled: boolean;
}

export function watched<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { promise, settled: false };
  const settle = (): void => void (outcome.settled = true);
  promise.then(settle, settle);
  return outcome;
}

/** Gives back every lease. */
export async function releaseAll(leases: readonly Lease[]): Promise<void> {
  await Promise.all(leases.map((lease) => lease.release()));
}
