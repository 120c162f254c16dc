import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CachedCatalog } from '../../../src/group/cache/catalog-cache.ts';
import { fileCatalogCache } from '../../../src/group/cache/file-catalog-cache.ts';
import { memoryCatalogCache } from '../../../src/group/cache/memory-catalog-cache.ts';
import { bounded } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { learn } from '../support/lazy.ts';
import { local, tools } from '../../support/servers.ts';
import { newFolder } from '../../support/folders.ts';

/** A path in a folder of its own; deleted when the test is over. */
function newPath(): string {
  return join(newFolder(), 'catalogs.json');
}

const keyOf = (nr: number): string => nr.toString(16).padStart(64, '0');

function catalog(nr: number, savedAt = 1_000 + nr): CachedCatalog {
  return {
    savedAt,
    server: `s${nr}`,
    listing: { tools: [{ name: `t${nr}`, inputSchema: { type: 'object' } }] },
  };
}

async function keysIn(path: string): Promise<string[]> {
  return [...(await fileCatalogCache(path).read([])).keys()].toSorted();
}

describe('a catalog cache in a file', () => {
  it('keeps what is written, for its owner alone, and leaves nothing beside it', async () => {
    const path = newPath();
    await fileCatalogCache(path).write(keyOf(1), catalog(1));
    const found = await fileCatalogCache(path).read([keyOf(1)]);
    expect(found.get(keyOf(1))).toEqual(catalog(1));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['catalogs.json']);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      format: 'mcp-plenum/catalog',
      version: 1,
      servers: { [keyOf(1)]: { server: 's1' } },
    });
  });

  it('is empty when there is no file, and makes its folder', async () => {
    const path = join(newPath(), '..', 'deep', 'down', 'catalogs.json');
    const cache = fileCatalogCache(path);
    expect((await cache.read([keyOf(1)])).size).toBe(0);
    expect(existsSync(path)).toBe(false);
    await cache.write(keyOf(1), catalog(1));
    expect(await keysIn(path)).toEqual([keyOf(1)]);
  });

  it('tightens the mode of a file that others could read', async () => {
    const path = newPath();
    await fileCatalogCache(path).write(keyOf(0), catalog(0));
    chmodSync(path, 0o644);
    await fileCatalogCache(path).write(keyOf(1), catalog(1));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('writes many catalogs at once', async () => {
    const path = newPath();
    const cache = fileCatalogCache(path);
    const writes = Array.from({ length: 100 }, (_, nr) => cache.write(keyOf(nr), catalog(nr)));
    expect(new Set(writes).size).toBe(1);
    await Promise.all(writes.map(async (write) => write));
    expect(await keysIn(path)).toHaveLength(100);
  });

  it('flush() does not wait for more', async () => {
    const path = newPath();
    const cache = fileCatalogCache(path);
    void cache.write(keyOf(1), catalog(1));
    await cache.flush?.();
    expect(await keysIn(path)).toEqual([keyOf(1)]);
    await bounded('a flush of nothing', Promise.resolve(cache.flush?.()));
  });

  it('a read sees what was written before it', async () => {
    const cache = fileCatalogCache(newPath());
    void cache.write(keyOf(1), catalog(1));
    expect((await cache.read([keyOf(1)])).size).toBe(1);
  });

  it('adds to what others wrote', async () => {
    const path = newPath();
    const [a, b] = [fileCatalogCache(path), fileCatalogCache(path)];
    await a.write(keyOf(1), catalog(1));
    await b.write(keyOf(2), catalog(2));
    await a.write(keyOf(3), catalog(3));
    await b.write(keyOf(1), catalog(9));
    expect(await keysIn(path)).toEqual([1, 2, 3].map(keyOf));
    expect((await a.read([])).get(keyOf(1))).toMatchObject({ server: 's9' });
  });

  it('is a whole file at any moment, whoever writes', async () => {
    const path = newPath();
    const caches = Array.from({ length: 4 }, () => fileCatalogCache(path));
    const written = new AbortController();
    const reading = (async () => {
      while (!written.signal.aborted) await fileCatalogCache(path).read([]);
    })();
    for (let round = 0; round < 5; round++) {
      await Promise.all(caches.map(async (cache, nr) => cache.write(keyOf(nr), catalog(nr))));
    }
    written.abort();
    await reading;
    expect((await keysIn(path)).length).toBeGreaterThan(0);
  });

  it('keeps so many, and drops the oldest', async () => {
    const path = newPath();
    const cache = fileCatalogCache(path, { maxEntries: 3 });
    for (const nr of [5, 1, 4, 2, 3]) await cache.write(keyOf(nr), catalog(nr));
    expect(await keysIn(path)).toEqual([3, 4, 5].map(keyOf));
  });

  it('keeps so many bytes; one that is too large alone costs the others nothing', async () => {
    const path = newPath();
    const cache = fileCatalogCache(path, { maxBytes: 1_000 });
    for (let nr = 0; nr < 30; nr++) await cache.write(keyOf(nr), catalog(nr));
    const large = { ...catalog(99), instructions: 'x'.repeat(2_000) };
    await cache.write(keyOf(99), large);
    expect(statSync(path).size).toBeLessThanOrEqual(1_000);
    const keys = await keysIn(path);
    expect(keys).toContain(keyOf(29));
    expect(keys).not.toContain(keyOf(0));
    expect(keys).not.toContain(keyOf(99));
  });

  it('an entry from the future does not stay for ever', async () => {
    const path = newPath();
    const cache = fileCatalogCache(path, { maxEntries: 2 });
    await cache.write(keyOf(1), catalog(1, 9e15));
    for (const nr of [2, 3]) await cache.write(keyOf(nr), catalog(nr, Date.now()));
    expect(await keysIn(path)).toEqual([2, 3].map(keyOf));
  });

  it.each([[{ maxEntries: 0 }], [{ maxBytes: 1.5 }]])('refuses %o', (options) => {
    expect(thrownBy(() => fileCatalogCache(newPath(), options)).code).toBe('CONFIG_INVALID');
    expect(thrownBy(() => fileCatalogCache('')).code).toBe('CONFIG_INVALID');
  });
});

