import { gzipSync } from 'node:zlib';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ProtocolError, SdkHttpError } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PlenumError } from '../../../src/errors/plenum-error.ts';
import { openSession } from '../../../src/index.ts';
import type { ServerAuth, UrlServerSpec } from '../../../src/server-spec.ts';
import { StreamableHttpTransport } from '../../../src/transport/http/streamable-http-transport.ts';
import { recordingContext } from '../support/context.ts';
import { serve } from '../../support/loopback.ts';
import {
  answer,
  endWith,
  openEventStream,
  resultEvent,
  serveStub,
  text,
  type RpcMessage,
} from '../support/mcp-stub.ts';
import { connectClient, failureOf } from '../support/official-client.ts';
import { MemoryEventStore, serveStateful, serveStateless } from '../support/official-servers.ts';
import {
  chunkedStreamHead,
  eventStreamHead,
  head,
  httpChunk,
  json,
  messageIn,
  resultOf,
  serveRawMcp,
} from '../support/raw-http.ts';

const call = { name: 'echo', arguments: { word: 'hello' } };

function open(server: { url: string }, spec: Partial<UrlServerSpec> = {}) {
  const context = recordingContext();
  const transport = new StreamableHttpTransport({ url: server.url, ...spec }, context);
  return { transport, context };
}

