import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { McpServer, type Server } from '@modelcontextprotocol/server';
import { describe, expect, it, vi } from 'vitest';
import type { InProcessServer } from '../../../src/server-spec.ts';
import { localFailure } from '../../../src/transport/fail-request.ts';
import { InProcessTransport } from '../../../src/transport/in-process/in-process-transport.ts';
import { recordingContext } from '../support/context.ts';
import { text } from '../support/mcp-stub.ts';
import { connectClient, failureOf } from '../support/official-client.ts';
import { makeOlderServer, makeServer } from '../support/official-servers.ts';

const call = { name: 'echo', arguments: { word: 'hello' } };
const echoed = { content: [{ type: 'text', text: '{"word":"hello"}' }] };

function open(server: InProcessServer): InProcessTransport {
  return new InProcessTransport({ server }, recordingContext());
}

function serverWith(answer: (args: Record<string, unknown> | undefined) => unknown): Server {
  const server = makeServer();
  server.fallbackRequestHandler = async (request) => answer(request.params) as Record<string, unknown>;
  return server;
}

describe('T8 a server in this process', () => {
  it.each([
    { title: 'of today', make: makeServer },
    { title: 'of 2025', make: makeOlderServer },
  ])('a call to a server $title', async ({ make }) => {
    for (const mode of ['auto', 'legacy'] as const) {
      const { client } = await connectClient(open(make()), mode);
      expect(await client.callTool(call)).toMatchObject(echoed);
      await client.close();
    }
  });

  it('is closed at the end, and can serve again', async () => {
    const server = makeServer();
    for (let count = 0; count < 3; count++) {
      const transport = open(server);
      const { client, closes } = await connectClient(transport);
      expect(await client.callTool(call)).toMatchObject(echoed);
      await client.close();
      await Promise.all([transport.close(), transport.destroy()]);
      expect(closes()).toBe(1);
      expect(transport.end).toBeUndefined();
      expect(server.transport).toBeUndefined();
    }
  });

  it('that closes ends the connection', async () => {
    const server = makeServer();
    const transport = open(server);
    const { client, closed, closes } = await connectClient(transport);
    const hanging = failureOf(client.callTool({ name: 'hang' }));
    await server.close();
    await closed;
    await hanging;
    expect(closes()).toBe(1);
    expect(transport.end).toEqual({ what: 'closed the connection' });
  });

  it.each([
    { title: 'Server', make: makeServer },
    { title: 'McpServer', make: () => new McpServer({ name: 'current', version: '1.0.0' }) },
    { title: 'Server of 2025', make: makeOlderServer },
  ])('that serves another client, a $title, is left to it', async ({ make }) => {
    const server = make();
    const { client, closes } = await connectClient(open(server));
    const failure = await failureOf(open(server).start());
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', server: 'tested' });
    expect(failure.message).toContain('connected to another client already');
    await client.ping();
    expect(closes()).toBe(0);
  });

  it('that cannot be connected says why', async () => {
    const close = vi.fn(async () => {});
    const broken = { connect: () => Promise.reject(new Error('no database')), close };
    expect(await failureOf(open(broken).start())).toMatchObject({
      code: 'CONNECT_FAILED',
      message: 'Connecting to server "tested" in this process: no database',
    });
    expect(close).not.toHaveBeenCalled();
  });

  it('that hangs while connecting does not hold up a destroy', async () => {
    const transport = open({ connect: () => new Promise(() => {}), close: () => new Promise(() => {}) });
    const starting = failureOf(transport.start());
    await transport.destroy();
    expect(await starting).toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('that hangs while closing does not hold up a close for long', async () => {
    const server = makeServer();
    const stuck = { connect: server.connect.bind(server), close: () => new Promise<void>(() => {}) };
    const transport = open(stuck);
    const { closes } = await connectClient(transport);
    await transport.close();
    expect(closes()).toBe(1);
  });
});

describe('T8 messages between client and server', () => {
  it('are copies: what one side changes later is its own affair', async () => {
    let received: Record<string, unknown> | undefined;
    const kept = { list: ['original'] };
    const server = serverWith((params) => {
      received = params;
      return { kept };
    });
    const transport = open(server);
    const answers: unknown[] = [];
    transport.onmessage = (message) => answers.push(message);
    await transport.start();
    const sent = { words: ['original'] };
    await transport.send({ jsonrpc: '2.0', id: 1, method: 'custom/keep', params: sent });
    sent.words.push('changed');
    await expect.poll(() => answers).toHaveLength(1);
    kept.list.push('changed');
    expect(received).toEqual({ words: ['original'] });
    expect(answers).toMatchObject([{ result: { kept: { list: ['original'] } } }]);
    await transport.close();
  });

  it('C7 hold what JSON holds, in both directions', async () => {
    class Point {
      readonly x = 1;
      get y(): number {
        return 2;
      }
    }
    const odd = {
      date: new Date(0),
      map: new Map([[1, 2]]),
      set: new Set([1]),
      missing: undefined,
      callback: () => {},
      symbol: Symbol('s'),
      nan: NaN,
      infinite: -Infinity,
      zero: -0,
      list: [undefined, () => {}, Symbol('s'), NaN, Object.assign([], { 1: 1 }), 1],
      point: new Point(),
      own: { toJSON: () => 'its own' },
      bytes: new Uint8Array([1, 2]),
      buffer: Buffer.from('a'),
      url: new URL('https://example.org/'),
      pattern: /a/,
      error: new Error('secret'),
      boxed: Object('text') as unknown,
      bare: Object.assign(Object.create(null), { a: 1 }) as unknown,
      [Symbol('key')]: 1,
    };
    const wire = JSON.parse(JSON.stringify(odd)) as unknown;
    let received: unknown;
    const server = serverWith((params) => {
      received = params;
      return { odd };
    });
    const transport = open(server);
    const answers: JSONRPCMessage[] = [];
    transport.onmessage = (message) => answers.push(message);
    await transport.start();
    await transport.send({ jsonrpc: '2.0', id: 1, method: 'custom/odd', params: { odd } });
    await expect.poll(() => answers).toHaveLength(1);
    expect(received).toStrictEqual({ odd: wire });
    expect(answers).toMatchObject([{ result: { odd: wire } }]);
    await transport.close();
  });

  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const unwritable: [title: string, value: unknown][] = [
    ['a bigint', 1n],
    ['a circle', circle],
    ['a toJSON that throws', { toJSON: () => expect.fail('no') }],
    [
      'a getter that throws',
      {
        get a() {
          return expect.fail('no');
        },
      },
    ],
  ];

  it.each(unwritable)('C7 with an argument that JSON cannot hold are not sent: %s', async (_, value) => {
    const { client } = await connectClient(open(makeServer()));
    const failure = await failureOf(client.callTool({ name: 'echo', arguments: { value } }));
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENTS' });
    expect(await client.callTool(call)).toMatchObject(echoed);
    await client.close();
  });

  it.each(unwritable)(
    'C7 with a result that JSON cannot hold fail their call, and the server hears of it: %s',
    async (_, value) => {
      const server = serverWith(() => ({ ...text('fine'), value }));
      const heard: Error[] = [];
      server.onerror = (error) => heard.push(error);
      const transport = open(server);
      const answers: JSONRPCMessage[] = [];
      transport.onmessage = (message) => answers.push(message);
      await transport.start();
      await transport.send({ jsonrpc: '2.0', id: 1, method: 'custom/keep' });
      await expect.poll(() => heard).toHaveLength(1);
      expect(answers).toMatchObject([{ id: 1, error: {} }]);
      const reasons = answers.map((answer) => 'error' in answer && localFailure(answer.error.data));
      expect(reasons).toMatchObject([{ code: 'INVALID_RESULT' }]);
      await transport.close();
    },
  );

  it('reach a handler whose exception is no concern of the server', async () => {
    const server = makeServer();
    const heard: Error[] = [];
    server.onerror = (error) => heard.push(error);
    const transport = open(server);
    const errors: Error[] = [];
    transport.onmessage = () => {
      throw new Error('handler failed');
    };
    transport.onerror = (error) => errors.push(error);
    await transport.start();
    await transport.send({ jsonrpc: '2.0', id: 1, method: 'ping' });
    await expect.poll(() => errors).toMatchObject([{ message: 'handler failed' }]);
    expect(heard).toEqual([]);
    await transport.close();
  });
});
