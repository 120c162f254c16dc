import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveHttp, stdioSpec, TcpProxy } from '../../../src/testing/index.ts';
import { configFile, inline, plenum } from '../support/run-cli.ts';

interface Diagnosis {
  server: string;
  ok: boolean;
  findings: { level: string; code: string; message: string; advice: string }[];
}

async function examine(server: object): Promise<Diagnosis & { exitCode: number | null }> {
  const config = configFile({ patient: server });
  const { exitCode, stdout } = await plenum(['doctor', '--json', '--timeout', '4s', '-c', config]);
  const [diagnosis] = JSON.parse(stdout) as Diagnosis[];
  if (diagnosis === undefined) throw new Error('There is no diagnosis.');
  return { ...diagnosis, exitCode };
}

const node = (code: string) => ({ command: process.execPath, args: ['-e', code] });

/** A web server that is no MCP server. */
async function web(status: number, type: string, body: string): Promise<{ url: string }> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

describe('plenum doctor', () => {
  it('has nothing to say of a server that is well', async () => {
    const { ok, findings, exitCode } = await examine(stdioSpec());
    expect({ ok, findings, exitCode }).toEqual({ ok: true, findings: [], exitCode: 0 });
  });

  it.each([
    [
      'a command that is not there',
      { command: 'no-such-command-here' },
      'command-not-found',
      'Install no-such',
    ],
    ['a file that is no program', { command: import.meta.filename }, 'not-executable', 'executable'],
    [
      'a folder that is not there',
      { ...node(''), cwd: '/no/such/folder' },
      'wrong-folder',
      '/no/such/folder',
    ],
    [
      'a script that is not there',
      { command: process.execPath, args: ['/no/such.js'] },
      'wrong-path',
      '/no/such.js',
    ],
    [
      'a relative script',
      { command: process.execPath, args: ['build/server.js'] },
      'wrong-path',
      'build/server.js',
    ],
    [
      'one that wants a variable',
      stdioSpec({ faults: { exitAtStart: { code: 1, stderr: 'API_KEY is missing\n' } } }),
      'exits',
      '"env"',
    ],
    ['one that ends without a word', node('process.exit(3)'), 'exits', 'in a terminal'],
    [
      'a program that chats',
      node('console.log("Welcome!"); setInterval(() => {}, 1e3)'),
      'not-an-mcp-server',
      'not MCP',
    ],
    ['a program that chats and ends', node('console.log("usage: x")'), 'not-an-mcp-server', 'not MCP'],
    ['an echo', { command: 'cat' }, 'not-an-mcp-server', 'Check the command'],
    [
      'a command with its arguments',
      { command: '/no/such/npx -y x' },
      'command-not-found',
      '"args": ["-y","x"]',
    ],
    ['a home folder', { command: '~/bin/x' }, 'command-not-found', '"~" is not expanded'],
    ['one that says nothing', node('setInterval(() => {}, 1e3)'), 'hangs', '--timeout'],
    [
      'one of the other era',
      { ...stdioSpec({ era: 'modern' }), protocol: 'legacy' },
      'other-era',
      '"protocol"',
    ],
    [
      'one of the older era',
      { ...stdioSpec({ era: 'legacy' }), protocol: '2026-07-28' },
      'other-era',
      '"protocol"',
    ],
  ])('says what is wrong: %s', async (_, server, code, advice) => {
    const { ok, findings, exitCode } = await examine(server);
    expect({ ok, exitCode, findings }).toEqual({
      ok: false,
      exitCode: 3,
      findings: [
        { level: 'error', code, message: expect.any(String), advice: expect.stringContaining(advice) },
      ],
    });
  });

  it('shows the end of what a server wrote to standard error', async () => {
    const { stdout } = await plenum([
      'doctor',
      ...inline(stdioSpec({ faults: { exitAtStart: { stderr: 'out of ink\n' } } })),
    ]);
    expect(stdout).toContain('out of ink');
  });

  it.each([
    ['a web page', 200, 'text/html', '<html>Hello</html>', 'not-an-mcp-server'],
    ['other JSON', 200, 'application/json', '{"hello":"world"}', 'not-an-mcp-server'],
    ['a path where nothing is', 404, 'text/plain', 'Not found', 'wrong-path'],
    ['a server with a fault', 500, 'text/plain', 'Oops', 'failed'],
  ])('says what is wrong: %s', async (_, status, type, body, code) => {
    const { findings, exitCode } = await examine(await web(status, type, body));
    expect(exitCode).toBe(3);
    expect(findings).toMatchObject([{ level: 'error', code }]);
  });

  it('says that credentials are missing, by exit code 4 as well', async () => {
    await using server = await serveHttp({}, { token: 't' });
    const { findings, exitCode } = await examine({ url: server.url });
    expect(exitCode).toBe(4);
    expect(findings).toMatchObject([{ code: 'needs-auth', advice: expect.stringContaining('credentials') }]);
  });

  it('says that nobody listens, and that nobody answers', async () => {
    await using server = await serveHttp({});
    await using proxy = await TcpProxy.listen({ target: server.url });
    proxy.stall();
    expect((await examine({ url: proxy.url })).findings).toMatchObject([{ code: 'hangs' }]);
    await proxy.refuse();
    expect((await examine({ url: proxy.url })).findings).toMatchObject([{ code: 'unreachable' }]);
  });

  it('warns of what a server that is there does wrong', async () => {
    const noisy = await examine(stdioSpec({ faults: { garbage: { at: 'start', lines: ['Starting…'] } } }));
    expect(noisy).toMatchObject({
      ok: true,
      exitCode: 0,
      findings: [{ level: 'warning', code: 'noisy-stdout' }],
    });
    const poor = await examine(stdioSpec({ tools: [{ name: 't' }], failLists: ['tools'] }));
    expect(poor).toMatchObject({
      ok: false,
      exitCode: 1,
      findings: [{ level: 'error', code: 'list-failed' }],
    });
  });

  it('examines all servers side by side, and reports each in words', async () => {
    const config = configFile({
      good: stdioSpec({ name: 'fine' }),
      silent: node('setInterval(() => {}, 1e3)'),
      bad: { command: 'no-such-command-here' },
    });
    const { exitCode, stdout } = await plenum(['doctor', '--timeout', '3s', '-c', config]);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/✓ good\n {2}ready in \d+ ms, modern era 2026-07-28, fine 1\.0\.0: 0 tools/);
    expect(stdout).toContain('✗ silent\n  error hangs:');
    expect(stdout).toContain('✗ bad\n  error command-not-found:');
  });

  it('finds names that collide, as other commands do', async () => {
    const servers = { a: stdioSpec({ tools: [{ name: 't' }] }), b: stdioSpec({ tools: [{ name: 't' }] }) };
    const config = configFile(servers, { plenum: { naming: 'bare' } });
    const { exitCode, stdout } = await plenum(['doctor', '--json', '-c', config]);
    expect(JSON.parse(stdout)).toMatchObject([
      { server: 'a', ok: true, findings: [] },
      { server: 'b', ok: false, findings: [{ level: 'error', code: 'name-collision' }] },
    ]);
    expect((await plenum(['servers', '-c', config])).exitCode).toBe(exitCode);
    const prefixed = await plenum(['doctor', '-c', configFile(servers)]);
    expect(prefixed).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('name-collision') });
  });

  it('says what looks wrong in the configuration', async () => {
    const { stderr } = await plenum(['doctor', '-c', configFile({ good: { ...stdioSpec(), timeoutMS: 5 } })]);
    expect(stderr).toContain('"timeoutMs"');
  });
});