/** POSTs of tool calls that a server has seen. */
function calls(server: { seen: readonly { body: string }[] }): number {
  return server.seen.filter(({ body }) => body.includes('"tools/call"')).length;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** A server of the 2026-07-28 era that leaves calls to the test. */
function serveModern(
  onCall: (message: RpcMessage, response: ServerResponse, request: IncomingMessage) => void,
) {
  return serve((request, response, body) => {
    if (request.method !== 'POST') return endWith(response, 405);
    const message = messageIn(body);
    if (message.id === undefined) return endWith(response, 202);
    if (message.method === 'server/discover') {
      return answer(response, message, {
        resultType: 'complete',
        ttlMs: 0,
        cacheScope: 'private',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        serverInfo: { name: 'modern', version: '1.0.0' },
      });
    }
    return onCall(message, response, request);
  });
}

const complete = (content: string) => ({ resultType: 'complete', ...text(content) });

describe('T5 every request is sent once, whatever its answer', () => {
  it.each([
    ['JSON', (m: RpcMessage) => json(resultOf(m, text('fine')))],
    [
      'JSON with a charset',
      (m: RpcMessage) =>
        json(resultOf(m, text('fine')), { 'content-type': 'APPLICATION/JSON; Charset=UTF-8' }),
    ],
    ['a batch', (m: RpcMessage) => json(`[${resultOf(m, text('fine'))}]`)],
    ['JSON after an HTTP 103', (m: RpcMessage) => head(103) + json(resultOf(m, text('fine')))],
    ['a stream', (m: RpcMessage) => `${eventStreamHead()}data: ${resultOf(m, text('fine'))}\n\n`],
    [
      'a stream with CRLF',
      (m: RpcMessage) => `${eventStreamHead()}data: ${resultOf(m, text('fine'))}\r\n\r\n`,
    ],
    [
      'a stream with a byte order mark',
      (m: RpcMessage) => `${eventStreamHead()}\uFEFFdata: ${resultOf(m, text('fine'))}\n\n`,
    ],
    [
      'a stream with an id before the answer',
      (m: RpcMessage) => `${eventStreamHead()}id: 1\ndata:\n\ndata: ${resultOf(m, text('fine'))}\n\n`,
    ],
    [
      'a stream with an id at the answer',
      (m: RpcMessage) => `${eventStreamHead()}id: 1\ndata: ${resultOf(m, text('fine'))}\n\n`,
    ],
    [
      'a stream with an id after the answer',
      (m: RpcMessage) => `${eventStreamHead()}data: ${resultOf(m, text('fine'))}\n\nid: 2\ndata:\n\n`,
    ],
  ])('%s', async (_what, respond) => {
    const server = await serveRawMcp((message, socket) => {
      const bytes = respond(message);
      if (bytes.includes('event-stream')) socket.end(bytes);
      else socket.write(bytes);
    });
    const { transport, context } = open(server);
    const { client, errors } = await connectClient(transport);
    for (let count = 0; count < 3; count++) expect(await client.callTool(call)).toMatchObject(text('fine'));
    expect(calls(server)).toBe(3);
    expect(errors).toEqual([]);
    expect(context.suspicions).toEqual([]);
  });

  it.each(['application/json', 'text/event-stream'])('%s that is coded', async (type) => {
    const server = await serveRawMcp((message, socket) => {
      const plain = resultOf(message, text('fine'));
      const bytes = gzipSync(type === 'application/json' ? plain : `data: ${plain}\n\n`);
      socket.write(
        head(200, {
          'content-type': type,
          'content-encoding': 'gzip',
          'content-length': String(bytes.length),
        }),
      );
      socket.write(bytes);
    });
    const { client } = await connectClient(open(server).transport);
    expect(await client.callTool(call)).toMatchObject(text('fine'));
    expect(calls(server)).toBe(1);
  });

  it('a coded body that swells past the limit fails its call only', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
    const server = await serveRawMcp((_message, socket) => {
      socket.write(
        head(200, {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          'content-length': String(bomb.length),
        }),
      );
      socket.write(bomb);
    });
    const { transport } = open(server, { maxMessageBytes: 1_000_000 });
    const { client } = await connectClient(transport);
    expect(await failureOf(client.callTool(call))).toMatchObject({ code: 'INVALID_RESULT' });
    await client.ping();
    expect(transport.end).toBeUndefined();
  });

  it.each([
    ['an error without a code', '{"jsonrpc":"2.0","id":ID,"error":{"message":"x"}}'],
    ['an error with an odd code', '{"jsonrpc":"2.0","id":ID,"error":{"code":"x","message":"x"}}'],
    [
      'an error that is null, beside a result',
      '{"jsonrpc":"2.0","id":ID,"error":null,"result":{"content":[]}}',
    ],
    ['a result that is a list', '{"jsonrpc":"2.0","id":ID,"result":[]}'],
    ['a result that is null', '{"jsonrpc":"2.0","id":ID,"result":null}'],
    ['a field too many', '{"jsonrpc":"2.0","id":ID,"result":{"content":[]},"extra":1}'],
    ['a _meta that is null', '{"jsonrpc":"2.0","id":ID,"result":{"content":[],"_meta":null}}'],
    ['a _meta that is a list', '{"jsonrpc":"2.0","id":ID,"result":{"content":[],"_meta":[]}}'],
    ['a request in its place', '{"jsonrpc":"2.0","id":ID,"result":{},"method":"x"}'],
    ['another version', '{"jsonrpc":"1.0","id":ID,"result":{}}'],
    ['the answer to another', '{"jsonrpc":"2.0","id":99999,"result":{}}'],
    ['an id that is none', '{"jsonrpc":"2.0","id":null,"result":{}}'],
    ['nothing', '[]'],
    ['null', 'null'],
    ['no JSON', '<html>'],
  ])(
    'with strict checks, an answer that no client can take fails its request at once: %s',
    async (_what, template) => {
      for (const type of ['json', 'stream']) {
        const server = await serveRawMcp((message, socket) => {
          const body = template.replace('ID', String(message.id));
          if (type === 'json') socket.write(json(body));
          else socket.end(`${eventStreamHead()}data: ${body}\n\n`);
        });
        const session = await openSession({ url: server.url }, { checks: 'strict', protocol: 'legacy' });
        onTestFinished(() => session.destroy());
        const failure = await failureOf(session.callTool(call.name, call.arguments, { timeoutMs: 5_000 }));
        expect(failure).not.toMatchObject({ code: 'TIMEOUT' });
        expect(failure).toBeInstanceOf(PlenumError);
        expect(calls(server)).toBe(1);
        expect(session.status.state).toBe('ready');
      }
    },
  );

  it.each([
    [204, 'the official error'],
    [302, 'CONNECT_FAILED'],
    [303, 'CONNECT_FAILED'],
    [404, 'the official error'],
    [500, 'the official error'],
  ])('HTTP %i fails its call with %s', async (status, code) => {
    const server = await serveStub({
      onRequest: (_message, response) => {
        response.setHeader('location', '/elsewhere');
        endWith(response, status);
      },
    });
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call, { timeout: 5_000 }));
    if (code === 'CONNECT_FAILED') expect(failure).toMatchObject({ code });
    else expect(failure).not.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    expect(calls(server)).toBe(1);
    await client.ping();
  });

  it('a request that is accepted is answered on the stream for what belongs to no request', async () => {
    let speak = (_event: string): void => {};
    const server = await serveStub({
      onGet: (response) => {
        openEventStream(response);
        speak = (event) => void response.write(event);
      },
      onRequest: (message, response) => {
        endWith(response, 202);
        speak(resultEvent(message, text('over there')));
      },
    });
    const { client } = await connectClient(open(server).transport);
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    expect(await client.callTool(call)).toMatchObject(text('over there'));
  });

  it.each([307, 308])('an HTTP %i within the origin is followed, with the body', async (status) => {
    const server = await serveStub({
      onRequest: (message, response, request) => {
        if (request.url === '/there') return answer(response, message, text('there'));
        response.setHeader('location', '/there');
        endWith(response, status);
      },
    });
    const { client } = await connectClient(open(server, { headers: { 'x-team': 'blue' } }).transport);
    expect(await client.callTool(call)).toMatchObject(text('there'));
    const sent = server.seen.filter(({ body }) => body.includes('tools/call'));
    expect(sent.map(({ url }) => url)).toEqual(['/mcp', '/there']);
    expect(sent[1]?.body).toBe(sent[0]?.body);
    expect(sent.map(({ headers }) => headers['x-team'])).toEqual(['blue', 'blue']);
  });

  it('a redirect to another origin is not followed, and shows it no credentials', async () => {
    const other = await serveStub();
    const server = await serveStub({
      onRequest: (_message, response) => {
        response.setHeader('location', `${other.origin}/mcp`);
        endWith(response, 307);
      },
    });
    const { client } = await connectClient(open(server, { auth: { token: async () => 'secret' } }).transport);
    expect(await failureOf(client.callTool(call))).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(other.seen).toEqual([]);
    expect(calls(server)).toBe(1);
  });

  it('a JSON-RPC error with HTTP 400, in the 2026-07-28 era, is that error', async () => {
    const server = await serveModern((message, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      const error = { code: -32_602, message: 'Mcp-Name does not match', data: { why: 'test' } };
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, error }));
    });
    const { transport } = open(server);
    const { client } = await connectClient(transport, 'auto');
    const failure = await client.callTool(call).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProtocolError);
    expect(failure).toMatchObject({ code: -32_602, message: expect.stringContaining('does not match') });
    expect(calls(server)).toBe(1);
  });

  it('the server of today, in its own era, with names that a header cannot carry as they are', async () => {
    const server = await serveModern((message, response) => answer(response, message, complete('fine')));
    const { client } = await connectClient(open(server).transport, 'auto');
    for (const name of ['echo', 'žluť', ' x ', 'a\nb'])
      expect(await client.callTool({ name })).toMatchObject(text('fine'));
    const names = server.seen
      .filter(({ body }) => body.includes('tools/call'))
      .map(({ headers }) => headers['mcp-name']);
    const encoded = (name: string): string => `=?base64?${Buffer.from(name).toString('base64')}?=`;
    expect(names).toEqual(['echo', encoded('žluť'), encoded(' x '), encoded('a\nb')]);
    for (const { headers } of server.seen.filter(({ body }) => body.includes('tools/call')))
      expect(headers).toMatchObject({ 'mcp-method': 'tools/call', 'mcp-protocol-version': '2026-07-28' });
  });

  it('1,100 calls at once reach their own callers', async () => {
    for (const serveOne of [serveStateless, serveStateful]) {
      const { client } = await connectClient(open(await serveOne()).transport, 'auto');
      const results = await Promise.all(
        Array.from({ length: 1_100 }, (_, word) => client.callTool({ name: 'echo', arguments: { word } })),
      );
      expect(results.map(({ content }) => content)).toEqual(
        results.map((_, word) => [{ type: 'text', text: JSON.stringify({ word }) }]),
      );
    }
  });

  it('streams left open after their answers do not use up the sockets', async () => {
    const server = await serveRawMcp((message, socket) => {
      socket.write(chunkedStreamHead());
      socket.write(httpChunk(`data: ${resultOf(message, text('fine'))}\n\n`));
    });
    const { transport } = open(server);
    const { client, errors } = await connectClient(transport);
    const all = Array.from({ length: 1_100 }, () => client.callTool(call, { timeout: 15_000 }));
    expect(await Promise.all(all)).toHaveLength(1_100);
    expect(errors).toEqual([]);
    await transport.close();
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('what the server says and asks before the answer comes first', async () => {
    const server = await serveStub({
      onRequest: (message, response) => {
        openEventStream(response);
        const progressToken = (message.params?.['_meta'] as { progressToken?: number } | undefined)
          ?.progressToken;
        const say = (more: object): void =>
          void response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...more })}\n\n`);
        for (const progress of [1, 2])
          say({ method: 'notifications/progress', params: { progress, progressToken } });
        say({ id: 'theirs', method: 'ping' });
        response.end(resultEvent(message, text('done')));
      },
    });
    const session = await openSession({ url: server.url });
    onTestFinished(() => session.close());
    const heard: number[] = [];
    const onProgress = ({ progress }: { progress: number }): void => void heard.push(progress);
    expect(await session.callTool('echo', {}, { onProgress })).toMatchObject(text('done'));
    expect(heard).toEqual([1, 2]);
    await expect.poll(() => server.seen.filter(({ body }) => body.includes('"theirs"'))).toHaveLength(1);
  });

  it('a keep-alive socket that the server closes after each answer loses no call and sends none twice', async () => {
    const server = await serveRawMcp((message, socket) =>
      socket.write(json(resultOf(message, text('fine'))), () => setImmediate(() => socket.destroy())),
    );
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    let fulfilled = 0;
    for (let count = 0; count < 100; count++) {
      const outcome = await client.callTool(call, { timeout: 10_000 }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (outcome === undefined) fulfilled++;
      else expect(outcome).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    }
    expect(fulfilled).toBeGreaterThan(0);
    expect(calls(server)).toBeGreaterThanOrEqual(fulfilled);
    expect(calls(server)).toBeLessThanOrEqual(100);
    expect(transport.end).toBeUndefined();
  });
});

describe('T5 resumption of a stream that began on the lean path', () => {
  const progress = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}';
  it.each([
    ['a priming event first', 'id: first\nretry: 1\ndata:\n\n'],
    ['a message before it', `data: ${progress}\n\nid: first\nretry: 1\ndata:\n\n`],
    ['comments and a byte order mark before it', '\uFEFF: hello\n\nid: first\nretry: 1\ndata:\n\n'],
    ['an id at a message', `id: zero\nretry: 1\ndata: ${progress}\n\nid: first\ndata: ${progress}\n\n`],
    ['half an event after it', `id: first\nretry: 1\ndata:\n\nid: second\ndata: {"json`],
  ])('%s: the stream breaks, and goes on with a GET', async (_what, beginning) => {
    for (const reset of [false, true]) {
      const server = await serveStub({
        onRequest: (_message, response) => {
          openEventStream(response);
          if (!reset) return void response.end(beginning);
          response.write(beginning, () => setTimeout(() => response.destroy(), 50));
        },
        onGet: (response, request) => {
          if (request.headers['last-event-id'] === undefined) return endWith(response, 405);
          const { body } = server.seen.find((each) => each.body.includes('tools/call')) ?? { body: '{}' };
          openEventStream(response);
          response.end(resultEvent(messageIn(body), text('at last'), 'last'));
        },
      });
      const { client } = await connectClient(open(server).transport);
      const tokens: string[] = [];
      const result = await client.callTool(call, { onresumptiontoken: (token) => tokens.push(token) });
      expect(result).toMatchObject(text('at last'));
      expect(calls(server)).toBe(1);
      const resumed = server.saw('GET').map(({ headers }) => headers['last-event-id']);
      expect(resumed.filter((id) => id !== undefined)).toEqual(['first']);
      expect(tokens).toContain('first');
    }
  });

  it('a stream that breaks after its answer is not resumed', async () => {
    const server = await serveRawMcp((message, socket) => {
      socket.write(chunkedStreamHead());
      socket.write(httpChunk(`data: ${resultOf(message, text('fine'))}\n\nid: 2\nretry: 1\ndata:\n\n`), () =>
        socket.destroy(),
      );
    });
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    expect(await client.callTool(call)).toMatchObject(text('fine'));
    await client.ping();
    expect(server.seen.filter(({ headers }) => headers.has('last-event-id'))).toEqual([]);
    expect(transport.end).toBeUndefined();
  });

  it('the official server with an event store, cut while many calls are under way', async () => {
    const server = await serveStateful({ eventStore: new MemoryEventStore(), retryInterval: 100 });
    const { client } = await connectClient(open(server).transport);
    const all = Array.from({ length: 10 }, () => client.callTool({ name: 'slow' }));
    await expect.poll(() => calls(server)).toBe(10);
    await expect.poll(() => server.pending().length).toBeGreaterThanOrEqual(10);
    await new Promise((resolve) => setTimeout(resolve, 100));
    server.dropSockets();
    expect(await Promise.all(all)).toHaveLength(10);
    expect(calls(server)).toBe(10);
  });
});

describe('A1 credentials on the lean path', () => {
  /** Answers HTTP 401 unless the token is the one given. */
  function serveGuarded(token: () => string) {
    return serveStub({
      onRequest: (message, response, request) => {
        if (request.headers.authorization === `Bearer ${token()}`)
          return answer(response, message, text('fine'));
        response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
        endWith(response, 401);
      },
    });
  }

  it('a token is asked for before every request', async () => {
    let count = 0;
    const server = await serveStub();
    const { client } = await connectClient(
      open(server, { auth: { token: async () => `t${++count}` } }).transport,
    );
    await client.callTool(call);
    await client.callTool(call);
    const shown = server.seen.map(({ headers }) => headers.authorization);
    expect(new Set(shown).size).toBe(shown.length);
  });

  it('an HTTP 401 gets a new token, and the request is sent once more', async () => {
    let valid = 'old';
    let held = 'old';
    const onUnauthorized = vi.fn(async () => void (held = valid));
    const server = await serveGuarded(() => valid);
    const { client } = await connectClient(
      open(server, { auth: { token: async () => held, onUnauthorized } }).transport,
    );
    await client.callTool(call);
    valid = 'new';
    expect(await client.callTool(call)).toMatchObject(text('fine'));
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
    const shown = server.seen
      .filter(({ body }) => body.includes('tools/call'))
      .map(({ headers }) => headers.authorization);
    expect(shown).toEqual(['Bearer old', 'Bearer old', 'Bearer new']);
  });

  it('an HTTP 401 that stays is an error, and shows no token', async () => {
    const server = await serveGuarded(() => 'never');
    const auth: ServerAuth = { token: async () => 'topsecret', onUnauthorized: async () => {} };
    const { transport, context } = open(server, { auth, headers: { 'x-key': 'alsosecret' } });
    const { client, errors } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call));
    expect(calls(server)).toBe(2);
    const shown = [failure, ...errors, ...context.suspicions].map(
      (error) => `${error} ${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`,
    );
    expect(shown.join()).not.toMatch(/secret/);
    expect(transport.end).toBeUndefined();
  });

  it('an HTTP 403 that asks for more scope is not sent again by itself', async () => {
    const server = await serveStub({
      onRequest: (_message, response) => {
        response.setHeader('www-authenticate', 'Bearer error="insufficient_scope", scope="more"');
        endWith(response, 403);
      },
    });
    const { client } = await connectClient(open(server, { auth: { token: async () => 'secret' } }).transport);
    const failure = await failureOf(client.callTool(call));
    expect(failure.name).toBe('InsufficientScopeError');
    expect(calls(server)).toBe(1);
  });

  it('a token that cannot be had fails the request as the official transport does, and nothing is sent', async () => {
    let broken = false;
    const token = async (): Promise<string> => {
      if (broken) throw new Error('the store is locked');
      return 'fine';
    };
    const server = await serveStub();
    const { client } = await connectClient(open(server, { auth: { token } }).transport);
    broken = true;
    expect((await failureOf(client.callTool(call))).message).toContain('the store is locked');
    expect(calls(server)).toBe(0);
    broken = false;
    await client.callTool(call);
  });

  it('a token that can be had once only leaves nothing behind', async () => {
    let asked = 0;
    let broken = false;
    const token = async (): Promise<string> => {
      if (broken && ++asked > 1) throw new Error('once only');
      return 'fine';
    };
    const server = await serveStub({
      onRequest: (_message, response) => {
        response.writeHead(404, { 'content-type': 'text/plain' });
        response.write('x'.repeat(100_000));
      },
    });
    const { transport } = open(server, { auth: { token } });
    const { client } = await connectClient(transport);
    broken = true;
    await failureOf(client.callTool(call));
    expect(calls(server)).toBe(1);
    // The answer that nobody reads any more.
    await expect.poll(() => server.pending()).toEqual([]);
  });

  it('a token that no header can hold is not shown', async () => {
    let held = 'fine';
    const server = await serveStub();
    const { transport, context } = open(server, { auth: { token: async () => held } });
    const { client, errors } = await connectClient(transport);
    for (held of ['topsecret\n', 'topsecret\r\nx-injected: 1', 'topsecret🐎']) {
      const failure = await failureOf(client.callTool(call));
      const shown = [failure, ...errors, ...context.suspicions].map(
        (error) => `${error} ${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`,
      );
      expect(shown.join()).not.toContain('secret');
    }
    expect(calls(server)).toBe(0);
  });

  it('a fetch of the user’s, and one that signs, see every request', async () => {
    const own = vi.fn((url: string | URL, init?: RequestInit) => globalThis.fetch(url, init));
    const server = await serveStub();
    const { client } = await connectClient(open(server, { fetch: own }).transport);
    await client.callTool(call);
    expect(own.mock.calls.some(([, init]) => JSON.stringify(init?.body ?? null).includes('tools/call'))).toBe(
      true,
    );

    const signing: ServerAuth = {
      token: async () => 'fine',
      wrapFetch: (fetch) => (url, init) => {
        const headers = new Headers(init?.headers);
        headers.set('dpop', 'proof');
        return fetch(url, { ...init, headers });
      },
    };
    const signed = await serveStub();
    const second = await connectClient(open(signed, { auth: signing }).transport);
    await second.client.callTool(call);
    expect(signed.seen.map(({ headers }) => headers['dpop'])).toEqual(signed.seen.map(() => 'proof'));
    for (const { headers } of [...server.seen, ...signed.seen])
      expect(Object.keys(headers).filter((name) => /plenum/.test(name))).toEqual([]);
  });
});

