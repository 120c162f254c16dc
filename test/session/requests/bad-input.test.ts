import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, PlenumError } from '../../../src/index.ts';
import { inProcess, serveHttp, stdioSpec } from '../../../src/testing/index.ts';
import { serve, unusedOrigin } from '../../support/loopback.ts';
import { open, openFailure } from '../support/open.ts';
import { failureOf } from '../../support/failures.ts';

/** Calls `openSession` as a program without types would. */
function openUntyped(target: unknown, options?: unknown): Promise<unknown> {
  return Reflect.apply(openSession, undefined, [target, options]) as Promise<unknown>;
}

describe('bad input: specs', () => {
  const command = process.execPath;
  it.each([
    { title: 'nothing', spec: undefined },
    { title: 'null', spec: null },
    { title: 'a number', spec: 5 },
    { title: 'an empty object', spec: {} },
    { title: 'a list', spec: [command] },
    { title: 'a command and a URL', spec: { command, url: 'http://127.0.0.1/' } },
    { title: 'an empty command', spec: { command: '' } },
    { title: 'a command that is no text', spec: { command: 5 } },
    { title: 'args that are no list', spec: { command, args: '-v' } },
    { title: 'an argument that is no text', spec: { command, args: [5] } },
    { title: 'a variable that is no text', spec: { command, env: { A: 5 } } },
    { title: 'a cwd that is no text', spec: { command, cwd: 5 } },
    { title: 'an encoding that nobody can write', spec: { command, encoding: 'shift_jis' } },
    { title: 'encodingErrors of another kind', spec: { command, encodingErrors: 'maybe' } },
    { title: 'a stderr of another kind', spec: { command, stderr: 'somewhere' } },
    { title: 'an empty text for a URL', spec: '' },
    { title: 'a text that is no URL', spec: 'not a url' },
    { title: 'a URL that is none', spec: { url: 'http://' } },
    { title: 'a URL of another scheme', spec: 'ftp://127.0.0.1/' },
    { title: 'a URL for another transport', spec: { url: 'http://127.0.0.1/', type: 'websocket' } },
    { title: 'a type that nobody knows', spec: { url: 'http://127.0.0.1/', type: 'carrier-pigeon' } },
    { title: 'headers that are no text', spec: { url: 'http://127.0.0.1/', headers: { a: 5 } } },
    { title: 'a server that is none', spec: { server: {} } },
    { title: 'a transport that is no function', spec: { transport: {} } },
    { title: 'a negative limit', spec: { command, maxMessageBytes: -1 } },
    { title: 'a grace that is no number', spec: { command, closeGraceMs: 'long' } },
  ])('$title is CONFIG_INVALID', async ({ spec }) => {
    const error = await failureOf(openUntyped(spec));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message.length).toBeGreaterThan(20);
  });
});

describe('bad input: options', () => {
  it.each([
    { title: 'timeoutMs', options: { timeoutMs: -1 } },
    { title: 'timeoutMs', options: { timeoutMs: Number.NaN } },
    { title: 'connectTimeoutMs', options: { connectTimeoutMs: '5s' } },
    { title: 'protocol', options: { protocol: '2024-11-06' } },
    { title: '2025-11-25', options: { protocol: '2026-07-29' } },
    { title: 'timeoutMs', options: { timeoutMs: 0 } },
    { title: 'attempts', options: { reconnect: { retries: 3 } } },
    { title: 'timeoutMs', options: { timeout: 5 } },
    { title: 'signal', options: { signal: new AbortController() } },
    { title: 'name', options: { name: '' } },
    { title: 'onRoots', options: { onRoots: [] } },
    { title: 'reconnect', options: { reconnect: 'always' } },
    { title: 'reconnect.attempts', options: { reconnect: { attempts: 0 } } },
    { title: 'health', options: { health: 1 } },
    { title: 'health.failures', options: { health: { failures: 0.5 } } },
    { title: 'maxPages', options: { maxPages: 0 } },
    { title: 'maxInputRounds', options: { maxInputRounds: -1 } },
    { title: 'maxWaitingCalls', options: { maxWaitingCalls: -1 } },
    { title: 'onElicitation', options: { capabilities: { elicitation: {} } } },
    { title: 'clientInfo', options: { clientInfo: 'me' } },
  ])('$title: $options', async ({ title, options }) => {
    await using server = inProcess();
    const error = await failureOf(openUntyped(server, options));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(title.split('.').at(-1));
    expect(server.connections).toBe(0);
  });

  it('those in the spec are checked as well, and those given beside it win', async () => {
    await using server = inProcess();
    expect((await failureOf(openUntyped({ server, timeoutMs: -1 }))).code).toBe('CONFIG_INVALID');
    const { session } = await open({ server, protocol: 'legacy' }, { protocol: '2026-07-28' });
    expect(session.era).toBe('modern');
  });
});

