import { setTimeout as after } from 'node:timers/promises';
import { expect, it, describe } from 'vitest';
import { memoryCatalogCache } from '../../../src/group/cache/memory-catalog-cache.ts';
import type { GroupServerSpec } from '../../../src/index.ts';
import { stdioSpec, type ScriptedInProcessServer } from '../../../src/testing/index.ts';
import { Random } from '../../support/random.ts';
import { bounded } from '../../support/eventually.ts';
import { connectGroup } from '../../support/groups.ts';
import { local } from '../../support/servers.ts';
import { expectGoneForGood, startedPids } from '../../support/processes.ts';
import { TinySource } from '../support/tiny-source.ts';
import { ledgerFile } from '../../support/folders.ts';

describe('lazy servers under a storm', () => {
  it('that come, go and die: every call gets its own answer or a truthful error', async () => {
    const random = new Random(20260728);
    const ledger = ledgerFile();
    const script = (name: string) => ({
      name,
      tools: [
        { name: 'canary', does: { type: 'canary' as const, maxDelayMs: 4 } },
        { name: 'crash', does: { type: 'crash' as const } },
      ],
    });
    const here = new Map<string, ScriptedInProcessServer>();
    const servers: Record<string, GroupServerSpec> = {};
    for (let nr = 0; nr < 6; nr++) {
      const name = `here${nr}`;
      const server = local({ ...script(name), era: nr % 2 === 0 ? 'legacy' : 'modern' });
      here.set(name, server);
      servers[name] = { server, lazy: { idleMs: nr } };
    }
    for (let nr = 0; nr < 2; nr++) {
      const name = `process${nr}`;
      servers[name] = { ...stdioSpec({ ...script(name), ledgerFile: ledger }), lazy: { idleMs: 30 * nr } };
    }
    const lent = local(script('lent'));
    const source = new TinySource({ lent });
    servers['lent'] = { source, lazy: { idleMs: 3 } };
    const group = await connectGroup({ servers, catalogCache: memoryCatalogCache(), strict: true });

    const names = Object.keys(servers);
    let answered = 0;
    const call = async (nr: number): Promise<void> => {
      const server = names[random.below(names.length)] ?? '';
      try {
        const crashes = random.below(40) === 0;
        const result = await group.callTool(`${server}__${crashes ? 'crash' : 'canary'}`, { nr });
        expect(result.structuredContent).toMatchObject({ server, arguments: { nr } });
        answered++;
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONNECTION_LOST', server });
      }
    };
    const user = async (first: number): Promise<void> => {
      for (let nr = 0; nr < 60; nr++) {
        await call(first * 1_000 + nr);
        await after(random.below(8));
      }
    };
    await bounded('the storm', Promise.all(Array.from({ length: 12 }, (_, nr) => user(nr))));
    expect(answered).toBeGreaterThan(500);
    expect([...group.tools.keys()]).toHaveLength(names.length * 2);
    await bounded('close', group.close());
    expect(startedPids(ledger).length).toBeGreaterThan(2);
    await expectGoneForGood(ledger);
    expect(source.lent.size).toBe(0);
    for (const server of here.values()) expect(server.running).toBe(0);
  });
});
