import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { assert, constantFrom, nat, pre, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApiKey, type ApiKeyRecord } from '../../../src/gateway/index.ts';
import { changeKeyFile, readKeyFile } from '../../../src/gateway/identity/key-file.ts';
import { KeyRing } from '../../../src/gateway/identity/key-ring.ts';
import { newFolder } from '../../support/folders.ts';

const quiet = { onChanged: () => {}, onProblem: () => {} };
const ringOf = (...records: ApiKeyRecord[]) => KeyRing.open(records, quiet);

/** Writes a key file by hand. */
function written(content: unknown, mode = 0o600): string {
  const path = join(newFolder(), 'keys.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode });
  chmodSync(path, mode);
  return path;
}
const fileOf = (...keys: unknown[]) => ({ format: 'mcp-plenum/keys', version: 1, keys });

describe('an API key', () => {
  it('is random, and its record does not contain it', () => {
    const made = Array.from({ length: 50 }, () => createApiKey('ci'));
    expect(new Set(made.map(({ key }) => key)).size).toBe(50);
    expect(new Set(made.map(({ record }) => record.id)).size).toBe(50);
    for (const { key, record } of made) {
      expect(key).toMatch(/^plenum_[0-9a-f]{16}_[\w-]{43}$/);
      expect(JSON.stringify(record)).not.toContain(key.slice(24));
    }
  });

  it('is found by the whole of it, and by nothing that differs', async () => {
    const { key, record } = createApiKey('ci', { scopes: ['read'] });
    const ring = await ringOf(record, createApiKey('other').record);
    expect(ring.find(key)).toEqual({ principal: `key:${record.id}`, key: 'ci', scopes: ['read'] });
    assert(
      property(nat(key.length - 1), constantFrom('a', 'Z', '0', '_', '-', ' ', 'é'), (at, char) => {
        const changed = key.slice(0, at) + char + key.slice(at + 1);
        pre(changed !== key);
        expect(ring.find(changed)).toBeUndefined();
      }),
    );
    for (const other of [
      '',
      key.slice(0, -1),
      `${key}x`,
      key.toUpperCase(),
      `plenum_${record.id}_`,
      record.hash,
    ])
      expect(ring.find(other)).toBeUndefined();
  });

  it('of another gateway with the same name is another', async () => {
    const ring = await ringOf(createApiKey('ci').record);
    expect(ring.find(createApiKey('ci').key)).toBeUndefined();
  });

  it('is nothing any more when it has expired', async () => {
    const over = createApiKey('a', { expiresAt: Date.now() - 1 });
    const still = createApiKey('b', { expiresAt: Date.now() + 100_000 });
    const ring = await ringOf(over.record, still.record);
    expect(ring.find(over.key)).toBeUndefined();
    expect(ring.find(still.key)).toMatchObject({ key: 'b', expiresAt: expect.any(Number) });
  });

  it.each(['', ' a', 'a\n', 'a\u202e', 'x'.repeat(65), '-a', '__proto__/..', 'a\0'])(
    'has no name such as %j',
    (name) => {
      expect(() => createApiKey(name)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );

  it.each([
    { scopes: ['a b'] },
    { scopes: [''] },
    { scopes: ['"'] },
    { scopes: 'read' },
    { expiresAt: Number.NaN },
    { expiresAt: Infinity },
    { expires: 1 },
  ])('is not made with %j', (options) => {
    expect(() => createApiKey('a', JSON.parse(JSON.stringify(options)) as never)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('a key file', () => {
  it('is its owner’s alone, and holds what was written', async () => {
    const path = join(newFolder(), 'deep', 'keys.json');
    const { record } = createApiKey('ci', { scopes: ['a'], expiresAt: Date.now() + 1_000 });
    await changeKeyFile(path, () => [record]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await readKeyFile(path)).toEqual([record]);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('that is missing is told apart from an empty one', async () => {
    expect(await readKeyFile(join(newFolder(), 'keys.json'))).toBeUndefined();
    expect(await readKeyFile(written(fileOf()))).toEqual([]);
    await expect(KeyRing.open(join(newFolder(), 'keys.json'), quiet)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('plenum keys add'),
    });
  });

  it('a change that fails changes nothing', async () => {
    const { record } = createApiKey('ci');
    const path = written(fileOf(record));
    const failing = changeKeyFile(path, () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await readKeyFile(path)).toEqual([record]);
    await changeKeyFile(path, (records) => records);
  });

  const { record } = createApiKey('ci');
  const other = createApiKey('other').record;
  const bad: [string, unknown, string][] = [
    ['no JSON', '{', 'is not JSON'],
    ['cut off', JSON.stringify(fileOf(record)).slice(0, -5), 'is not JSON'],
    ['empty', '', 'is not JSON'],
    ['with a merge conflict', `<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n`, 'has a merge conflict'],
    ['a list', [], 'is not a key file'],
    ['a token file', { format: 'mcp-plenum/tokens', version: 1, entries: {} }, 'is not a key file'],
    ['of another version', { ...fileOf(), version: 2 }, 'is of another version'],
    ['keys that are no list', { ...fileOf(), keys: {} }, 'is not a key file'],
    ['a key that is none', fileOf('secret-canary'), 'is wrong in key 1'],
    ['a key that is null', fileOf(null), 'is wrong in key 1'],
    ['a hash that is cut off', fileOf({ ...record, hash: record.hash.slice(0, -1) }), 'is wrong in key 1'],
    ['a hash that is a key', fileOf({ ...record, hash: 'plenum_secret-canary' }), 'is wrong in key 1'],
    ['a field that is not known', fileOf(other, { ...record, expires: '2020-01-01' }), 'is wrong in key 2'],
    ['a time that is none', fileOf({ ...record, expiresAt: 'tomorrow' }), 'is wrong in key 1'],
    ['a scope with a space', fileOf({ ...record, scopes: ['a b'] }), 'is wrong in key 1'],
    ['one id twice', fileOf(record, { ...other, id: record.id }), `has the id "${record.id}" twice`],
    ['one name twice', fileOf(record, { ...other, name: 'ci' }), 'has the name "ci" twice'],
    ['too large', `"${'x'.repeat(17_000_000)}"`, 'is larger than'],
  ];
  it.each(bad)('is refused: %s', async (_, content, why) => {
    const path = written(content);
    const before = readFileSync(path, 'utf8');
    const ways = [
      () => readKeyFile(path),
      () => KeyRing.open(path, quiet),
      () => changeKeyFile(path, () => []),
    ];
    for (const way of ways) {
      const refused = way();
      await expect(refused).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(why),
      });
      await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('canary') });
    }
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it.skipIf(process.platform === 'win32')('that others can read or write is refused', async () => {
    for (const mode of [0o644, 0o640, 0o604, 0o660, 0o602, 0o700 | 0o010])
      await expect(readKeyFile(written(fileOf(record), mode))).rejects.toMatchObject({
        message: expect.stringContaining('is open to other users of this machine'),
      });
  });

  it.skipIf(process.platform === 'win32')('that others could replace is refused', async () => {
    const folder = newFolder();
    const path = join(folder, 'keys.json');
    writeFileSync(path, JSON.stringify(fileOf(record)), { mode: 0o600 });
    chmodSync(folder, 0o777);
    await expect(readKeyFile(path)).rejects.toMatchObject({
      message: expect.stringContaining('in a folder where other users'),
    });
    chmodSync(folder, 0o700);
    const link = join(newFolder(), 'keys.json');
    symlinkSync(path, link);
    await expect(readKeyFile(link)).rejects.toMatchObject({ message: expect.stringContaining('is a link') });
  });

  it('a folder in its place is refused', async () => {
    const path = join(newFolder(), 'keys.json');
    mkdirSync(path);
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('loses nothing when many write it at the same time', async () => {
    const path = join(newFolder(), 'keys.json');
    const made = Array.from({ length: 20 }, (_, at) => createApiKey(`key ${at}`).record);
    await Promise.all(made.map((each) => changeKeyFile(path, (records) => [...records, each])));
    const names = (await readKeyFile(path))?.map(({ name }) => name);
    expect(names?.toSorted()).toEqual(made.map(({ name }) => name).toSorted());
  });
});

it('records that contradict each other are refused', async () => {
  const { record } = createApiKey('ci');
  await expect(ringOf(record, record)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
