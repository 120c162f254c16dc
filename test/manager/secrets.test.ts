import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { HandlerContext } from '../../src/index.ts';
import type { ManagedServerSpec } from '../../src/manager/pool/managed-server.ts';
import { failureOf } from '../support/failures.ts';
import { http } from '../support/servers.ts';
import { TOOLS } from './support/answers.ts';
import { EventLog } from '../support/event-log.ts';
import { newManager } from './support/managers.ts';

const SECRET = 'hunter2-of-ada';

/** All that a careless log would hold. */
function logged(...values: readonly unknown[]): string {
  const texts = values.map((value) => [
    inspect(value, { depth: Infinity, showHidden: true, getters: false, maxStringLength: Infinity }),
    JSON.stringify(value instanceof Map ? [...value] : value),
    String(value),
  ]);
  return texts.flat().join('\n');
}

describe('M4 credentials of a principal', () => {
  it.each<[string, (url: string) => ManagedServerSpec]>([
    ['as headers', (url) => ({ url, headers: { authorization: SECRET } })],
    ['as computed headers', (url) => ({ url, headers: async () => ({ authorization: SECRET }) })],
    ['as an auth provider', (url) => ({ url, auth: { token: async () => SECRET } })],
  ])('are in nothing that a manager shows: %s', async (_what, spec) => {
    const server = await http({ tools: [...TOOLS, { name: 'ask', does: { type: 'roots' } }] });
    const contexts: HandlerContext[] = [];
    const manager = newManager({
      servers: {
        up: () => ({ ...spec(server.url), protocol: 'legacy' }),
        down: () => ({ ...spec('http://127.0.0.1:1/'), connectTimeoutMs: 2_000 }),
        wrong: () => ({ ...spec(server.url), headers: { authorization: `☃ ${SECRET}` } }),
      },
      retry: { attempts: 2, delayMs: 1 },
      onRoots: (context) => {
        contexts.push(context);
        return [];
      },
    });
    const events = new EventLog(manager);
    const principal = 'ada';
    const lease = await manager.acquire('up', { principal });
    await lease.session.callTool('ask');
    expect(contexts).toHaveLength(1);
    const errors = [
      await failureOf(manager.run('down', () => 1, { principal })),
      await failureOf(manager.acquire('wrong', { principal })),
      await failureOf(manager.openSession('wrong', { principal })),
      await failureOf(lease.session.callTool('hang', {}, { timeoutMs: 50 })),
    ];
    const health = await manager.checkHealth({ principal });
    await events.until('retry');
    const { session } = lease;
    const shown = [
      manager,
      lease,
      session,
      session.status,
      contexts,
      errors,
      health,
      manager.stats(),
      events.all,
    ];
    expect(logged(...shown)).not.toContain(SECRET);
    await lease.release();
  });
});