describe('bad input: calls', () => {
  it('options of a call that are wrong fail that call only', async () => {
    await using server = inProcess({ tools: [{ name: 'echo' }] });
    const { session } = await open(server);
    for (const options of [{ timeoutMs: -1 }, { timeoutMs: Number.NaN }, { maxTotalTimeoutMs: -5 }]) {
      const error = await failureOf(session.callTool('echo', {}, options));
      expect(['CONFIG_INVALID', 'INVALID_ARGUMENTS']).toContain(error.code);
    }
    await session.callTool('echo');
  });

  it.each([
    { over: 'stdio', target: stdioSpec({ tools: [{ name: 'echo' }] }) },
    { over: 'HTTP', target: undefined },
  ])('arguments that cannot be sent are INVALID_ARGUMENTS, over $over', async ({ target }) => {
    await using server = await serveHttp({ tools: [{ name: 'echo' }] });
    const { session, seen } = await open(target ?? server.url);
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const args of [circular, { big: 1n }]) {
      expect((await failureOf(session.callTool('echo', args))).code).toBe('INVALID_ARGUMENTS');
    }
    await expect(session.callTool('echo', { a: 1 })).resolves.toBeDefined();
    expect(session.status.state).toBe('ready');
    expect(seen('status')).toEqual([]);
  });
});

describe('bad input: nobody there', () => {
  it('a command that does not exist', async () => {
    const error = await openFailure({ command: 'no-such-program-anywhere', args: ['--flag'] });
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    expect(error.message).toContain('no-such-program-anywhere');
  });

  it('a command that is no program', async () => {
    const error = await openFailure({ command: tmpdir() });
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain(tmpdir());
  });

  it('a folder that does not exist', async () => {
    const error = await openFailure({ command: process.execPath, cwd: '/no/such/folder' });
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('/no/such/folder');
  });

  it.each([{ type: 'http' }, { type: 'sse' }, { type: 'websocket' }, { type: undefined }] as const)(
    'a port that nobody listens on, type $type',
    async ({ type }) => {
      const url = new URL(await unusedOrigin());
      if (type === 'websocket') url.protocol = 'ws:';
      const error = await openFailure({ url, ...(type !== undefined && { type }) });
      expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
      expect(error.message).toContain('ECONNREFUSED');
      expect(error.message).toContain(url.port);
    },
  );
});

describe('bad input: somebody else there', () => {
  it.each([
    { title: 'a web page', status: 200, body: '<html>Hello</html>', type: 'text/html' },
    { title: 'JSON of another kind', status: 200, body: '{"hello":"world"}', type: 'application/json' },
    { title: 'JSON that is none', status: 200, body: '{"hello', type: 'application/json' },
    { title: 'nothing', status: 200, body: '', type: 'application/json' },
    { title: 'not found', status: 404, body: 'nothing here', type: 'text/plain' },
    { title: 'a broken server', status: 500, body: 'oops', type: 'text/plain' },
  ])('an HTTP server that answers with $title', async ({ status, body, type }) => {
    const server = await serve((_request, response) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    });
    const error = await openFailure(server.url, { connectTimeoutMs: 5_000 });
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    if (status >= 400) expect(error.message).toContain(String(status));
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('an HTTP server that wants credentials is AUTH_REQUIRED', async () => {
    await using server = await serveHttp({}, { token: 'sesame' });
    const error = await openFailure(server.url);
    expect(error).toMatchObject({ code: 'AUTH_REQUIRED', server: 'tested' });
    const { session } = await open({ url: server.url, headers: { authorization: 'Bearer sesame' } });
    expect(session.status.state).toBe('ready');
  });

  it('a server that takes the connection and says nothing', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => server.closeAllConnections());
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const error = await openFailure(url, { connectTimeoutMs: 300 });
    expect(error).toMatchObject({ code: 'TIMEOUT', server: 'tested' });
  });

  it('a program that prints a greeting and exits', async () => {
    const error = await openFailure({
      command: process.execPath,
      args: ['-e', 'console.log("Hello, world")'],
    });
    expect(error).toBeInstanceOf(PlenumError);
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    expect(error.message).toContain('code 0');
  });

  it('a program that prints for ever and never answers', async () => {
    const args = ['-e', 'setInterval(() => console.log("tick"), 5)'];
    const error = await openFailure({ command: process.execPath, args }, { connectTimeoutMs: 500 });
    expect(error).toMatchObject({ code: 'TIMEOUT', server: 'tested' });
  });
});

