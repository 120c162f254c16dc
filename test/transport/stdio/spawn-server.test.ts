import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { PlenumError } from '../../../src/errors/plenum-error.ts';
import type { StdioServerSpec } from '../../../src/server-spec.ts';
import { leakCheck, Probes } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'plenum-spawn-'));
afterAll(() => rmSync(folder, { recursive: true }));

const probes = new Probes();
afterEach(() => probes.end());

/** Starts what cannot be started; returns the error after checking that it is all there is. */
async function failure(spec: StdioServerSpec): Promise<PlenumError> {
  const noLeaks = leakCheck();
  const probe = probes.create({ ...spec, args: ['--token=hidden'], env: { KEY: 'hidden', ...spec.env } });
  const error: unknown = await probe.transport.start().catch((error: unknown) => error);
  if (!(error instanceof PlenumError)) throw new Error('Started, or failed in another way', { cause: error });
  expect(probe.transport.pid).toBeUndefined();
  await expect(probe.send('ping').sent).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  await probe.transport.close();
  expect(probe.closes).toEqual([]);
  expect(probe.errors).toEqual([]);
  await noLeaks();
  expect(inspect(error, { depth: 10 })).not.toContain('hidden');
  expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'probed' });
  return error;
}

describe('T3 stdio spawn failure', () => {
  it('of a command that is not on PATH says so', async () => {
    const { message } = await failure({ command: 'no-such-program', env: { PATH: folder } });
    expect(message).toContain('server "probed"');
    expect(message).toContain('"no-such-program" in the current folder failed (ENOENT)');
    expect(message).toContain('no such command on the PATH');
  });

  it('of a command that is not on PATH says so too when PATH holds a file', async () => {
    const { message } = await failure({ command: 'no-such-program', env: { PATH: process.execPath } });
    expect(message).toContain('no such command on the PATH');
  });

  it('of a path that leads nowhere says so', async () => {
    const { message } = await failure({ command: join(folder, 'missing'), cwd: folder });
    expect(message).toContain(`in the folder "${folder}"`);
    expect(message).toContain('There is no such file');
  });

  it('of a folder that does not exist says so, and does not blame the command', async () => {
    const cwd = join(folder, 'missing');
    const { message } = await failure({ command: process.execPath, cwd });
    expect(message).toContain(`"${cwd}"`);
    expect(message).toContain('The "cwd" of its spec does not exist');
    expect(message).not.toContain('no such command');
  });

  it('of a folder that is a file says so', async () => {
    const cwd = join(folder, 'file');
    writeFileSync(cwd, '');
    expect((await failure({ command: process.execPath, cwd })).message).toContain('is not a folder');
  });

  it.each(['npx -y some-server', 'no-such-program  --flag', 'npx\t-y'])(
    'says where arguments belong when the command is a whole command line: %s',
    async (command) => {
      const { code, message } = await failure({ command });
      expect(code).toBe('CONNECT_FAILED');
      expect(message).toContain('what follows it belongs into "args"');
    },
  );

  it('takes a path with a space for a path', async () => {
    const { message } = await failure({ command: '/no such folder/server' });
    expect(message).toContain('There is no such file');
  });

  it('of a file that may not be run says so', async () => {
    const command = join(folder, 'not-a-program');
    writeFileSync(command, '#!/bin/sh\n');
    chmodSync(command, 0o644);
    expect((await failure({ command })).message).toContain('check that it is a program');
  });

  it('of a folder in place of a program says so', async () => {
    const command = join(folder, 'folder');
    mkdirSync(command);
    expect((await failure({ command })).message).toContain('check that it is a program');
  });

  it('of a variable that cannot be passed does not tell its value', async () => {
    const error = await failure({ command: process.execPath, env: { KEY: 'hidden\0' } });
    expect(error.message).toContain('NUL');
  });

  it('of too much to pass says so', async () => {
    const error = await failure({ command: process.execPath, env: { BIG: 'x'.repeat(8_000_000) } });
    expect(error.message).toContain('too long');
  });

  it('of a cwd that is no file URL is an error of the spec', async () => {
    const probe = probes.create({ command: process.execPath, cwd: new URL('https://example.com/') });
    await expect(probe.transport.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('has a code for programs in its cause', async () => {
    expect((await failure({ command: join(folder, 'missing') })).cause).toMatchObject({ code: 'ENOENT' });
  });
});
