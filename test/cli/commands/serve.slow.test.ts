import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readLedger, serveHttp, stdioSpec } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';
import { configFile, environment, inline, MAIN, marked, plenum } from '../support/run-cli.ts';

const hanging = { name: 'hang', does: { type: 'hang' as const } };
const named = (name: string) => stdioSpec({ tools: [{ name }] });
const BROKEN = { command: '/nowhere/no-such-program' };
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};

interface Serving {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Waits for the line that says where it listens. */
  url(): Promise<string>;
  shows(text: string): Promise<void>;
  send(...messages: object[]): void;
  /** The answer to the request of this id, over standard output. */
  answer(id: number): Promise<Record<string, unknown>>;
  readonly exitCode: Promise<unknown>;
}

function serve(args: readonly string[], env: Record<string, string> = {}): Serving {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args], {
    cwd: newFolder(),
    env: environment(env),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  onTestFinished(() => void child.kill('SIGKILL'));
  const messages = (): Record<string, unknown>[] =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    url: () =>
      eventually(
        () => `it listens; so far: ${stderr}`,
        () => /^listening on (\S+)$/m.exec(stderr)?.[1],
      ),
    shows: async (text) => {
      await eventually(
        () => `"${text}" is shown; so far: ${stderr}`,
        () => stderr.includes(text),
      );
    },
    send: (...each) => void child.stdin.write(each.map((one) => `${JSON.stringify(one)}\n`).join('')),
    answer: (id) =>
      eventually(
        () => `request ${id} is answered; so far: ${stdout}`,
        () => messages().find((message) => message['id'] === id),
      ),
    exitCode: once(child, 'close').then(([code]) => code as unknown),
  };
}

