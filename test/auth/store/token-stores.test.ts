import { chmod, mkdir, readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fileTokenStore, memoryTokenStore, type TokenStore } from '../../../src/auth/index.ts';
import { failureOf } from '../../support/failures.ts';
import { newFolder } from '../../support/folders.ts';

const stores: [string, () => Promise<TokenStore>][] = [
  ['in memory', async () => memoryTokenStore()],
  ['in a file', async () => fileTokenStore(join(newFolder(), 'tokens.json'))],
];

describe.each(stores)('A4 a store %s', (_, make) => {
  it('keeps entries until they are deleted', async () => {
    const store = await make();
    expect(await store.get('a')).toBeUndefined();
    await store.set('a', { one: 1 });
    await store.set('b', { two: 2 });
    await store.set('a', { one: 'one' });
    expect([await store.get('a'), await store.get('b')]).toEqual([{ one: 'one' }, { two: 2 }]);
    await store.delete('a');
    expect([await store.get('a'), await store.get('b')]).toEqual([undefined, { two: 2 }]);
  });

  it('loses nothing that is written at the same time', async () => {
    const store = await make();
    const keys = Array.from({ length: 20 }, (_each, index) => `key ${index}`);
    await Promise.all(keys.map((key) => store.set(key, { key })));
    expect(await Promise.all(keys.map((key) => store.get(key)))).toEqual(keys.map((key) => ({ key })));
  });

  it('lets one work at a time under one key, and others under theirs', async () => {
    const store = await make();
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await sleep(5);
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, async () => store.lock?.('a', work)));
    expect(most).toBe(1);
    const nested = await store.lock?.('a', async () => store.lock?.('b', async () => 'both'));
    expect(nested).toBe('both');
  });

  it('goes on after work that failed', async () => {
    const store = await make();
    const failed = store.lock?.('a', () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    expect(await store.lock?.('a', async () => 'yes')).toBe('yes');
  });
});

describe('A4 a token file', () => {
  it('is for its owner alone, as is a folder that is made for it', async () => {
    const path = join(newFolder(), 'deep', 'tokens.json');
    await fileTokenStore(path).set('a', { b: 1 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  });

  it('leaves nothing beside it', async () => {
    const at = newFolder();
    const store = fileTokenStore(join(at, 'tokens.json'));
    await store.lock?.('a', () => store.set('a', { b: 1 }));
    expect(await readdir(at)).toEqual(['tokens.json']);
  });

  it('that was open to others is refused', async () => {
    const path = join(newFolder(), 'tokens.json');
    await fileTokenStore(path).set('a', { b: 1 });
    await chmod(path, 0o644);
    const error = await failureOf(fileTokenStore(path).get('a'));
    expect([error.code, error.message]).toEqual(['CONFIG_INVALID', expect.stringContaining('chmod 600')]);
  });

  it.each([
    ['that is not JSON', '{"secret": hunter2'],
    ['of somebody else', '{"secret":"hunter2"}'],
    ['of a version to come', '{"format":"mcp-plenum/tokens","version":2,"entries":{}}'],
  ])('%s is refused, and stays as it is', async (_, content) => {
    const path = join(newFolder(), 'tokens.json');
    await writeFile(path, content, { mode: 0o600 });
    const error = await failureOf(fileTokenStore(path).set('a', { b: 1 }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).not.toContain('hunter2');
    expect(await readFile(path, 'utf8')).toBe(content);
  });

  it('that cannot be a file', async () => {
    const path = join(newFolder(), 'tokens.json');
    await mkdir(path);
    expect((await failureOf(fileTokenStore(path).get('a'))).code).toBe('CONFIG_INVALID');
    expect(() => fileTokenStore('')).toThrow('"path"');
  });

  it('whose lock was left by a process that was killed is used all the same', async () => {
    const path = join(newFolder(), 'tokens.json');
    await mkdir(`${path}.lock`);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    await fileTokenStore(path).set('a', { b: 1 });
    expect(await fileTokenStore(path).get('a')).toEqual({ b: 1 });
  });
});

describe('A4 an encrypted token file', () => {
  const key = Buffer.alloc(32, 7);

  it('shows nothing of what it holds, and is read with its key alone', async () => {
    const path = join(newFolder(), 'tokens.json');
    await fileTokenStore(path, { key }).set('issuer canary', { access_token: 'canary' });
    expect(await readFile(path, 'utf8')).not.toContain('canary');
    const same = fileTokenStore(path, { key: key.toString('base64') });
    expect(await same.get('issuer canary')).toEqual({ access_token: 'canary' });
    for (const other of [{}, { key: Buffer.alloc(32, 8) }]) {
      const error = await failureOf(fileTokenStore(path, other).get('issuer canary'));
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    }
  });

  it('is refused when any byte of it was changed, or when it was never encrypted', async () => {
    const path = join(newFolder(), 'tokens.json');
    const store = fileTokenStore(path, { key });
    await store.set('a', { b: 1 });
    const file = JSON.parse(await readFile(path, 'utf8')) as { sealed: string };
    const bytes = Buffer.from(file.sealed, 'base64');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(path, JSON.stringify({ ...file, sealed: changed.toString('base64') }), { mode: 0o600 });
      expect(await failureOf(store.get('a'))).toMatchObject({ code: 'CONFIG_INVALID' });
    }
    await writeFile(path, JSON.stringify({ ...file, sealed: '' }), { mode: 0o600 });
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'CONFIG_INVALID' });
    const plain = { format: 'mcp-plenum/tokens', version: 1, entries: { a: { b: 2 } } };
    await writeFile(path, JSON.stringify(plain), { mode: 0o600 });
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each([
    ['31 bytes', Buffer.alloc(31)],
    ['no base64 of 32 bytes', 'secret'],
    ['nothing', ''],
  ])('takes no key of %s', async (_, bad) => {
    expect(() => fileTokenStore('tokens.json', { key: bad })).toThrow(/32 bytes/);
  });
});