describe('S17 a call on the lean path', () => {
  it.each([
    ['closed before the answer', ''],
    ['closed within the headers', 'HTTP/1.1 200 OK\r\ncontent-ty'],
    ['closed within the body', head(200, { 'content-type': 'application/json', 'content-length': '100' })],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('fails when the connection breaks: %s', async (_when, bytes) => {
    const server = await serveRawMcp((_message, socket) => void socket.end(bytes));
    const { transport, context } = open(server);
    const { client } = await connectClient(transport);
    expect(await failureOf(client.callTool(call))).toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: true,
    });
    expect(context.suspicions).toHaveLength(1);
    expect(calls(server)).toBe(1);
    await client.ping();
    expect(transport.end).toBeUndefined();
  });

  it('fails when its stream says nothing for too long', async () => {
    const server = await serveRawMcp((_message, socket) => void socket.write(eventStreamHead()));
    const { transport } = open(server, { readTimeoutMs: 150 });
    const { client } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(failure.cause).toMatchObject({ message: expect.stringContaining('readTimeoutMs') });
    expect(transport.end).toBeUndefined();
  });

  it('is answered however slowly its headers come', async () => {
    const server = await serveRawMcp((message, socket) => {
      const bytes = json(resultOf(message, text('fine')));
      let at = 0;
      const timer = setInterval(() => {
        if (at < bytes.length) return void socket.write(bytes.slice(at, (at += 20)));
        clearInterval(timer);
      }, 10);
    });
    const { client } = await connectClient(open(server, { readTimeoutMs: 100 }).transport);
    expect(await client.callTool(call)).toMatchObject(text('fine'));
  });

  it('an HTTP 404 for a known session says that it expired', async () => {
    const server = await serveRawMcp(
      (_message, socket) => void socket.write(head(404, { 'content-length': '0' })),
      {
        sessionId: 'abc',
      },
    );
    const { transport } = open(server);
    const { client, closed } = await connectClient(transport);
    const both = await Promise.all([failureOf(client.callTool(call)), failureOf(client.callTool(call))]);
    expect(both).toMatchObject([1, 2].map(() => ({ code: 'SESSION_EXPIRED', maybeExecuted: false })));
    await closed;
    expect(transport.end).toMatchObject({ sessionExpired: true });
    expect(calls(server)).toBe(2);
  });

  it('headers that undici refuses are no raw error of its, and show no value', async () => {
    for (const name of ['expect', 'transfer-encoding', 'upgrade']) {
      const server = await serveStub();
      const { transport } = open(server, { headers: { [name]: 'topsecret' } });
      const failure = await failureOf(connectClient(transport));
      expect(`${failure} ${String(failure.cause)}`).not.toContain('secret');
    }
  });
});