const NESTED = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;

/** Files that are catalog caches, and of no use. */
const BROKEN_FILES: Record<string, (path: string) => void> = {
  empty: (path) => writeFileSync(path, ''),
  'cut off': (path) => truncateSync(path, 40),
  'of a version to come': (path) =>
    writeFileSync(path, '{"format":"mcp-plenum/catalog","version":2,"servers":{}}'),
  'without catalogs': (path) =>
    writeFileSync(path, '{"format":"mcp-plenum/catalog","version":1,"servers":[]}'),
  'too large': (path) => truncateSync(path, 33 * 1024 * 1024),
};

/** What is not a catalog cache. */
const OTHER_FILES: Record<string, string | Buffer> = {
  'a text': 'hello: world',
  'JSON of something else': '{"name":"mcp-plenum","servers":{}}',
  'an empty object': '{}',
  'a file of tokens': '{"format":"mcp-plenum/tokens","version":1,"entries":{}}',
  'a list': '[]',
  null: 'null',
  'a large file': Buffer.alloc(33 * 1024 * 1024, 0x20),
  'binary data': Buffer.from([0xff, 0xfe, 0, 1, 2, 3]),
  'a program': '#!/bin/sh\nexit 0\n',
};

/** A group with one lazy server whose cache is at `path`: used, and closed. Returns the problems of the cache. */
async function useCacheAt(path: string): Promise<string[]> {
  const beside = local({ tools: tools('echo') });
  const group = newGroup({ catalogCache: fileCatalogCache(path) });
  const log = new EventLog(group);
  await group.add('s', { server: local({ tools: tools('echo') }), lazy: true });
  await group.add('beside', { server: beside });
  await group.callTool('s__echo');
  await group.callTool('beside__echo');
  await bounded('close', group.close());
  expect(log.of('problem').every(({ server }) => server === 's')).toBe(true);
  return log.of('problem').map(({ error }) => `${error.code} ${error.message}`);
}