async function connected(url: string, changed: () => void = () => {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  client.setNotificationHandler('notifications/tools/list_changed', changed);
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  onTestFinished(() => client.close());
  return client;
}

async function toolsOf(client: Client): Promise<string[]> {
  const { tools } = await client.listTools();
  return tools.map(({ name }) => name).toSorted();
}

describe('plenum serve over HTTP', () => {
  it('says in one line where it listens, and a server that fails costs the others nothing', async () => {
    const serving = serve(['--port', '0', '-c', configFile({ good: named('a'), broken: BROKEN })]);
    const url = await serving.url();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
    expect(serving.stderr().match(/listening on/g)).toHaveLength(1);
    await serving.shows('[broken] ');
    const client = await connected(url);
    expect(await toolsOf(client)).toEqual(['good__a']);
    expect(JSON.stringify(await client.callTool({ name: 'good__a', arguments: { x: 'there' } }))).toContain(
      'there',
    );
    expect(serving.stdout()).toBe('');
    serving.child.kill('SIGINT');
    expect(await serving.exitCode).toBe(130);
  });

  it('a change of the file adds, changes and removes servers, and a client is told', async () => {
    const path = configFile({ one: named('a') });
    const serving = serve(['--port', '0', '-c', path]);
    let changes = 0;
    const client = await connected(await serving.url(), () => changes++);
    expect(await toolsOf(client)).toEqual(['one__a']);
    const becomes = async (servers: object, tools: string[]): Promise<void> => {
      const before = changes;
      writeFileSync(path, JSON.stringify({ mcpServers: servers }));
      await eventually('the client is told', () => changes > before);
      await expect.poll(() => toolsOf(client), { timeout: 30_000 }).toEqual(tools);
    };
    await becomes({ one: named('a'), two: named('b') }, ['one__a', 'two__b']);
    await becomes({ one: named('a'), two: named('c') }, ['one__a', 'two__c']);
    await becomes({ two: named('c') }, ['two__c']);
    writeFileSync(path, '{ broken');
    await serving.shows(`${path}:1:`);
    expect(await toolsOf(client)).toEqual(['two__c']);
    writeFileSync(
      path,
      JSON.stringify({ mcpServers: { two: named('c') }, gateway: { hosts: ['a.example'] } }),
    );
    await serving.shows('The settings of the gateway have changed.');
    expect(serving.stderr()).not.toContain('needs a restart');
    writeFileSync(
      path,
      JSON.stringify({
        mcpServers: { two: named('c') },
        gateway: { hosts: ['a.example'], listen: { port: 1 } },
      }),
    );
    await serving.shows('"gateway.listen" has changed: that needs a restart.');
    expect(JSON.stringify(await client.callTool({ name: 'two__c', arguments: { x: 'there' } }))).toContain(
      'there',
    );
  });

  it('the file says where and how, and the command line wins', async () => {
    const gateway = {
      listen: { port: 0, path: '/tools' },
      hosts: ['tools.example.com'],
      origins: ['https://app.example.com'],
      limits: { pageSize: 1 },
    };
    const server = stdioSpec({ tools: [{ name: 'a' }, { name: 'b' }] });
    const path = configFile({ one: { ...server, isolation: 'shared' } }, { gateway });
    const url = await serve(['-c', path]).url();
    expect(url).toMatch(/:\d+\/tools$/);
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example.com' } });
    expect(preflight.status).toBe(204);
    const foreign = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://evil.example.com' } });
    expect(foreign.status).toBe(403);
    const client = await connected(url);
    expect(await toolsOf(client)).toEqual(['one__a', 'one__b']);
    expect((await client.request({ method: 'tools/list' })).tools).toHaveLength(1);
    expect(await serve(['-c', path, '--path', '/other']).url()).toMatch(/:\d+\/other$/);
  });

  it('serves the servers that are chosen, and one on the command line under its own names', async () => {
    const path = configFile({ git1: named('a'), git2: named('b'), other: named('c') });
    const chosen = [['--server', 'git*'], ['-s', 'git1', '-s', 'git2'], ['git*']];
    for (const words of chosen) {
      const client = await connected(await serve(['--port', '0', '-c', path, ...words]).url());
      expect(await toolsOf(client)).toEqual(['git1__a', 'git2__b']);
    }
    const byCommand = await connected(await serve(['--port', '0', ...inline(named('own'))]).url());
    expect(await toolsOf(byCommand)).toEqual(['own']);
    await using remote = await serveHttp({ tools: [{ name: 'far' }] });
    const byUrl = await connected(await serve([remote.url, '--port', '0']).url());
    expect(await toolsOf(byUrl)).toEqual(['far']);
  });

  it('--json prints the URL', async () => {
    const serving = serve(['--json', '--port', '0', '-c', configFile({ one: named('a') })]);
    const url = await serving.url();
    await eventually('it is printed', () => serving.stdout().includes('\n'));
    expect(JSON.parse(serving.stdout())).toEqual({ url });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('%s lets a call finish, then leaves nothing', async (signal) => {
    const { env, expectNothingLeft } = marked();
    const ledger = `${newFolder()}/ledger`;
    const server = stdioSpec({
      ledgerFile: ledger,
      tools: [{ name: 'slow', does: { type: 'slow', ms: 1_500 } }],
    });
    const serving = serve(['--port', '0', '-c', configFile({ one: server, broken: BROKEN })], env);
    const client = await connected(await serving.url());
    const call = client.callTool({ name: 'one__slow', arguments: {} });
    await eventually('it is called', () => readLedger(ledger).some(({ event }) => event !== 'start'));
    serving.child.kill(signal);
    expect((await call).isError).not.toBe(true);
    expect(await serving.exitCode).toBe(signal === 'SIGINT' ? 130 : 143);
    await expectNothingLeft();
  });

  it('a second signal ends it at once, and leaves no process', async () => {
    const { env, expectNothingLeft } = marked();
    const ledger = `${newFolder()}/ledger`;
    const server = stdioSpec({ ledgerFile: ledger, tools: [hanging], faults: { ignoreTermination: true } });
    const serving = serve(['--port', '0', '-c', configFile({ one: server })], env);
    const client = await connected(await serving.url());
    const call = client.callTool({ name: 'one__hang', arguments: {} }).catch(() => 'gone');
    await eventually('it is called', () => readLedger(ledger).some(({ event }) => event !== 'start'));
    serving.child.kill('SIGTERM');
    // It takes no further session while it drains.
    await eventually('it drains', async () => (await fetch(await readyz(serving))).status === 503);
    serving.child.kill('SIGTERM');
    expect(await serving.exitCode).toBe(143);
    await client.close();
    expect(await call).toBe('gone');
    await expectNothingLeft();
  });

  it('a port that is taken is a clear error, and nothing is left', async () => {
    const { env, expectNothingLeft } = marked();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const port = String((taken.address() as AddressInfo).port);
    const path = configFile({ one: named('a') });
    const outcome = await plenum(['serve', '--port', port, '-c', path], { env });
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).toContain(`port ${port} of "127.0.0.1" failed: another program listens there.`);
    await expectNothingLeft();
  });

  it.each([
    [['--port', '65536'], '"65536" is not a port'],
    [['--port', 'http'], '"http" is not a port'],
    [['--port', '-1'], 'is not a port'],
    [['--port', '1.5'], '"1.5" is not a port'],
    [['--path', 'mcp'], '"path" must be a path that begins with "/"'],
    [['--path', '/a b'], '"path" must be a path that begins with "/"'],
    [['--host', '0.0.0.0'], 'listens on loopback addresses only'],
    [['--host', '192.0.2.1'], 'listens on loopback addresses only'],
    [['--stdio', '--port', '0'], '--stdio goes without --port, --host and --path.'],
    [['--stdio', '--path', '/mcp'], '--stdio goes without --port, --host and --path.'],
    [['--stdio', '--host', 'localhost'], '--stdio goes without --port, --host and --path.'],
    [['--server', 'nobody'], '"nobody" matches no server of'],
    [['--key-file', 'x'], 'The key file'],
    [['--cluster', 'redis://x'], '--cluster needs "secrets" under "gateway.cluster"'],
  ])('%j is refused', async (words, text) => {
    const outcome = await plenum(['serve', '-c', configFile({ one: named('a') }), ...words]);
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).toContain(text);
  });
});

async function readyz(serving: Serving): Promise<URL> {
  return new URL('/readyz', await serving.url());
}

describe('plenum serve --stdio', () => {
  it('writes nothing but the protocol, and ends with 0 when its client has closed its end', async () => {
    const { env, expectNothingLeft } = marked();
    const chatty = stdioSpec({ tools: [{ name: 'a' }], faults: { stderr: 'hello\n' } });
    const path = configFile(
      { one: chatty, broken: BROKEN },
      { gateway: { listen: { port: 1 } }, unknownKey: 1 },
    );
    const serving = serve(['--stdio', '-v', '-c', path], env);
    serving.send(INITIALIZE);
    expect(await serving.answer(1)).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
    serving.send(
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 2, method: 'tools/list' },
    );
    expect(await serving.answer(2)).toMatchObject({ result: { tools: [{ name: 'one__a' }] } });
    const params = { name: 'one__a', arguments: { x: 'there' } };
    serving.send({ jsonrpc: '2.0', id: 3, method: 'tools/call', params });
    expect(JSON.stringify(await serving.answer(3))).toContain('there');
    await serving.shows('[broken] ');
    serving.child.stdin?.end();
    expect(await serving.exitCode).toBe(0);
    for (const line of serving.stdout().trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
    await expectNothingLeft();
  });

  it('a change of the file reaches its client', async () => {
    const path = configFile({ one: named('a') });
    const serving = serve(['--stdio', '-c', path]);
    serving.send(INITIALIZE);
    await serving.answer(1);
    serving.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    writeFileSync(path, JSON.stringify({ mcpServers: { one: named('a'), two: named('b') } }));
    await eventually('it is told', () => serving.stdout().includes('notifications/tools/list_changed'));
    serving.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
    expect(JSON.stringify(await serving.answer(2))).toContain('two__b');
  });

  it('ends when its client goes in the middle of a call', async () => {
    const { env, expectNothingLeft } = marked();
    const ledger = `${newFolder()}/ledger`;
    const serving = serve(
      ['--stdio', '-c', configFile({ one: stdioSpec({ ledgerFile: ledger, tools: [hanging] }) })],
      env,
    );
    serving.send(INITIALIZE);
    await serving.answer(1);
    const params = { name: 'one__hang', arguments: {} };
    serving.send(
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params },
    );
    await eventually('it is called', () => readLedger(ledger).some(({ event }) => event !== 'start'));
    serving.child.stdin?.end();
    expect(await serving.exitCode).toBe(0);
    await expectNothingLeft();
  });

  it('SIGTERM lets a call finish', async () => {
    const { env, expectNothingLeft } = marked();
    const ledger = `${newFolder()}/ledger`;
    const server = stdioSpec({
      ledgerFile: ledger,
      tools: [{ name: 'slow', does: { type: 'slow', ms: 1_500 } }],
    });
    const serving = serve(['--stdio', '-c', configFile({ one: server })], env);
    serving.send(INITIALIZE);
    await serving.answer(1);
    const params = { name: 'one__slow', arguments: {} };
    serving.send(
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params },
    );
    await eventually('it is called', () => readLedger(ledger).some(({ event }) => event !== 'start'));
    serving.child.kill('SIGTERM');
    expect(await serving.answer(2)).toHaveProperty('result');
    expect(await serving.exitCode).toBe(143);
    await expectNothingLeft();
  });
});
