import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';
import { environment, MAIN, plenum, plenumJson } from '../support/run-cli.ts';

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};

describe('plenum keys', () => {
  it('a key is shown once, listed without it, and removed', async () => {
    const file = join(newFolder(), 'keys.json');
    const where = ['--key-file', file];
    const added = await plenum([
      'keys',
      'add',
      'ci',
      '--scope',
      'read',
      '--scope',
      'write',
      '--expires',
      '90d',
      ...where,
    ]);
    expect(added).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('only time') });
    expect(added.stdout).toMatch(/^plenum_[0-9a-f]{16}_[\w-]{43}\n$/);
    const secret = added.stdout.trim().slice(-43);
    expect(readFileSync(file, 'utf8')).not.toContain(secret);
    const again = await plenum(['keys', 'add', 'ci', ...where]);
    expect(again).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('"ci" already') });
    const listed = await plenumJson(['keys', 'list', ...where]);
    expect(listed).toMatchObject([{ name: 'ci', scopes: ['read', 'write'], expiresAt: expect.any(String) }]);
    const table = await plenum(['keys', 'list', ...where]);
    expect(table.stdout).toContain('read write');
    for (const text of [JSON.stringify(listed), table.stdout]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain('sha256');
    }
    const unknown = await plenum(['keys', 'remove', 'cj', ...where]);
    expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Did you mean "ci"?') });
    expect(await plenum(['keys', 'remove', 'ci', ...where])).toMatchObject({ exitCode: 0 });
    expect(await plenumJson(['keys', 'list', ...where])).toEqual([]);
  });

  it('the file is that of the configuration, else the user’s own', async () => {
    const cwd = newFolder();
    writeFileSync(
      join(cwd, 'plenum.json'),
      JSON.stringify({ mcpServers: {}, gateway: { auth: { keys: 'k.json' } } }),
    );
    expect(await plenumJson(['keys', 'add', 'a', '--config', 'plenum.json'], { cwd })).toMatchObject({
      file: join(cwd, 'k.json'),
    });
    const data = newFolder();
    expect(await plenumJson(['keys', 'add', 'a'], { env: { XDG_DATA_HOME: data } })).toMatchObject({
      file: join(data, 'plenum', 'keys.json'),
    });
  });

  it.each([
    ['add'],
    ['add', ''],
    ['add', 'a/b'],
    ['add', 'a', '--expires', 'soon'],
    ['add', 'a', '--expires', '2001-01-01'],
    ['add', 'a', '--scope', 'a b'],
    ['remove'],
    ['list', 'x'],
  ])('wrong usage is said: keys %s %s', async (...words) => {
    const file = join(newFolder(), 'keys.json');
    const outcome = await plenum(['keys', ...words, '--key-file', file]);
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).not.toBe('');
  });

  it('ten processes that write one file lose nothing', async () => {
    const file = join(newFolder(), 'keys.json');
    const names = Array.from({ length: 10 }, (_, at) => `key ${at}`);
    const outcomes = await Promise.all(
      names.map((name) => plenum(['keys', 'add', name, '--key-file', file])),
    );
    expect(new Set(outcomes.map(({ exitCode }) => exitCode))).toEqual(new Set([0]));
    const listed = (await plenumJson(['keys', 'list', '--key-file', file])) as { name: string }[];
    expect(listed.map(({ name }) => name).toSorted()).toEqual(names);
  });

  it('plenum serve --key-file lets in whoever has one, and takes up changes', async () => {
    const folder = newFolder();
    const file = join(folder, 'keys.json');
    const config = join(folder, 'plenum.json');
    writeFileSync(config, JSON.stringify({ mcpServers: { a: { command: '/nowhere/none' } } }));
    const missing = await plenum(['serve', '--port', '0', '--config', config, '--key-file', file]);
    expect(missing).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('plenum keys add') });
    const { stdout: key } = await plenum(['keys', 'add', 'ci', '--key-file', file]);
    const args = ['serve', '--port', '0', '--config', config, '--key-file', file];
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: environment() });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const url = await eventually(
      () => `it listens; so far: ${stderr}`,
      () => /^listening on (\S+)$/m.exec(stderr)?.[1],
    );
    const status = async (headers: Record<string, string>): Promise<number> => {
      const all = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      };
      const response = await fetch(url, { method: 'POST', headers: all, body: JSON.stringify(INITIALIZE) });
      await response.text();
      return response.status;
    };
    const mine = { authorization: `Bearer ${key.trim()}` };
    expect([await status({}), await status(mine)]).toEqual([401, 200]);
    await plenum(['keys', 'remove', 'ci', '--key-file', file]);
    await expect.poll(() => status(mine), { timeout: 30_000 }).toBe(401);
    const exit = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    expect(await exit).not.toBeUndefined();
  });
});
