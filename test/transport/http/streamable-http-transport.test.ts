import type { ServerResponse } from 'node:http';
import { SdkHttpError } from '@modelcontextprotocol/client';
import { describe, expect, it, vi } from 'vitest';
import { PlenumError } from '../../../src/errors/plenum-error.ts';
import type { UrlServerSpec } from '../../../src/server-spec.ts';
import { StreamableHttpTransport } from '../../../src/transport/http/streamable-http-transport.ts';
import { recordingContext } from '../support/context.ts';
import { serve, unusedOrigin, type Loopback } from '../../support/loopback.ts';
import {
  endWith,
  openEventStream,
  resultEvent,
  serveStub,
  text,
  type RpcMessage,
} from '../support/mcp-stub.ts';
import { connectClient, failureOf } from '../support/official-client.ts';
import { MemoryEventStore, serveStateful, serveStateless } from '../support/official-servers.ts';

function open(server: Loopback, spec: Partial<UrlServerSpec> = {}) {
  const context = recordingContext();
  const transport = new StreamableHttpTransport({ url: server.url, ...spec }, context);
  return { transport, context };
}

const call = { name: 'echo', arguments: { word: 'hello' } };
const echoed = { content: [{ type: 'text', text: '{"word":"hello"}' }] };

describe('T5 Streamable HTTP', () => {
  it.each(['auto', 'legacy'] as const)('a call to the server of today, %s', async (mode) => {
    const server = await serveStateless();
    const { transport } = open(server);
    const { client } = await connectClient(transport, mode);
    expect(await client.callTool(call)).toMatchObject(echoed);
    expect(client.getProtocolEra()).toBe(mode === 'auto' ? 'modern' : 'legacy');
    expect(transport.sessionId).toBeUndefined();
  });

  it.each(['auto', 'legacy'] as const)('a call to a server with sessions, %s', async (mode) => {
    const server = await serveStateful();
    const { transport } = open(server);
    const { client } = await connectClient(transport, mode);
    expect(await client.callTool(call)).toMatchObject(echoed);
    expect(server.sessions.has(transport.sessionId ?? '')).toBe(true);
  });

  it('many calls at once reach their own callers', async () => {
    const { transport } = open(await serveStateless());
    const { client } = await connectClient(transport, 'auto');
    const words = Array.from({ length: 100 }, (_, index) => `word ${index}`);
    const results = await Promise.all(
      words.map((word) => client.callTool({ name: 'echo', arguments: { word } })),
    );
    expect(results.map((result) => result.content)).toEqual(
      words.map((word) => [{ type: 'text', text: JSON.stringify({ word }) }]),
    );
  });

  it('headers go with every request, the protocol wins over them, and no mark of ours leaves', async () => {
    const server = await serveStateful();
    const headers = vi.fn(() => ({ 'x-team': 'blue', 'content-type': 'text/plain' }));
    const { transport } = open(server, { headers });
    const { client } = await connectClient(transport);
    await client.callTool(call);
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    await transport.close();
    expect(headers).toHaveBeenCalledTimes(1);
    expect(server.seen.map((each) => each.headers['x-team'])).toEqual(server.seen.map(() => 'blue'));
    expect(server.saw('POST').map((each) => each.headers['content-type'])).not.toContain('text/plain');
    expect(
      server.seen.flatMap((each) => Object.keys(each.headers)).filter((name) => /plenum/.test(name)),
    ).toEqual([]);
  });

  it('a bearer token from the auth provider wins over a fixed header', async () => {
    const server = await serveStateless();
    const { transport } = open(server, {
      headers: { authorization: 'Bearer fixed' },
      auth: { token: async () => 'fresh' },
    });
    await connectClient(transport);
    expect(server.seen[0]?.headers.authorization).toBe('Bearer fresh');
  });

  it('an answer in a body that is for someone else does not leave the request waiting', async () => {
    const server = await serveStub({
      onRequest: (_message, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ jsonrpc: '2.0', id: 999, result: {} }));
      },
    });
    const { client } = await connectClient(open(server).transport);
    expect(await failureOf(client.callTool(call))).toMatchObject({ code: 'INVALID_RESULT' });
  });

  it('an answer on a stream whose id is a text settles its request once', async () => {
    const server = await serveStub({
      onRequest: (message, response) => {
        openEventStream(response);
        response.end(resultEvent({ ...message, id: String(message.id) }, text('fine')));
      },
    });
    const { client, errors } = await connectClient(open(server).transport);
    for (let n = 0; n < 3; n++) expect(await client.callTool(call)).toMatchObject(text('fine'));
    await client.ping();
    expect(errors).toEqual([]);
  });

  it('any other HTTP status is the official error', async () => {
    const server = await serveStub({ onRequest: (_message, response) => endWith(response, 503) });
    const { transport, context } = open(server);
    const { client } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call));
    expect(failure).toBeInstanceOf(SdkHttpError);
    expect(failure).toMatchObject({ data: { status: 503 } });
    expect(transport.end).toBeUndefined();
    expect(context.suspicions).toEqual([]);
    await client.ping();
  });
});

