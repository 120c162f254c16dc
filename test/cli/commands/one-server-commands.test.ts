import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveHttp, stdioSpec } from '../../../src/testing/index.ts';
import { configFile, inline, plenum, plenumJson } from '../support/run-cli.ts';
import { newFolder } from '../../support/folders.ts';

const picture = Buffer.from('picture').toString('base64');
const docs = stdioSpec({
  resources: [
    { uri: 'docs://notes', text: 'line\nline' },
    { uri: 'docs://picture', mimeType: 'image/png', blob: picture },
    { uri: 'docs://both', text: 'docs' },
    { uri: 'docs://odd', mimeType: 'constructor', blob: picture },
  ],
  resourceTemplates: [{ uriTemplate: 'docs://page/{nr}' }],
  prompts: [{ name: 'sum', arguments: [{ name: 'length' }, { name: 'tone' }] }],
  completions: [
    { ref: 'sum', argument: 'length', values: ['short', 'shorter', 'long'] },
    { ref: 'docs://page/{nr}', argument: 'nr', values: ['1', '10', '2'] },
  ],
});
const other = stdioSpec({ resources: [{ uri: 'docs://both', text: 'other' }] });
const broken = { command: 'no-such-command-here' };

describe('plenum read', () => {
  it('prints a text as it is', async () => {
    const { exitCode, stdout } = await plenum([
      'read',
      'docs://notes',
      '-c',
      configFile({ docs, other, broken }),
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'line\nline\n' });
  });

  it('--json is { contents }', async () => {
    expect(await plenumJson(['read', 'docs://picture', ...inline(docs)])).toEqual({
      contents: [{ uri: 'docs://picture', mimeType: 'image/png', blob: picture }],
    });
  });

  it('--out saves texts and blobs', async () => {
    const cwd = newFolder();
    const { stdout } = await plenum(['read', 'docs://picture', '--out', 'a.png', ...inline(docs)], { cwd });
    expect(stdout).toBe('');
    await plenum(['read', 'docs://notes', '--out', './', ...inline(docs)], { cwd });
    expect(readFileSync(join(cwd, 'a.png'), 'utf8')).toBe('picture');
    expect(readFileSync(join(cwd, 'notes.txt'), 'utf8')).toBe('line\nline');
    await plenum(['read', 'docs://odd', '--out', './', ...inline(docs)], { cwd });
    expect(readFileSync(join(cwd, 'odd.bin'), 'utf8')).toBe('picture');
  });

  it('a blob without --out is summed up', async () => {
    const { stdout } = await plenum(['read', 'docs://picture', ...inline(docs)]);
    expect(stdout).toBe('[resource docs://picture: image/png, 7 bytes]\n');
  });

  it('what two servers have is read from the one that --server names', async () => {
    const config = configFile({ docs, other });
    const { exitCode, stderr } = await plenum(['read', 'docs://both', '-c', config]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('several servers');
    expect((await plenum(['read', 'docs://both', '-c', config, '-s', 'other'])).stdout).toBe('other\n');
  });

  it('what nobody lists is exit code 2; when a server is missing, it may be its own: 3', async () => {
    expect((await plenum(['read', 'docs://nowhere', '-c', configFile({ docs, other })])).exitCode).toBe(2);
    const { exitCode, stderr } = await plenum(['read', 'docs://nowhere', '-c', configFile({ docs, broken })]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('"broken"');
  });

  it('a server at a URL comes first, then the URI', async () => {
    await using server = await serveHttp({
      resources: [{ uri: 'https://example.com/page', text: 'a page' }],
    });
    const { stdout } = await plenum(['read', server.url, 'https://example.com/page']);
    expect(stdout).toBe('a page\n');
  });
});

describe('plenum prompt', () => {
  it('shows who says what', async () => {
    const { stdout } = await plenum(['prompt', 'sum', 'length=short', 'tone=1', ...inline(docs)]);
    expect(stdout.startsWith('user:\n')).toBe(true);
    expect(stdout).toContain('"length": "short"');
    expect(stdout).toContain('"tone": "1"');
  });

  it('--json is the GetPromptResult', async () => {
    expect(await plenumJson(['prompt', 'docs__sum', '-c', configFile({ docs })])).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text' } }],
    });
  });

  it('an unknown one is exit code 2', async () => {
    const { exitCode, stderr } = await plenum(['prompt', 'smu', ...inline(docs)]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"sum"');
  });
});

describe('plenum complete', () => {
  it('prints what a prompt’s argument may be, one to a line', async () => {
    const { stdout } = await plenum(['complete', 'sum', 'length', 'sh', 'tone=warm', ...inline(docs)]);
    expect(stdout).toBe('short\nshorter\n');
  });

  it('without a value, all of them', async () => {
    expect((await plenum(['complete', 'docs__sum', 'length', '-c', configFile({ docs })])).stdout).toBe(
      'short\nshorter\nlong\n',
    );
    expect((await plenum(['complete', 'sum', 'length', 'tone=warm', ...inline(docs)])).stdout).toBe(
      'short\nshorter\nlong\n',
    );
  });

  it('completes templates, and --json is the CompleteResult', async () => {
    expect(await plenumJson(['complete', 'docs://page/{nr}', 'nr', '1', ...inline(docs)])).toMatchObject({
      completion: { values: ['1', '10'] },
    });
  });
});

describe('plenum ping and health', () => {
  it('ping measures, as often as it is told', async () => {
    const { exitCode, stdout } = await plenum(['ping', '--count', '2', '-c', configFile({ docs, other })]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^(docs: [\d.]+ ms\nother: [\d.]+ ms\n){2}$/);
  });

  it('ping --json says who answered, and why others did not', async () => {
    const { exitCode, stdout } = await plenum(['ping', '--json', '-c', configFile({ docs, broken })]);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toEqual({
      docs: { ok: true, latencyMs: expect.any(Number) },
      broken: { ok: false, reason: expect.stringContaining('There is no such command') },
    });
  });

  it('health --json has the documented shape', async () => {
    const { exitCode, stdout } = await plenum(['health', '--json', '-c', configFile({ docs, broken })]);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toEqual({
      docs: { healthy: true, latencyMs: expect.any(Number) },
      broken: { healthy: false, reason: expect.stringContaining('There is no such command') },
    });
  });

  it('all healthy is exit code 0; credentials that are missing are 4', async () => {
    await using server = await serveHttp({}, { token: 't' });
    expect((await plenum(['health', '-c', configFile({ docs, other })])).exitCode).toBe(0);
    expect((await plenum(['health', server.url])).exitCode).toBe(4);
  });

  it('one that answers pings with an error was reached, and is not healthy: 1', async () => {
    const sick = stdioSpec({
      era: 'legacy',
      faults: { refuse: { ping: { code: -32603, message: 'not well' } } },
    });
    const { exitCode, stdout } = await plenum(['health', ...inline(sick)]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('not well');
    expect((await plenum(['ping', ...inline(sick)])).exitCode).toBe(1);
  });
});

describe('plenum call: failures', () => {
  const failing = stdioSpec({
    tools: [
      { name: 'refuses', does: { type: 'rpcError', code: -32000, message: 'out of order' } },
      { name: 'hangs', does: { type: 'hang' } },
      { name: 'dies', does: { type: 'crash' } },
    ],
  });

  it.each([
    ['an error from the server', 'refuses', 'out of order'],
    ['a server that dies', 'dies', 'may have run'],
    ['no answer within --timeout', 'hangs', 'no answer within'],
  ])('%s is exit code 1', async (_, tool, message) => {
    const { exitCode, stdout, stderr } = await plenum(['call', tool, '--timeout', '3s', ...inline(failing)]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('a server that is not there is exit code 3', async () => {
    expect((await plenum(['call', 'x', '--', 'no-such-command-here'])).exitCode).toBe(3);
    expect((await plenum(['call', 'broken__x', '-c', configFile({ docs, broken })])).exitCode).toBe(3);
  });

  it('one that wants credentials is exit code 4', async () => {
    await using server = await serveHttp({ tools: [{ name: 'x' }] }, { token: 't' });
    const { exitCode, stderr } = await plenum(['call', server.url, 'x', '--json']);
    expect(exitCode).toBe(4);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'AUTH_REQUIRED' } });
  });

  it('URLs that have to be visited first are shown', async () => {
    const data = {
      elicitations: [
        { mode: 'url', elicitationId: '1', message: 'Log in', url: 'https://example.com/login' },
      ],
    };
    const server = stdioSpec({
      tools: [{ name: 'x', does: { type: 'rpcError', code: -32042, message: 'visit', data } }],
    });
    const { exitCode, stderr } = await plenum(['call', 'x', ...inline(server)]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('https://example.com/login');
  });
});
