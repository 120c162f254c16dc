import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConsentFile, type Consent } from '../../../src/config/consent/consent-file.ts';
import { newFolder } from '../../support/folders.ts';

function consent(path: string, digest = 'd'): Consent {
  return { path, digest, agreedAt: '2026-01-01T00:00:00.000Z', parts: [] };
}

function record(): ConsentFile {
  return new ConsentFile(join(newFolder(), 'share', 'plenum', 'trust.json'));
}

describe('the file of consents', () => {
  it('keeps what was agreed to, one consent for each path, until it is revoked', async () => {
    const file = record();
    expect(await file.all()).toEqual([]);
    await file.add(consent('/a', '1'));
    await file.add(consent('/b', '2'));
    await file.add(consent('/a', '3'));
    expect(await file.get('/a')).toEqual(consent('/a', '3'));
    expect((await file.all()).map(({ path }) => path)).toEqual(['/b', '/a']);
    expect(await file.remove('/b')).toBe(true);
    expect(await file.remove('/b')).toBe(false);
    expect(await file.get('/b')).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')(
    'is for its owner alone, and leaves nothing beside it',
    async () => {
      const file = record();
      await file.add(consent('/a'));
      expect(statSync(file.path).mode & 0o777).toBe(0o600);
      expect(statSync(join(file.path, '..')).mode & 0o777).toBe(0o700);
      expect(readdirSync(join(file.path, '..'))).toEqual(['trust.json']);
    },
  );

  it('loses nothing when many write at once', async () => {
    const { path } = record();
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
    await Promise.all(paths.map((each) => new ConsentFile(path).add(consent(each))));
    expect((await new ConsentFile(path).all()).map((each) => each.path).toSorted()).toEqual(paths.toSorted());
  });

  it('forgets the oldest of more than a thousand', async () => {
    const file = record();
    await file.add(consent('/first'));
    const all = Array.from({ length: 1_000 }, (_, index) => consent(`/${index}`));
    writeFileSync(file.path, JSON.stringify({ format: 'mcp-plenum/trust', version: 1, consents: all }));
    await file.add(consent('/last'));
    const paths = (await file.all()).map(({ path }) => path);
    expect([paths.length, paths[0], paths.at(-1)]).toEqual([1_000, '/1', '/last']);
  });
});

describe('a file of consents that is refused', () => {
  const good = { format: 'mcp-plenum/trust', version: 1, consents: [] };
  it.each([
    ['cut off', '{"format":"mcp-plenum/trust","ver', 'is damaged: it is not JSON'],
    ['empty', '', 'is damaged: it is not JSON'],
    ['something else', '{"format":"mcp-plenum/tokens","version":1}', 'is not a file of consents'],
    ['a list', '[]', 'is not a file of consents'],
    ['of another version', JSON.stringify({ ...good, version: 2 }), 'is of another version than 1'],
    ['without consents', JSON.stringify({ ...good, consents: null }), 'holds something else than consents'],
    ['with half a consent', JSON.stringify({ ...good, consents: [{ path: '/a' }] }), 'holds something else'],
    [
      'with parts that are none',
      JSON.stringify({ ...good, consents: [{ ...consent('/a'), parts: [1] }] }),
      'holds something',
    ],
  ])('%s', async (_, text, message) => {
    const file = record();
    mkdirSync(join(file.path, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(file.path, text, { mode: 0o600 });
    const expected = { code: 'CONFIG_INVALID', message: expect.stringContaining(message) };
    await expect(file.get('/a')).rejects.toMatchObject(expected);
    await expect(file.add(consent('/a'))).rejects.toMatchObject(expected);
    await expect(file.remove('/a')).rejects.toMatchObject(expected);
    expect(readFileSync(file.path, 'utf8')).toBe(text);
  });

  it.skipIf(process.platform === 'win32')('one that others can write, or in a folder of theirs', async () => {
    const file = record();
    await file.add(consent('/a'));
    chmodSync(file.path, 0o620);
    await expect(file.all()).rejects.toThrow('can be written by other users');
    chmodSync(file.path, 0o600);
    chmodSync(join(file.path, '..'), 0o777);
    await expect(file.all()).rejects.toThrow('is in a folder that other users can write to');
  });

  it.skipIf(process.platform === 'win32')('a link, even to a good one', async () => {
    const good = record();
    await good.add(consent('/a'));
    const folder = newFolder();
    symlinkSync(good.path, join(folder, 'trust.json'));
    await expect(new ConsentFile(join(folder, 'trust.json')).all()).rejects.toThrow('is a link');
  });

  it('a folder', async () => {
    const file = record();
    mkdirSync(file.path, { recursive: true, mode: 0o700 });
    await expect(file.all()).rejects.toThrow(/is not a file|cannot be read/);
  });

  it.runIf(process.getuid?.() === 0)('one of another user (seen as root)', async () => {
    const file = record();
    await file.add(consent('/a'));
    chownSync(file.path, 12_345, 12_345);
    await expect(file.all()).rejects.toThrow('belongs to another user');
  });
});

describe('a file of consents in the project itself', () => {
  it('is noticed, also by way of a link and before it is there', async () => {
    const folder = newFolder();
    const project = join(folder, 'project');
    mkdirSync(join(project, 'data'), { recursive: true });
    symlinkSync(join(project, 'data'), join(folder, 'link'), 'junction');
    const inside = async (path: string): Promise<boolean> => new ConsentFile(path).isInside(project);
    expect(await inside(join(project, 'share', 'trust.json'))).toBe(true);
    expect(await inside(join(folder, 'link', 'plenum', 'trust.json'))).toBe(true);
    expect(await inside(join(folder, 'elsewhere', 'trust.json'))).toBe(false);
    expect(await inside(join(folder, 'project-data', 'trust.json'))).toBe(false);
  });
});
