import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/testing/server/json-rpc.ts';
import type { CachedCatalog } from '../../../src/group/cache/catalog-cache.ts';
import type { GroupEvent } from '../../../src/group/group-events.ts';
import { fileCatalogCache } from '../../../src/group/cache/file-catalog-cache.ts';
import { memoryCatalogCache } from '../../../src/group/cache/memory-catalog-cache.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { learn, stateOf } from '../support/lazy.ts';
import { local } from '../../support/servers.ts';
import { TinySource } from '../support/tiny-source.ts';
import { newFolder } from '../../support/folders.ts';

function newPath(): string {
  return join(newFolder(), 'catalogs.json');
}

const keyOf = (nr: number): string => nr.toString(16).padStart(64, '0');

function catalog(nr: number, bytes: number): CachedCatalog {
  return { savedAt: 1_000 + nr, server: `s${nr}`, instructions: 'x'.repeat(bytes), listing: {} };
}

describe('a server that lists very much', () => {
  it('does not push the catalogs of all others out of the file', async () => {
    const path = newPath();
    const cache = fileCatalogCache(path, { maxBytes: 100_000 });
    for (let nr = 0; nr < 20; nr++) await cache.write(keyOf(nr), catalog(nr, 1_000));
    await cache.write(keyOf(99), catalog(99, 99_000));
    const kept = await cache.read([]);
    expect([...kept.keys()].toSorted()).toEqual(Array.from({ length: 20 }, (_, nr) => keyOf(nr)));
    expect(statSync(path).size).toBeLessThanOrEqual(100_000);
  });

  it('is kept while there is room, and the newest of several is', async () => {
    const cache = fileCatalogCache(newPath(), { maxBytes: 100_000 });
    await cache.write(keyOf(1), catalog(1, 60_000));
    await cache.write(keyOf(2), catalog(2, 1_000));
    expect([...(await cache.read([])).keys()].toSorted()).toEqual([keyOf(1), keyOf(2)]);
    await cache.write(keyOf(3), catalog(3, 60_000));
    expect([...(await cache.read([])).keys()].toSorted()).toEqual([keyOf(2), keyOf(3)]);
  });
});

describe('catalogs of lazy servers from a source', () => {
  it('are not shown to another principal, nor to nobody in particular', async () => {
    const catalogCache = memoryCatalogCache();
    const source = new TinySource({ s: local({ tools: [{ name: 'of-ada' }] }) });
    await learn({ servers: { s: { source, principal: 'ada', lazy: true } }, catalogCache });
    for (const principal of ['bob', undefined]) {
      const server = { source, lazy: true, ...(principal !== undefined && { principal }) };
      const group = newGroup({ catalogCache });
      source.acquired.length = 0;
      await group.add('s', server);
      // Not from what is known: it had to ask.
      expect(source.acquired).toMatchObject([{ server: 's', principal }]);
    }
    const again = newGroup({ catalogCache });
    await again.add('s', { source, principal: 'ada', lazy: true });
    expect(stateOf(again)).toBe('idle');
    expect([...again.tools.keys()]).toEqual(['s__of-ada']);
  });
});

describe('what a cache says', () => {
  it('cannot take the name of a tool that another server has', async () => {
    const catalogCache = memoryCatalogCache();
    const lazy = { server: local({ tools: [{ name: 'read' }] }), lazy: true, naming: 'bare' } as const;
    await learn({ servers: { s: lazy }, catalogCache });
    const group = await connectGroup({
      servers: { own: { server: local({ tools: [{ name: 'read' }] }), naming: 'bare' }, s: lazy },
      catalogCache,
    });
    expect(group.tools.get('read')?.server).toBe('own');
    expect(group.servers.get('s')?.error).toMatchObject({ code: 'NAME_COLLISION' });
  });

  it.each([
    ['__proto__', 'constructor'],
    ['toString', 'hasOwnProperty'],
  ])('may have the odd names %s and %s: they are names as any others', async (...names) => {
    const lazy = {
      server: local({ tools: names.map((name) => ({ name })), prompts: names.map((name) => ({ name })) }),
      lazy: true,
      naming: 'bare',
    } as const;
    const path = newPath();
    await learn({ servers: { s: lazy }, catalogCache: fileCatalogCache(path) });
    const group = await connectGroup({ servers: { s: lazy }, catalogCache: fileCatalogCache(path) });
    expect(stateOf(group)).toBe('idle');
    expect([...group.tools.keys()].toSorted()).toEqual(names.toSorted());
    for (const name of names) {
      expect(group.tools.get(name)).toMatchObject({ name, server: 's', upstreamName: name });
      await group.callTool(name, {});
    }
    expect(Object.hasOwn(Object.prototype, 'inputSchema')).toBe(false);
  });

  it.each([500, 2_000, 5_000, 20_000])(
    'a definition that is %i levels deep costs no other server anything',
    async (levels) => {
      let schema: JsonObject = { type: 'object' };
      for (let depth = 0; depth < levels; depth++) schema = { type: 'object', properties: { a: schema } };
      const deep = { server: local({ tools: [{ name: 'deep', inputSchema: schema }] }), lazy: true };
      const well = { server: local({ tools: [{ name: 'echo' }] }), lazy: true };
      const path = newPath();
      for (let round = 0; round < 2; round++) {
        const catalogCache = fileCatalogCache(path);
        const left: string[] = [];
        const onEvent = (event: GroupEvent): void => {
          if (event.type === 'problem' && event.server === 'deep') left.push(event.error.message);
        };
        const group = await connectGroup({ servers: { deep, well }, catalogCache, onEvent });
        await group.callTool('well__echo', {});
        await group.refresh({ server: 'deep' }).catch(() => {});
        await group.refresh();
        expect(stateOf(group, 'well')).toBe('ready');
        const { listErrors, counts } = group.servers.get('deep') ?? {};
        const isSaid = listErrors?.tools !== undefined || left.some((message) => message.includes('deep'));
        expect(counts?.tools === 1 || isSaid, 'listed, or said why not').toBe(true);
        await group.close();
      }
      expect((await fileCatalogCache(path).read([])).size).toBeGreaterThan(0);
    },
  );
});