describe('S4 a call on the lean path that is given up', () => {
  const stages = [
    ['before the headers', ''],
    ['within the headers', 'HTTP/1.1 200 OK\r\ncontent-ty'],
    [
      'within a JSON body',
      `${head(200, { 'content-type': 'application/json', 'content-length': '100' })}{"js`,
    ],
    ['within its stream', `${eventStreamHead()}: hello\n\n`],
    ['within a stream that the official transport reads', `${eventStreamHead()}id: 1\nretry: 1\ndata:\n\n`],
    ['within an error', `${head(500, { 'content-length': '100' })}oh`],
  ] as const;

  it.each(stages)('%s', async (_when, bytes) => {
    const server = await serveRawMcp((_message, socket) => void socket.write(bytes));
    const { transport, context } = open(server);
    const { client, errors } = await connectClient(transport);
    const giveUp = new AbortController();
    const failed = failureOf(client.callTool(call, { signal: giveUp.signal }));
    await expect.poll(() => calls(server)).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    giveUp.abort();
    await failed;
    const connection = server.saw('tools/call')[0]?.connection;
    await expect.poll(() => server.closed).toContain(connection);
    await expect.poll(() => server.saw('notifications/cancelled')).toHaveLength(1);
    await client.ping();
    expect(calls(server)).toBe(1);
    expect(errors).toEqual([]);
    expect(context.suspicions).toEqual([]);
    expect(server.seen.filter(({ headers }) => headers.has('last-event-id'))).toEqual([]);
  });

  it.each(stages)('by the end of its connection, %s', async (_when, bytes) => {
    for (const end of ['close', 'destroy'] as const) {
      const server = await serveRawMcp((_message, socket) => void socket.write(bytes), { sessionId: 'abc' });
      const { transport } = open(server);
      const before = timers();
      const { client, closes } = await connectClient(transport);
      const failed = failureOf(client.callTool(call));
      await expect.poll(() => calls(server)).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await transport[end]();
      expect((await failed).message).not.toContain('expected a failure');
      expect(closes()).toBe(1);
      await expect.poll(() => server.openSockets()).toBe(0);
      expect(timers()).toBeLessThanOrEqual(before);
      expect(calls(server)).toBe(1);
      expect(server.seen.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
    }
  });

  it('by the end of its connection, when its stream has been left open after the answer', async () => {
    const server = await serveRawMcp((message, socket) =>
      socket.write(`${eventStreamHead()}data: ${resultOf(message, text('fine'))}\n\n`),
    );
    const { transport } = open(server);
    const before = timers();
    const { client } = await connectClient(transport);
    await client.callTool(call);
    await transport.close();
    await expect.poll(() => server.openSockets()).toBe(0);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  /** A server, and credentials that take their time when they are told to. */
  async function withSlowToken(sessionId?: string) {
    const server = await serveRawMcp(
      (message, socket) => void socket.write(json(resultOf(message, text('fine')))),
      sessionId === undefined ? {} : { sessionId },
    );
    let gate: Promise<void> | undefined;
    let asked = 0;
    const token = async (): Promise<string> => {
      asked++;
      await gate;
      return 'token';
    };
    const { transport } = open(server, { auth: { token } });
    const { client } = await connectClient(transport);
    let release = (): void => {};
    gate = new Promise((resolve) => {
      release = resolve;
    });
    const before = asked;
    return {
      server,
      transport,
      client,
      isAsked: async () => {
        await expect.poll(() => asked).toBeGreaterThan(before);
      },
      release: () => {
        gate = undefined;
        release();
      },
    };
  }

  it('while its token is asked for, it is never sent', async () => {
    const { server, client, isAsked, release } = await withSlowToken();
    const giveUp = new AbortController();
    const failed = failureOf(client.callTool(call, { signal: giveUp.signal }));
    await isAsked();
    giveUp.abort();
    await failed;
    release();
    await client.ping();
    await client.ping();
    expect(calls(server)).toBe(0);
  });

  it('a request whose token comes after the close began is not sent', async () => {
    const { server, transport, isAsked, release } = await withSlowToken('abc');
    const sent = transport
      .send({ jsonrpc: '2.0', id: 77, method: 'tools/call', params: call })
      .catch((error: unknown) => error);
    await isAsked();
    const closing = transport.close();
    release();
    await closing;
    const failure = await sent;
    expect(failure).toBeInstanceOf(PlenumError);
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(calls(server)).toBe(0);
  });

  it('a token that never comes does not keep the connection from its end', async () => {
    const { server, transport, client, isAsked } = await withSlowToken();
    const failed = failureOf(client.callTool(call));
    await isAsked();
    await transport.destroy();
    expect((await failed).message).not.toContain('expected a failure');
    await expect.poll(() => server.openSockets()).toBe(0);
  });
});

it('T5 an HTTP error in the legacy era stays the official one, with its text', async () => {
  const server = await serveStub({
    onRequest: (_message, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"bad"}}');
    },
  });
  const { client } = await connectClient(open(server).transport);
  const failure = await failureOf(client.callTool(call));
  expect(failure).toBeInstanceOf(SdkHttpError);
  expect(failure).toMatchObject({ data: { status: 400, text: expect.stringContaining('bad') } });
});
