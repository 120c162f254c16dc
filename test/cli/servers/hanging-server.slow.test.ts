import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { configFile, inline, plenum } from '../support/run-cli.ts';

const shell = (script: string) => ({ command: 'sh', args: ['-c', script] });
const silent = shell('exec sleep 100');
const docs = stdioSpec({
  resources: [{ uri: 'docs://notes', text: 'Notes' }],
  resourceTemplates: [{ uriTemplate: 'docs://page/{nr}' }],
  prompts: [{ name: 'sum', arguments: [{ name: 'length' }] }],
  completions: [
    { ref: 'sum', argument: 'length', values: ['short'] },
    { ref: 'docs://page/{nr}', argument: 'nr', values: ['1'] },
  ],
});

describe('plenum beside a server that hangs', () => {
  // The server that hangs may take a minute to come: far longer than the command is given here.
  it.each([
    ['read', ['docs://notes'], 'Notes\n'],
    ['describe', ['docs://notes'], 'docs://notes'],
    ['complete', ['docs://page/{nr}', 'nr'], '1\n'],
    ['complete', ['docs__sum', 'length'], 'short\n'],
  ])('%s %s does not wait for it', async (command, words, output) => {
    const config = configFile({ docs, silent }, { plenum: { connectTimeoutMs: 70_000 } });
    const { exitCode, stdout, stderr } = await plenum([command, ...words, '-c', config]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: words.includes('docs__sum') ? '' : 'Not waited for: silent\n',
    });
    expect(stdout).toContain(output);
  });

  it('read prints no warning beside twelve of them', async () => {
    const hanging = Array.from({ length: 12 }, (_, index) => `silent${index}`);
    const config = configFile({ docs, ...Object.fromEntries(hanging.map((name) => [name, silent])) });
    const { exitCode, stdout, stderr } = await plenum(['read', 'docs://notes', '-c', config]);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: 'Notes\n',
      stderr: `Not waited for: ${hanging.join(', ')}\n`,
    });
  });

  it('what nobody has is awaited, and the server that hangs is the reason', async () => {
    const config = configFile({ docs, silent });
    const { exitCode, stderr } = await plenum(['read', 'other://x', '--timeout', '3s', '-c', config]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('Connecting to server "silent"');
    expect(stderr).toContain('--timeout');
  });

  it.each([['servers'], ['doctor']])('%s shows what it wrote', async (command) => {
    const talking = shell('echo waiting for the database >&2; printf "password: "; exec sleep 100');
    const { exitCode, stdout, stderr } = await plenum([command, '--timeout', '2s', ...inline(talking)]);
    expect(exitCode).toBe(3);
    expect(stdout + stderr).toContain('waiting for the database');
    expect(stdout + stderr).toContain('password:');
    expect(stdout + stderr).not.toContain('says nothing');
  });
});