describe('C3 arguments that are no plain data', () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const BUILT_IN: [string, object][] = [
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set(['a'])],
    ['a Promise', Promise.resolve({ a: 1 })],
    ['a Date', new Date(0)],
    ['a URLSearchParams', new URLSearchParams('a=1')],
    ['a FormData', new FormData()],
    ['a Headers', new Headers()],
    ['an Uint8Array', new Uint8Array(2)],
    ['a Function', () => ({ a: 1 })],
    ['an array', [1]],
  ];

  it.each(BUILT_IN)('%s would be sent without what it holds: it is refused', async (what, args) => {
    await using server = inProcess({ tools: [{ name: 't' }] });
    const { session } = await open(server);
    const error = await failureOf(session.callTool('t', args as Record<string, unknown>));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS', maybeExecuted: false });
    expect(error.message.toLowerCase()).toContain(`must be an object, not ${what.toLowerCase()}`);
    expect(server.requests.filter(({ method }) => method === 'tools/call')).toEqual([]);
  });

  class Point {
    readonly x = 1;
    toString(): string {
      return 'point';
    }
  }
  it.each([
    ['an instance of a class', new Point(), { x: 1 }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { x: 1 }), { x: 1 }],
    ['an object with inherited members', Object.create({ x: 1 }) as object, {}],
  ])('%s is sent with its own members', async (_, args, sent) => {
    await using server = inProcess({ tools: [{ name: 't' }] });
    const { session } = await open(server);
    await session.callTool('t', args as Record<string, unknown>);
    const [call] = server.requests.filter(({ method }) => method === 'tools/call');
    expect(call?.params?.['arguments']).toEqual(sent);
  });

  const UNREADABLE: [string, () => Record<string, unknown>][] = [
    ['a getter', () => Object.defineProperty({}, 'x', { get: boom, enumerable: true })],
    ['a getter inside', () => ({ in: Object.defineProperty({}, 'x', { get: boom, enumerable: true }) })],
    ['a toJSON', () => ({ x: { toJSON: boom } })],
    ['a proxy whose members cannot be read', () => new Proxy({ a: 1 }, { get: boom })],
    ['a proxy whose names cannot be read', () => new Proxy({}, { ownKeys: boom })],
    ['a bigint', () => ({ a: 1n })],
  ];
  const ERAS = ['legacy', '2026-07-28'] as const;
  const CASES = ERAS.flatMap((protocol) => UNREADABLE.map(([what, make]) => ({ protocol, what, make })));

  it.each(CASES)(
    '$what that fails is told as such, and nothing ran ($protocol)',
    async ({ protocol, make }) => {
      await using server = inProcess({ tools: [{ name: 't' }], prompts: [{ name: 'p' }] });
      const { session } = await open(server, { protocol });
      const calls = [
        () => session.callTool('t', make()),
        () => session.callTool('t', make(), { onProgress: () => {} }),
        () => session.callTool('t', {}, { meta: make() }),
        () => session.getPrompt('p', make() as never),
        () => session.request({ method: 'tools/call', params: { name: 't', arguments: make() } }),
        () => session.request({ method: 'tools/call', params: make() }),
        () => session.notify({ method: 'notifications/x', params: make() }),
      ];
      for (const call of calls)
        expect(await failureOf(call())).toMatchObject({ code: 'INVALID_ARGUMENTS', maybeExecuted: false });
      expect(server.requests.filter(({ method }) => method.startsWith('tools/call'))).toEqual([]);
      await session.ping();
    },
  );
});
