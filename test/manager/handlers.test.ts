import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/index.ts';
import type { ScriptedTool } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { Fleet } from './support/fleet.ts';
import { newManager } from './support/managers.ts';
import { jsonOf } from '../support/results.ts';

const ASK: ScriptedTool = {
  name: 'ask',
  does: { type: 'elicit', params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} } } },
};
const TOOLS: ScriptedTool[] = [
  ASK,
  { name: 'sample', does: { type: 'sample', params: { messages: [], maxTokens: 1 } } },
  { name: 'roots', does: { type: 'roots' } },
  { name: 'log', does: { type: 'log', level: 'error', data: 'hello' } },
];

describe('handlers of a manager are told for whom a session was opened', () => {
  it.each(['legacy', '2026-07-28'] as const)('every one of them (%s)', async (protocol) => {
    const seen: [string, string | undefined, string][] = [];
    const fleet = new Fleet({ tools: TOOLS, capabilities: { tools: {}, logging: {} } });
    const manager = newManager({
      servers: { a: fleet.spec(protocol) },
      onElicitation: ({ principal, server }) => {
        seen.push(['elicitation', principal, server]);
        return { action: 'decline' };
      },
      onSampling: ({ principal, server }) => {
        seen.push(['sampling', principal, server]);
        return { model: 'm', role: 'assistant', content: { type: 'text', text: 'ok' } };
      },
      onRoots: ({ principal, server }) => {
        seen.push(['roots', principal, server]);
        return [];
      },
      onNotification: ({ principal, server }, { method }) => {
        if (method === 'notifications/custom') seen.push(['notification', principal, server]);
      },
    });
    await using lease = await manager.acquire('a', { principal: 'ada' });
    for (const tool of ['ask', 'sample', 'roots']) await lease.session.callTool(tool);
    fleet.members[0]?.scripted.notify('notifications/custom');
    await eventually('all are told', () => seen.length === 4);
    expect(seen).toEqual([
      ['elicitation', 'ada', 'a'],
      ['sampling', 'ada', 'a'],
      ['roots', 'ada', 'a'],
      ['notification', 'ada', 'a'],
    ]);
  });

  it('logs', async () => {
    const seen: (string | undefined)[] = [];
    const fleet = new Fleet({ tools: TOOLS, capabilities: { tools: {}, logging: {} } });
    const manager = newManager({
      servers: { a: fleet.spec() },
      onLog: ({ principal }) => void seen.push(principal),
    });
    await manager.run('a', (session) => session.callTool('log'), { principal: 'bob' });
    await eventually('it is told', () => seen.length === 1);
    expect(seen).toEqual(['bob']);
  });

  it('of fresh sessions, too; and of those of nobody it is undefined', async () => {
    const seen: (string | undefined)[] = [];
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec() },
      onElicitation: ({ principal }) => {
        seen.push(principal);
        return { action: 'decline' };
      },
    });
    const ask = (session: Session): Promise<unknown> => session.callTool('ask');
    await ask(await manager.openSession('a', { principal: 'cyd' }));
    await ask(await manager.openSession(fleet.spec(), { principal: 'dan' }));
    await ask(await manager.openSession('a'));
    await manager.run('a', ask);
    expect(seen).toEqual(['cyd', 'dan', undefined, undefined]);
  });

  it("a server's own handlers win over the manager's", async () => {
    const seen: string[] = [];
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: {
        a: {
          ...fleet.spec(),
          onElicitation: () => {
            seen.push('own');
            return { action: 'decline' };
          },
        },
        b: fleet.spec(),
      },
      onElicitation: () => {
        seen.push('common');
        return { action: 'decline' };
      },
    });
    for (const name of ['a', 'b']) await manager.run(name, (session) => session.callTool('ask'));
    expect(seen).toEqual(['own', 'common']);
  });

  it('the session that a handler is given can be called, and is the one that asks', async () => {
    const fleet = new Fleet({ tools: [...TOOLS, { name: 'who', does: { type: 'whoami' } }] });
    const names: unknown[] = [];
    const manager = newManager({
      servers: { a: fleet.spec() },
      onElicitation: async ({ session }) => {
        names.push(jsonOf(await session.callTool('who')));
        return { action: 'decline' };
      },
    });
    const [one, two] = [await manager.acquire('a'), await manager.acquire('a')];
    await two.session.callTool('ask');
    await one.session.callTool('ask');
    expect(names).toMatchObject([{ name: 'member-1' }, { name: 'member-0' }]);
  });

  it.each(['legacy', '2026-07-28'] as const)(
    'Elicitation or sampling answered to the wrong server when calls overlap: 20 principals at once (%s)',
    async (protocol) => {
      const fleet = new Fleet({ tools: TOOLS });
      const manager = newManager({
        servers: { a: fleet.spec(protocol) },
        pool: { maxPerServer: 6, leasesPerSession: 3 },
        onElicitation: async ({ principal }) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
          return { action: 'accept', content: { canary: principal ?? 'nobody' } };
        },
      });
      const wrong: unknown[] = [];
      const calls = Array.from({ length: 200 }, (_, nr) => {
        const principal = `user-${nr % 20}`;
        return manager.run(
          'a',
          async (session) => {
            const answer = JSON.stringify(jsonOf(await session.callTool('ask')));
            if (!answer.includes(`"${principal}"`)) wrong.push([principal, answer]);
          },
          { principal },
        );
      });
      await bounded('all', Promise.all(calls));
      expect(wrong).toEqual([]);
    },
  );
});
