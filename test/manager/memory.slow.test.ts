import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/index.ts';
import type { SessionManager } from '../../src/manager/session-manager.ts';
import { failureOf } from '../support/failures.ts';
import { TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { newManager } from './support/managers.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function heapBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** How many bytes each of `count` rounds leaves behind. */
async function bytesPerRound(count: number, round: (nr: number) => Promise<unknown>): Promise<number> {
  for (let nr = 0; nr < 200; nr++) await round(-1 - nr);
  const before = heapBytes();
  for (let nr = 0; nr < count; nr++) await round(nr);
  return (heapBytes() - before) / count;
}

/** Less than a map's entry would take. */
const NOTHING = 50;

type Round = (manager: SessionManager, principal: string) => Promise<unknown>;

const GIVEN_UP = AbortSignal.abort();

describe('M4 users who come once leave nothing in a manager', () => {
  it.each<[string, Round]>([
    [
      'who acquire and have given up already',
      (manager, principal) => failureOf(manager.acquire('a', { principal, signal: GIVEN_UP })),
    ],
    [
      'who run and have given up already',
      (manager, principal) => failureOf(manager.run('a', () => 1, { principal, signal: GIVEN_UP })),
    ],
    [
      'for whom sessions were to be opened ahead of time, but are not wanted any more',
      (manager, principal) => failureOf(manager.prewarm('a', 1, { principal, signal: GIVEN_UP })),
    ],
    [
      'for whom no session at all is to be opened ahead of time',
      (manager, principal) => manager.prewarm('a', 0, { principal }),
    ],
  ])('%s', async (_what, round) => {
    const fleet = new Fleet({ tools: TOOLS });
    for (const server of [fleet.spec(), () => fleet.spec()]) {
      const manager = newManager({ servers: { a: server }, circuit: false });
      expect(await bytesPerRound(20_000, (nr) => round(manager, `user ${nr}`))).toBeLessThan(NOTHING);
    }
    expect(fleet.made).toBe(0);
  });
});

describe('M5 calls of one long run', () => {
  it('are not remembered one by one', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    await manager.run('a', async (session: Session) => {
      const call = (): Promise<unknown> => session.notify({ method: 'notifications/tick' });
      expect(await bytesPerRound(20_000, call)).toBeLessThan(NOTHING);
    });
  });
});
