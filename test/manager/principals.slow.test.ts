import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../src/index.ts';
import type { SessionManager } from '../../src/manager/session-manager.ts';
import { stdioSpec, type WhoAmI } from '../../src/testing/index.ts';
import { Random } from '../support/random.ts';
import { http } from '../support/servers.ts';
import { TOOLS, who } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { expectAtRest, newManager } from './support/managers.ts';
import { textOf } from '../support/results.ts';

const PRINCIPALS = Array.from({ length: 20 }, (_, nr) => `user-${nr}`);
/** Callers that give up, or whose session was taken down. */
const HARMLESS = new Set([
  'ABORTED',
  'TIMEOUT',
  'SESSION_CLOSED',
  'CONNECTION_LOST',
  'CONNECT_FAILED',
  'NOT_CONNECTED',
]);

/** 20 principals at once, by lease and by run, with discards and giving up; `visit` looks at each session lent. */
async function storm(
  manager: SessionManager,
  seed: number,
  rounds: number,
  visit: (principal: string, answer: WhoAmI) => void,
): Promise<number> {
  const random = new Random(seed);
  const crossed: unknown[] = [];
  let visits = 0;
  const callers = PRINCIPALS.flatMap((principal) => [principal, principal]).map(async (principal, caller) => {
    for (let round = 0; round < rounds; round++) {
      const canary = `${principal}/${caller}/${round}`;
      const signal = random.below(12) === 0 ? AbortSignal.timeout(random.below(10)) : undefined;
      const discard = random.below(8) === 0;
      try {
        const use = async (session: Parameters<typeof who>[0]): Promise<void> => {
          const [answer, echoed] = await Promise.all([who(session), session.callTool('echo', { canary })]);
          if (textOf(echoed) !== JSON.stringify({ canary })) crossed.push([canary, textOf(echoed)]);
          visit(principal, answer);
          visits++;
        };
        if (random.below(2) === 0) await manager.run('a', use, { principal, signal });
        else {
          const lease = await manager.acquire('a', { principal, signal });
          try {
            await use(lease.session);
          } finally {
            await (discard ? lease.discard() : lease.release());
          }
        }
      } catch (error) {
        if (!(error instanceof PlenumError) || !HARMLESS.has(error.code)) crossed.push(error);
      }
    }
  });
  await Promise.all(callers);
  expect(crossed).toEqual([]);
  return visits;
}

/** Notes whose each session was; a second principal on one is what must not be. */
function ownership(): {
  note: (session: string | number | undefined, principal: string) => void;
  crossed: string[];
} {
  const owners = new Map<string | number | undefined, string>();
  const crossed: string[] = [];
  return {
    crossed,
    note: (session, principal) => {
      const owner = owners.get(session) ?? principal;
      owners.set(session, owner);
      if (owner !== principal) crossed.push(`session ${session} of ${owner} was lent to ${principal}`);
    },
  };
}

describe('M4 20 principals under load: no session of one is ever handed to another', () => {
  it.each([1, 2])(
    'servers in this process, and nothing but the principal tells them apart (seed %i)',
    async (seed) => {
      const fleet = new Fleet({ tools: TOOLS, startDelayMs: 1 });
      const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 8 } });
      const { note, crossed } = ownership();
      const visits = await storm(manager, seed, 20, (principal, { name }) => note(name, principal));
      expect(crossed).toEqual([]);
      expect(visits).toBeGreaterThan(400);
      expect(fleet.mostOpen).toBeLessThanOrEqual(8);
      await expectAtRest(manager);
    },
  );

  it.each(['legacy', '2026-07-28'] as const)(
    'a server behind a URL, with a header for each (%s)',
    async (protocol) => {
      const server = await http({ tools: TOOLS });
      const manager = newManager({
        servers: {
          a: ({ principal }) => ({ url: server.url, headers: { 'x-user': principal ?? 'nobody' }, protocol }),
        },
        pool: { maxPerServer: 8, leasesPerSession: 4 },
      });
      const { note, crossed } = ownership();
      const visits = await storm(manager, 3, 10, (principal, { headers, sessionId }) => {
        if (headers?.['x-user'] !== principal) crossed.push(`${principal} was ${headers?.['x-user']}`);
        if (protocol === 'legacy') note(sessionId, principal);
      });
      expect(crossed).toEqual([]);
      expect(visits).toBeGreaterThan(200);
      await expectAtRest(manager);
    },
  );

  it('headers by a function that asks who is served, one answer for all', async () => {
    const server = await http({ tools: TOOLS });
    // Not told for whom: the same headers for everybody, and still nobody gets another's session.
    const manager = newManager({
      servers: { a: { url: server.url, headers: async () => ({ 'x-app': 'one' }), protocol: 'legacy' } },
      pool: { maxPerServer: 8 },
    });
    const { note, crossed } = ownership();
    await storm(manager, 4, 6, (principal, { sessionId }) => note(sessionId, principal));
    expect(crossed).toEqual([]);
  });

  it('processes, with an environment for each', async () => {
    const manager = newManager({
      servers: {
        a: async ({ principal }) => ({
          ...stdioSpec({ tools: TOOLS }),
          env: { CANARY: principal ?? 'nobody' },
          protocol: 'legacy',
        }),
      },
      pool: { maxPerServer: 6 },
    });
    const { note, crossed } = ownership();
    const visits = await storm(manager, 5, 1, (principal, { env, pid }) => {
      note(pid, principal);
      if (env?.['CANARY'] !== principal) crossed.push(`${principal} was ${env?.['CANARY']}`);
    });
    expect(crossed).toEqual([]);
    expect(visits).toBeGreaterThan(20);
    await manager.close();
  });
});