describe('a catalog cache file that cannot be used', () => {
  it.each(Object.entries(BROKEN_FILES))('%s: is reported, ignored and replaced', async (_, spoil) => {
    const path = newPath();
    const server = local({ tools: tools('echo') });
    const servers = { s: { server, lazy: true } };
    await learn({ servers, catalogCache: fileCatalogCache(path) });
    spoil(path);
    const group = newGroup({ catalogCache: fileCatalogCache(path) });
    const log = new EventLog(group);
    await group.add('s', servers.s);
    expect(server.connections).toBe(2);
    const { error } = await log.until('problem');
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(path);
    await group.close();
    await connectGroup({ servers, catalogCache: fileCatalogCache(path) });
    expect(server.connections, 'the next group knows it').toBe(2);
  });

  it.each(Object.entries(OTHER_FILES))('H8 %s: is reported and left as it is', async (_, content) => {
    const path = newPath();
    writeFileSync(path, content);
    const problems = await useCacheAt(path);
    expect(problems.length).toBeGreaterThanOrEqual(2);
    for (const problem of problems) {
      expect(problem).toContain('CONFIG_INVALID');
      expect(problem).toContain('neither used nor overwritten');
    }
    expect(readFileSync(path).equals(Buffer.from(content))).toBe(true);
    expect(readdirSync(join(path, '..'))).toEqual(['catalogs.json']);
  });

  describe.runIf(process.platform !== 'win32')('H8', () => {
    /** A cache that would show a tool that the server does not have. */
    async function writeForged(path: string): Promise<void> {
      await fileCatalogCache(path).write(keyOf(1), catalog(1));
    }

    it.each([
      ['to a cache', writeForged],
      ['to another file', async (target: string) => writeFileSync(target, 'precious')],
      ['to nowhere', async () => {}],
      ['to a folder', async (target: string) => mkdirSync(target)],
    ])('a link %s is neither followed nor replaced', async (_, make) => {
      const [path, target] = [newPath(), join(newFolder(), 'target')];
      await make(target);
      const before = existsSync(target) && statSync(target).isFile() ? readFileSync(target) : undefined;
      symlinkSync(target, path);
      const problems = await useCacheAt(path);
      expect(problems[0]).toContain('is a link');
      expect(lstatSync(path).isSymbolicLink()).toBe(true);
      if (before !== undefined) expect(readFileSync(target).equals(before)).toBe(true);
    });

    it.each([0o666, 0o622, 0o620, 0o602])('a file of mode %o is not believed', async (mode) => {
      const path = newPath();
      await writeForged(path);
      chmodSync(path, mode);
      expect((await useCacheAt(path))[0]).toContain('can be written by other users');
      expect(await failureOf(Promise.resolve(fileCatalogCache(path).read([])))).toMatchObject({
        code: 'CONFIG_INVALID',
      });
    });

    it.each([0o777, 0o775, 0o770, 0o707])('nor one in a folder of mode %o', async (mode) => {
      const path = newPath();
      await writeForged(path);
      chmodSync(join(path, '..'), mode);
      expect((await useCacheAt(path))[0]).toContain('other users can write to');
    });

    it.each([0o755, 0o700, 0o1777])('a folder of mode %o does', async (mode) => {
      const path = newPath();
      chmodSync(join(path, '..'), mode);
      expect(await useCacheAt(path)).toEqual([]);
      expect(await keysIn(path)).toHaveLength(1);
    });

    it.runIf(process.getuid?.() === 0)('a file or a folder of another user is not believed', async () => {
      const path = newPath();
      await writeForged(path);
      chownSync(path, 12_345, 12_345);
      expect((await useCacheAt(path))[0]).toContain('belongs to another user');
      chownSync(path, 0, 0);
      chownSync(join(path, '..'), 12_345, 12_345);
      expect((await useCacheAt(path))[0]).toContain('a folder of another user');
    });

    it('a new folder is for its owner alone', async () => {
      const path = join(newFolder(), 'deep', 'down', 'catalogs.json');
      await writeForged(path);
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    });
  });

  it('a folder: neither reading nor writing harms the group', async () => {
    const path = newPath();
    mkdirSync(path);
    const group = newGroup({ catalogCache: fileCatalogCache(path) });
    const log = new EventLog(group);
    await group.add('s', { server: local({ tools: tools('echo') }), lazy: true });
    await group.callTool('s__echo');
    await bounded('close', group.close());
    expect(log.of('problem').length).toBeGreaterThanOrEqual(1);
    expect(readdirSync(path)).toEqual([]);
  });

  it.runIf(process.platform !== 'win32')('a pipe is not waited for', async () => {
    const path = newPath();
    execFileSync('mkfifo', [path]);
    const error = await bounded('the read', failureOf(Promise.resolve(fileCatalogCache(path).read([]))));
    expect(error.code).toBe('CONFIG_INVALID');
  });

  const BAD_ENTRIES: Record<string, unknown> = {
    'no listing': { savedAt: 1, server: 's' },
    'a tool without a name': { savedAt: 1, listing: { tools: [{ inputSchema: { type: 'object' } }] } },
    'a tool without a schema': { savedAt: 1, listing: { tools: [{ name: 'x' }] } },
    'a list that is none': { savedAt: 1, listing: { tools: { length: 1 } } },
    'a description that is no text': {
      savedAt: 1,
      listing: { tools: [{ name: 'x', description: {}, inputSchema: { type: 'object' } }] },
    },
    'a resource without a URI': { savedAt: 1, listing: { resources: [{ name: 'x' }] } },
    'a prompt with odd arguments': { savedAt: 1, listing: { prompts: [{ name: 'x', arguments: [1] }] } },
    'server info that is none': { savedAt: 1, serverInfo: 'x', listing: {} },
    'capabilities that are none': { savedAt: 1, capabilities: { tools: true }, listing: {} },
    'instructions that are none': { savedAt: 1, instructions: 7, listing: {} },
  };
  it.each(Object.entries(BAD_ENTRIES))('one entry with %s: that server is started', async (_, entry) => {
    const path = newPath();
    const server = local({ tools: tools('echo') });
    const servers = { s: { server, lazy: true } };
    await learn({ servers, catalogCache: fileCatalogCache(path) });
    const [key = ''] = await keysIn(path);
    const file = {
      format: 'mcp-plenum/catalog',
      version: 1,
      servers: { [key]: entry, bad: entry, [keyOf(1)]: 7 },
    };
    writeFileSync(path, JSON.stringify(file));
    const group = newGroup({ catalogCache: fileCatalogCache(path) });
    const log = new EventLog(group);
    await group.add('s', servers.s);
    expect([...group.tools.keys()]).toEqual(['s__echo']);
    expect((await log.until('problem')).server).toBe('s');
    await group.close();
    expect(await keysIn(path), 'what is no entry is gone').toEqual([key]);
  });

  it('an entry that is nested too deeply neither harms nor stays', async () => {
    const path = newPath();
    writeFileSync(
      path,
      `{"format":"mcp-plenum/catalog","version":1,"servers":{"${keyOf(1)}":{"savedAt":1,"listing":${NESTED}}}}`,
    );
    const cache = fileCatalogCache(path);
    await cache.write(keyOf(2), catalog(2));
    expect(await keysIn(path)).toEqual([keyOf(2)]);
  });

  it('a name from the file goes through naming and filters as a live one', async () => {
    const path = newPath();
    const server = local({ tools: tools('echo') });
    await learn({ servers: { s: { server, lazy: true } }, catalogCache: fileCatalogCache(path) });
    const text = readFileSync(path, 'utf8').replaceAll('"echo"', JSON.stringify('delete all; \u202e x'));
    writeFileSync(path, text);
    const catalogCache = fileCatalogCache(path);
    const open = await connectGroup({ servers: { s: { server, lazy: true } }, catalogCache });
    for (const name of open.tools.keys()) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    const strict = await connectGroup({
      servers: { s: { server, lazy: true, deny: ['delete*'] } },
      catalogCache,
    });
    expect([open.tools.size, strict.tools.size, server.connections]).toEqual([1, 0, 1]);
  });

  it('holds no secret of a spec', async () => {
    const path = newPath();
    const server = local({ tools: tools('echo') });
    const spec = { server, lazy: true, clientInfo: { name: 'hush-hush', version: '1' } };
    await learn({ servers: { s: spec }, catalogCache: fileCatalogCache(path) });
    expect(readFileSync(path, 'utf8')).not.toContain('hush-hush');
  });
});