describe('T5 the end of a Streamable HTTP connection', () => {
  it('close ends the session with DELETE and leaves no socket', async () => {
    const server = await serveStateful();
    const { transport } = open(server);
    const { client, closes } = await connectClient(transport);
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    await client.close();
    expect(server.saw('DELETE')).toHaveLength(1);
    expect(server.sessions.size).toBe(0);
    expect(closes()).toBe(1);
    expect(transport.end).toBeUndefined();
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('a server that does not allow DELETE is left in peace', async () => {
    const server = await serveStub({ sessionId: 'abc', onDelete: (response) => endWith(response, 405) });
    const { transport } = open(server);
    const { client, errors } = await connectClient(transport);
    await client.close();
    expect(server.saw('DELETE')).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it.each([
    ['an error', (server: Loopback) => void server],
    ['a dropped connection', (server: Loopback) => server.dropSockets()],
  ])('a DELETE that ends in %s does not hold up the close', async (_title, meanwhile) => {
    const server: Loopback = await serveStub({
      sessionId: 'abc',
      onDelete: (response) => {
        meanwhile(server);
        endWith(response, 500);
      },
    });
    const { client, errors } = await connectClient(open(server).transport);
    await client.close();
    expect(errors).toEqual([]);
  });

  it('a DELETE that is never answered is given up', async () => {
    const server = await serveStub({ sessionId: 'abc', onDelete: () => {} });
    const { client, closes } = await connectClient(open(server).transport);
    await client.close();
    expect(closes()).toBe(1);
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('no DELETE when the spec says so', async () => {
    const server = await serveStateful();
    const { client } = await connectClient(open(server, { terminateSession: false }).transport);
    await client.close();
    expect(server.saw('DELETE')).toEqual([]);
    expect(server.sessions.size).toBe(1);
  });

  it('destroy fails what is in flight, and does not leave the session behind on the server', async () => {
    const server = await serveStateful();
    const { transport } = open(server);
    const { client, closes } = await connectClient(transport);
    const hanging = failureOf(client.callTool({ name: 'hang' }));
    await expect.poll(() => server.saw('POST').some(({ body }) => body.includes('hang'))).toBe(true);
    await transport.destroy();
    await hanging;
    expect(closes()).toBe(1);
    expect(server.saw('DELETE')).toHaveLength(1);
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('destroy cuts a close short that waits for its DELETE', async () => {
    const server = await serveStub({ sessionId: 'abc', onDelete: () => {} });
    const { transport } = open(server);
    const { closes } = await connectClient(transport);
    const closing = transport.close();
    await expect.poll(() => server.saw('DELETE')).toHaveLength(1);
    await Promise.all([transport.destroy(), closing, transport.close(), transport.destroy()]);
    expect(closes()).toBe(1);
  });

  it('a transport that was closed before its start stays closed', async () => {
    const server = await serveStateful();
    const { transport } = open(server);
    await transport.close();
    await transport.destroy();
    await expect(transport.start()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    expect(server.seen).toEqual([]);
  });

  it('a send after the close never leaves', async () => {
    const server = await serveStateless();
    const { transport } = open(server);
    await connectClient(transport);
    await transport.close();
    const before = server.seen.length;
    const sending = transport.send({ jsonrpc: '2.0', id: 7, method: 'ping' });
    await expect(sending).rejects.toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(server.seen).toHaveLength(before);
  });
});

describe('S17 a server that dies under a Streamable HTTP call', () => {
  it('cut connections fail the call, which may have run, and raise a suspicion', async () => {
    const server = await serveStateful();
    const { transport, context } = open(server);
    const { client } = await connectClient(transport);
    const hanging = failureOf(client.callTool({ name: 'hang' }));
    await expect.poll(() => server.saw('POST').some(({ body }) => body.includes('hang'))).toBe(true);
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    server.dropSockets();
    expect(await hanging).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(context.suspicions.length).toBeGreaterThan(0);
  });

  it('a connection reset before any answer fails the call, which may have run', async () => {
    const server: Loopback = await serveStub({ onRequest: () => server.dropSockets() });
    const { transport, context } = open(server);
    const { client } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(context.suspicions).toEqual([failure]);
    expect(transport.end).toBeUndefined();
    await client.ping();
  });

  it('a body that breaks off fails the call, which may have run', async () => {
    const server: Loopback = await serveStub({
      onRequest: (_message, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"jsonrpc":', () => server.dropSockets());
      },
    });
    const { client } = await connectClient(open(server).transport);
    expect(await failureOf(client.callTool(call))).toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: true,
    });
  });

  it('a stream that ends before the answer fails its own call only', async () => {
    const server = await serveStub({
      onRequest: (message, response) => {
        openEventStream(response);
        if (message.params?.['name'] === 'echo') response.end();
      },
    });
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    const other = client.callTool({ name: 'hang' }).catch((error: unknown) => error);
    expect(await failureOf(client.callTool(call))).toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: true,
    });
    expect(await Promise.race([other, client.ping().then(() => 'still waiting')])).toBe('still waiting');
    expect(transport.end).toBeUndefined();
    await transport.destroy();
    await other;
  });

  it('a subscription whose stream ends is told so in its own way', async () => {
    const server = await serveStateless();
    const { transport } = open(server);
    const { client, errors } = await connectClient(transport, 'auto');
    const subscription = await client.listen({ toolsListChanged: true });
    errors.length = 0;
    server.dropSockets();
    expect(await subscription.closed).toBe('remote');
    await client.callTool(call);
    expect(errors.map(({ message }) => message).filter((message) => message.includes('unknown'))).toEqual([]);
  });

  it('a caller who wants to know of the end of a stream is told of it', async () => {
    const server = await serveStub({
      onRequest: (_message, response) => {
        openEventStream(response);
        response.end();
      },
    });
    const { transport } = open(server);
    await connectClient(transport);
    const onRequestStreamEnd = vi.fn();
    await transport.send({ jsonrpc: '2.0', id: 'mine', method: 'tools/call' }, { onRequestStreamEnd });
    await expect.poll(() => onRequestStreamEnd).toHaveBeenCalledTimes(1);
  });

  it('when nobody listens any more the call surely did not run, and the connection ends once', async () => {
    const server = await serveStateless();
    const { transport } = open(server);
    const { client, closed, closes } = await connectClient(transport);
    await server.stop();
    const failure = await failureOf(client.callTool(call));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false, server: 'tested' });
    expect(failure.message).toContain(server.origin);
    await closed;
    expect(closes()).toBe(1);
    expect(transport.end).toMatchObject({
      what: expect.stringContaining('cannot be reached'),
      error: failure,
    });
  });

  it('when nobody listens any more the event stream tells it to an idle client', async () => {
    const server = await serveStateful();
    const { transport } = open(server);
    const { closed } = await connectClient(transport);
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    await server.stop();
    await closed;
    expect(transport.end?.what).toContain('ECONNREFUSED');
  });

  it('a stream broken off before the first answer fails its request, and no other', async () => {
    const server = await serve((_request, response) => {
      openEventStream(response);
      response.end();
    });
    const { transport } = open(server);
    const error = await failureOf(connectClient(transport, 'auto'));
    expect(String(error)).toContain('before its answer');
    expect(transport.end).toBeUndefined();
    // The probe, and `initialize`.
    expect(server.saw('POST')).toHaveLength(2);
  });

  it('a server that was never there', async () => {
    const origin = await unusedOrigin();
    const context = recordingContext();
    const transport = new StreamableHttpTransport({ url: `${origin}/mcp?token=secret` }, context);
    const failure = await failureOf(connectClient(transport));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(failure.message).toContain(origin);
    expect(failure.message).not.toContain('secret');
  });
});

describe('S16 an expired session', () => {
  it('a 404 fails the call, which did not run, and ends the connection', async () => {
    const server = await serveStateful();
    const { transport } = open(server);
    const { client, closed, closes } = await connectClient(transport);
    server.sessions.clear();
    const failure = await failureOf(client.callTool(call));
    expect(failure).toMatchObject({ code: 'SESSION_EXPIRED', maybeExecuted: false });
    await closed;
    expect(closes()).toBe(1);
    expect(transport.end).toMatchObject({ sessionExpired: true });
    expect(server.saw('DELETE')).toEqual([]);
  });

  it('a 404 to a GET counts once a GET was served', async () => {
    let streams = 0;
    const server = await serveStub({
      sessionId: 'abc',
      onGet: (response) => {
        if (streams++ > 0) return endWith(response, 404);
        openEventStream(response);
        response.end('retry: 1\n\n');
      },
    });
    const { transport } = open(server);
    const { closed } = await connectClient(transport);
    await closed;
    expect(transport.end).toMatchObject({ sessionExpired: true });
  });

  it('a 404 to the first GET is a server without one', async () => {
    const server = await serveStub({ sessionId: 'abc', onGet: (response) => endWith(response, 404) });
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    expect(await client.callTool(call)).toMatchObject(text('fine'));
    expect(transport.end).toBeUndefined();
  });

  it('a 404 without a session is the official error', async () => {
    const server = await serveStub({ onRequest: (_message, response) => endWith(response, 404) });
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    expect(await failureOf(client.callTool(call))).toBeInstanceOf(SdkHttpError);
    expect(transport.end).toBeUndefined();
  });
});

describe('T5 resumption', () => {
  it('a cut stream goes on where it stopped, after the wait that the server asks for', async () => {
    const server = await serveStateful({ eventStore: new MemoryEventStore(), retryInterval: 200 });
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    const tokens: string[] = [];
    const answered = client.callTool({ name: 'slow' }, { onresumptiontoken: (token) => tokens.push(token) });
    await expect.poll(() => tokens.length).toBeGreaterThan(0);
    server.dropSockets();
    expect(await answered).toMatchObject({ content: [{ type: 'text', text: '{}' }] });
    expect(server.saw('GET').map(({ headers }) => headers['last-event-id'])).toContain(tokens[0]);
  });

  it('a stream that breaks again before its first event goes on from the same place', async () => {
    let broken = 0;
    const server = await serveStub({
      onRequest: (_message, response) => {
        openEventStream(response);
        response.end('id: first\nretry: 1\ndata:\n\n');
      },
      onGet: (response, request) => {
        if (request.headers['last-event-id'] === undefined) return openEventStream(response);
        openEventStream(response);
        if (broken++ < 3) return void response.end();
        const { body } = server.saw('POST').at(-1) ?? { body: '{}' };
        response.end(resultEvent(JSON.parse(body) as RpcMessage, text('at last')));
      },
    });
    const { client } = await connectClient(open(server).transport);
    expect(await client.callTool(call)).toMatchObject(text('at last'));
    // One GET for what belongs to no request; all others are the call's.
    expect(server.saw('GET').filter(({ headers }) => headers['last-event-id'] === undefined)).toHaveLength(1);
  });

  it('when the attempts run out the call fails', async () => {
    const server = await serveStub({
      onRequest: (_message, response) => {
        openEventStream(response);
        response.end('id: first\nretry: 1\ndata:\n\n');
      },
      onGet: (response, request) =>
        endWith(response, request.headers['last-event-id'] === undefined ? 405 : 502),
    });
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(server.saw('GET').filter(({ headers }) => headers['last-event-id'] === 'first')).toHaveLength(5);
    expect(transport.end).toBeUndefined();
  });

  it('a request that the caller resumes fails when the server cannot resume it', async () => {
    const server = await serveStub({
      onGet: (response, request) =>
        endWith(response, request.headers['last-event-id'] === undefined ? 405 : 400),
    });
    const { client } = await connectClient(open(server).transport);
    const failure = await failureOf(client.callTool(call, { resumptionToken: 'long-gone' }));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
  });

  it('a page in the place of an event stream is asked for once', async () => {
    const server = await serveStub({
      onGet: (response) => {
        response.setHeader('content-type', 'text/html');
        response.end('<p>Hello</p>');
      },
    });
    const { transport } = open(server);
    const before = timers();
    const { client, errors } = await connectClient(transport);
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    await expect.poll(() => server.pending()).toEqual([]);
    await client.ping();
    expect(errors).toEqual([]);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('a close while streams wait to be resumed leaves no timer', async () => {
    const server = await serveStub({
      onRequest: (_message, response) => {
        openEventStream(response);
        response.end('id: first\nretry: 60000\ndata:\n\n');
      },
    });
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    const before = timers();
    const first = failureOf(client.callTool(call));
    const second = failureOf(client.callTool(call));
    await expect.poll(() => server.saw('POST').filter(({ body }) => body.includes('echo'))).toHaveLength(2);
    // Two requests' own timeouts, and two resumptions.
    await expect.poll(() => timers()).toBeGreaterThanOrEqual(before + 4);
    await transport.close();
    await Promise.all([first, second]);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

/** A stub whose GETs are answered in turn, the last way over and over. */
function serveGets(...ways: ((response: ServerResponse) => void)[]): Promise<Loopback> {
  let gets = 0;
  return serveStub({
    sessionId: 'abc',
    onGet: (response) => ways[Math.min(gets++, ways.length - 1)]?.(response),
  });
}

const HEARD = 'notifications/tools/list_changed';

/** Opens a stream, says something on it and leaves it open. */
function speak(response: ServerResponse): void {
  openEventStream(response);
  response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: HEARD })}\n\n`);
}

/** Opens a stream and ends it. */
function breakOff(response: ServerResponse): void {
  openEventStream(response);
  response.end('retry: 1\n\n');
}

/** Connects, and resolves with how the stream for what belongs to no request does. */
async function listen(server: Loopback, spec: Partial<UrlServerSpec> = {}) {
  const onStreamReopened = vi.fn();
  const context = { ...recordingContext(), onStreamReopened };
  const transport = new StreamableHttpTransport({ url: server.url, ...spec }, context);
  const { client, closed, errors } = await connectClient(transport);
  const heard = vi.fn();
  client.setNotificationHandler(HEARD, heard);
  return { transport, context, closed, errors, heard, onStreamReopened };
}

describe('T5 the stream for what belongs to no request', () => {
  it.each([
    ['an empty page', (response: ServerResponse) => endWith(response, 200)],
    ['no content', (response: ServerResponse) => endWith(response, 204)],
    ['HTTP 405', (response: ServerResponse) => endWith(response, 405)],
    ['HTTP 409', (response: ServerResponse) => endWith(response, 409)],
    ['HTTP 502', (response: ServerResponse) => endWith(response, 502)],
  ])('is asked for again after %s, once it was there', async (_title, refuse) => {
    const server = await serveGets(breakOff, refuse, refuse, speak);
    const { transport, heard, errors, onStreamReopened } = await listen(server);
    await expect.poll(() => heard).toHaveBeenCalledTimes(1);
    expect(onStreamReopened).toHaveBeenCalledTimes(1);
    expect(errors).toEqual([]);
    expect(transport.end).toBeUndefined();
  });

  it('is asked for again when the server holds the one of an attempt that broke', async () => {
    const server: Loopback = await serveGets(
      () => server.dropSockets(),
      (response) => endWith(response, 409),
      speak,
    );
    const { heard, onStreamReopened } = await listen(server);
    await expect.poll(() => heard).toHaveBeenCalledTimes(1);
    expect(onStreamReopened).toHaveBeenCalledTimes(1);
  });

  it('is asked for again when the server does not begin to answer', async () => {
    const server = await serveGets(() => {}, speak);
    const { heard, context } = await listen(server, { readTimeoutMs: 200 });
    await expect.poll(() => heard).toHaveBeenCalledTimes(1);
    await expect.poll(() => server.saw('GET')).toHaveLength(server.pending().length + 1);
    expect(context.suspicions).toEqual([]);
  });

  it('is asked for again with fresh credentials when the old ones are refused', async () => {
    const server = await serveGets(breakOff, (response) => endWith(response, 401), speak);
    let current = 'old';
    const onUnauthorized = vi.fn(async () => void (current = 'fresh'));
    const { heard } = await listen(server, { auth: { token: async () => current, onUnauthorized } });
    await expect.poll(() => heard).toHaveBeenCalledTimes(1);
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
    expect(server.saw('GET').map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer fresh',
    ]);
  });

  it('ends the connection when the server goes on refusing it', async () => {
    const server = await serveGets(breakOff, (response) => endWith(response, 405));
    const { transport, closed } = await listen(server);
    await closed;
    expect(transport.end?.what).toBe('does not open its event stream again (HTTP 405)');
    expect(server.saw('GET')).toHaveLength(6);
  });

  it('does not end the connection when the server never had it', async () => {
    const server = await serveGets((response) => endWith(response, 501));
    const { transport, errors } = await listen(server);
    await expect.poll(() => errors.length).toBeGreaterThan(0);
    expect(server.saw('GET')).toHaveLength(1);
    expect(transport.end).toBeUndefined();
  });

  it('ends the connection when an answer went astray on it, after which nobody would open it again', async () => {
    const server = await serveGets((response) => {
      openEventStream(response);
      response.end(resultEvent({ id: 'nobody', method: 'tools/call' }, text('astray')));
    });
    const { transport, closed } = await listen(server);
    await closed;
    expect(transport.end?.what).toBe('ended its event stream, which was not opened again');
  });

  it('goes on where it stopped, also when it breaks again before its first event', async () => {
    const server = await serveGets(
      (response) => {
        openEventStream(response);
        response.end('id: seven\nretry: 1\ndata:\n\n');
      },
      breakOff,
      breakOff,
      speak,
    );
    const { heard, onStreamReopened } = await listen(server);
    await expect.poll(() => heard).toHaveBeenCalledTimes(1);
    expect(server.saw('GET').map(({ headers }) => headers['last-event-id'])).toEqual([
      undefined,
      'seven',
      'seven',
      'seven',
    ]);
    expect(onStreamReopened).not.toHaveBeenCalled();
  });
});

describe('T5 limits and silence', () => {
  it('a body that is too large fails its call only', async () => {
    const server = await serveStub({
      onRequest: (message, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: text('x'.repeat(5_000)) }));
      },
    });
    const { transport } = open(server, { maxMessageBytes: 4_000 });
    const { client } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call));
    expect(failure).toMatchObject({ code: 'INVALID_RESULT' });
    expect(failure.message).toContain('4000 bytes');
    await client.ping();
    expect(transport.end).toBeUndefined();
  });

  it('an event that is too large fails its call only, and is not asked for again', async () => {
    const server = await serveStub({
      onRequest: (message, response) => {
        openEventStream(response);
        response.write('id: first\nretry: 1\ndata:\n\n');
        response.write(resultEvent(message, text('x'.repeat(5_000)), 'second'));
      },
      onGet: (response) => endWith(response, 405),
    });
    const { transport } = open(server, { maxMessageBytes: 4_000 });
    const { client } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call));
    expect(failure).toBeInstanceOf(PlenumError);
    expect(failure).toMatchObject({ code: 'INVALID_RESULT' });
    await client.ping();
    await expect.poll(() => server.pending()).toEqual([]);
    expect(server.saw('GET').filter(({ headers }) => headers['last-event-id'] !== undefined)).toEqual([]);
    expect(transport.end).toBeUndefined();
  });

  it('a server event that is too large ends the connection', async () => {
    const server = await serveStub({
      onGet: (response) => {
        openEventStream(response);
        response.write(`data: ${'x'.repeat(5_000)}`);
      },
    });
    const { transport } = open(server, { maxMessageBytes: 4_000 });
    const { closed } = await connectClient(transport);
    await closed;
    expect(transport.end?.what).toBe('sent a message that is too large');
  });

  it('a stream of many small events is not limited', async () => {
    const server = await serveStub({
      onRequest: (message, response) => {
        openEventStream(response);
        for (let count = 0; count < 100; count++) response.write(`: ${'x'.repeat(1_000)}\n\n`);
        response.end(resultEvent(message, text('done')));
      },
    });
    const { client } = await connectClient(open(server, { maxMessageBytes: 4_000 }).transport);
    expect(await client.callTool(call)).toMatchObject(text('done'));
  });

  it('a stream that stays silent too long fails its call', async () => {
    const server = await serveStub({ onRequest: (_message, response) => openEventStream(response) });
    const { transport, context } = open(server, { readTimeoutMs: 100 });
    const { client } = await connectClient(transport);
    const failure = await failureOf(client.callTool(call));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(failure.cause).toMatchObject({ message: expect.stringContaining('readTimeoutMs') });
    expect(context.suspicions).toEqual([]);
    await expect.poll(() => server.pending()).toEqual([]);
  });

  it('an idle event stream is opened anew without a word', async () => {
    const server = await serveStub({
      onGet: (response) => {
        openEventStream(response);
        response.write('retry: 1\n\n');
      },
    });
    const { transport, context } = open(server, { readTimeoutMs: 100 });
    const { errors } = await connectClient(transport);
    await expect.poll(() => server.saw('GET').length).toBeGreaterThan(2);
    expect(errors).toEqual([]);
    expect(context.suspicions).toEqual([]);
  });

  it('a stream that keeps talking may take longer than the silence allowed', async () => {
    const server = await serveStub({
      onRequest: (message, response) => {
        openEventStream(response);
        let left = 10;
        const timer = setInterval(() => {
          if (left-- > 0) return void response.write(': still here\n\n');
          clearInterval(timer);
          response.end(resultEvent(message, text('done')));
        }, 50);
      },
    });
    const { client } = await connectClient(open(server, { readTimeoutMs: 400 }).transport);
    expect(await client.callTool(call)).toMatchObject(text('done'));
  });
});

describe('S4 a cancelled Streamable HTTP request', () => {
  it.each(['auto', 'legacy'] as const)('is not left open, %s', async (mode) => {
    const server = await (mode === 'auto' ? serveStateless() : serveStateful());
    const { transport } = open(server, { terminateSession: false });
    const { client, errors } = await connectClient(transport, mode);
    const giveUp = new AbortController();
    const hanging = failureOf(client.callTool({ name: 'hang' }, { signal: giveUp.signal }));
    await expect.poll(() => server.saw('POST').some(({ body }) => body.includes('hang'))).toBe(true);
    giveUp.abort();
    await hanging;
    await expect.poll(() => server.pending().filter(({ method }) => method === 'POST')).toEqual([]);
    expect(await client.callTool(call)).toMatchObject(echoed);
    expect(errors).toEqual([]);
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