describe("a cache of the caller's own", () => {
  it('that throws or rejects is reported, and costs no more', async () => {
    const fail = () => {
      throw new Error('no disk');
    };
    for (const catalogCache of [
      { read: fail, write: fail },
      { read: async () => fail(), write: async () => fail(), flush: async () => fail() },
      { read: () => 'nonsense' as never, write: () => {} },
    ]) {
      const group = newGroup({ catalogCache });
      const log = new EventLog(group);
      await group.add('s', { server: local({ tools: tools('echo') }), lazy: true });
      await group.callTool('s__echo');
      await log.until('problem');
      await bounded('close', group.close());
      expect(
        log.of('problem').every(({ server, error }) => server === 's' && error.code === 'CONFIG_INVALID'),
      ).toBe(true);
    }
  });

  it('that never answers holds nobody up for ever', async () => {
    const never = () => new Promise<never>(() => {});
    const others = local({ tools: tools('echo') });
    const group = newGroup({ catalogCache: { read: never, write: never, flush: never } });
    const adding = group.add('s', { server: local({ tools: tools('echo') }), lazy: true });
    await bounded('another', group.add('o', { server: others }));
    await bounded('the lazy one', adding);
    expect([...group.tools.keys()]).toEqual(['o__echo', 's__echo']);
    await bounded('close', group.close());
  });

  it.each([[{}], ['file.json'], [{ read: () => new Map() }]])('%o is CONFIG_INVALID', (catalogCache) => {
    expect(thrownBy(() => newGroup({ catalogCache: catalogCache as never })).code).toBe('CONFIG_INVALID');
  });

  it('in memory, keeps so many', async () => {
    const cache = memoryCatalogCache({ maxEntries: 2 });
    for (const nr of [1, 2, 1, 3]) await cache.write(keyOf(nr), catalog(nr));
    expect([...(await cache.read([1, 2, 3].map(keyOf))).keys()]).toEqual([keyOf(1), keyOf(3)]);
  });
});
