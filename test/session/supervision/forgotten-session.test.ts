import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { UrlServerSpec } from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { serve, type Loopback } from '../../support/loopback.ts';
import { local, tools } from '../../support/servers.ts';
import { eventually } from '../../support/eventually.ts';
import { openEventStream, type RpcMessage } from '../../transport/support/mcp-stub.ts';
import { open } from '../support/open.ts';

/** What a server answers to a request in a session that it does not know. */
interface Words {
  readonly status: number;
  readonly body: (message: RpcMessage | undefined) => string;
  readonly headers?: Record<string, string>;
}

const said = (text: string) => () => text;
const rpc =
  (code: number, message: string, id?: null | string) =>
  (request: RpcMessage | undefined): string =>
    JSON.stringify({ jsonrpc: '2.0', id: id === undefined ? request?.id : id, error: { code, message } });

/** How servers in the wild say that they have forgotten a session. */
const FORGOTTEN: Record<string, Words> = {
  '400 in words': { status: 400, body: said('Bad Request: No valid session ID provided') },
  '400 without a word': { status: 400, body: said('') },
  '400 as a page': { status: 400, body: said('<html><title>Bad Request</title></html>') },
  '400 with error -32000 and no id': {
    status: 400,
    body: rpc(-32_000, 'Bad Request: No valid session ID', null),
  },
  '400 with error -32600 and the id': { status: 400, body: rpc(-32_600, 'Server not initialized') },
  '400 with error -32602': { status: 400, body: rpc(-32_602, 'Received request before initialization') },
  '400 with an id of its own': { status: 400, body: rpc(-32_600, 'Session terminated', 'server-error') },
  '401 without asking for credentials': { status: 401, body: said('Unauthorized: Session not found') },
  '401 that asks for credentials': {
    status: 401,
    body: said('Unauthorized'),
    headers: { 'www-authenticate': 'Bearer' },
  },
  '403': { status: 403, body: said('Forbidden: unknown session') },
  '404 with an error that answers the request': { status: 404, body: rpc(-32_001, 'Session not found') },
  '404 with an error without an id': { status: 404, body: rpc(-32_001, 'Session not found', null) },
  '404 without a word': { status: 404, body: said('') },
  '409': { status: 409, body: said('no such session') },
  '410': { status: 410, body: said('Gone') },
  '419': { status: 419, body: said('Page Expired') },
  '421': { status: 421, body: said('') },
  '503 that speaks of the session in words': { status: 503, body: said('No such session') },
  '422': { status: 422, body: said('Unexpected message, expect initialize request') },
  '500 that speaks of the session': { status: 500, body: rpc(-32_603, 'Session not found') },
  '200 with error -32001': { status: 200, body: rpc(-32_001, 'Session not found') },
  '200 with error -32000': { status: 200, body: rpc(-32_000, 'Server not initialized') },
  '200 with an error that is a text': {
    status: 200,
    body: (message) => JSON.stringify({ jsonrpc: '2.0', id: message?.id, error: 'Session not found' }),
  },
  '200 with error -32600': { status: 200, body: rpc(-32_600, 'Invalid session') },
};

interface Forgetful extends Loopback {
  /** Forgets all sessions: requests in them are answered so from now on. */
  forget(words: Words): void;
  /** How requests are answered in sessions that it knows, when not with a result. */
  refuse: (message: RpcMessage) => Words | undefined;
  /** The methods that came, in this order. */
  readonly methods: string[];
  /** How often a tool ran. */
  readonly ran: number;
  readonly sessions: ReadonlySet<string>;
}

/** A server with sessions, which it can forget. */
async function serveForgetful(
  answers: 'json' | 'sse',
  { token }: { token?: string } = {},
): Promise<Forgetful> {
  const sessions = new Set<string>();
  const methods: string[] = [];
  const streams = new Set<ServerResponse>();
  let count = 0;
  let ran = 0;
  let words: Words = { status: 404, body: said('') };
  const say = (
    response: ServerResponse,
    message: RpcMessage | undefined,
    { status, body, headers }: Words,
  ): void => {
    const stream = status === 200 && answers === 'sse';
    const type = stream
      ? 'text/event-stream'
      : body(message).startsWith('{')
        ? 'application/json'
        : 'text/plain';
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(stream ? `data: ${body(message)}\n\n` : body(message));
  };
  const result = (response: ServerResponse, message: RpcMessage, value: object): void =>
    say(response, message, {
      status: 200,
      body: ({ id } = message) => JSON.stringify({ jsonrpc: '2.0', id, result: value }),
    });

  const loopback = await serve((request, response, body) => {
    const id = String(request.headers['mcp-session-id'] ?? '');
    const message = body === '' ? undefined : (JSON.parse(body) as RpcMessage);
    methods.push(message?.method ?? request.method ?? '');
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return say(response, message, { status: 401, body: said('Unauthorized') });
    if (message?.method === 'initialize') {
      const session = `session-${++count}`;
      sessions.add(session);
      response.setHeader('mcp-session-id', session);
      return result(response, message, {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'forgetful', version: '1.0.0' },
      });
    }
    if (!sessions.has(id)) return say(response, message, words);
    if (request.method === 'DELETE') {
      sessions.delete(id);
      return say(response, message, { status: 200, body: said('') });
    }
    if (message === undefined) {
      openEventStream(response);
      streams.add(response);
      return;
    }
    if (message.id === undefined) return say(response, message, { status: 202, body: said('') });
    const refusal = server.refuse(message);
    if (refusal !== undefined) return say(response, message, refusal);
    if (message.method === 'tools/call') ran++;
    const content = [{ type: 'text', text: String(ran) }];
    result(response, message, message.method === 'tools/call' ? { content } : { tools: [] });
  });
  const server: Forgetful = Object.assign(Object.create(loopback) as Loopback, {
    forget(next: Words) {
      words = next;
      sessions.clear();
      for (const stream of streams) stream.end();
      streams.clear();
    },
    refuse: (_message: RpcMessage): Words | undefined => undefined,
    methods,
    sessions,
    ran: 0,
  });
  Object.defineProperty(server, 'ran', { get: () => ran });
  return server;
}

function times(server: Forgetful, method: string): number {
  return server.methods.filter((each) => each === method).length;
}

const WAYS: Record<string, Partial<UrlServerSpec>> = {
  'the lean way': {},
  'the official way': { fetch: (url, init) => fetch(url, init) },
};
const CASES = Object.keys(WAYS).flatMap((way) =>
  (['json', 'sse'] as const).map((answers) => ({ way, answers })),
);
const protocol = 'legacy';
const reconnect = { delayMs: 10, maxDelayMs: 20 };

describe.each(CASES)('R2 a session that the server has forgotten ($way, $answers)', ({ way, answers }) => {
  it.each(Object.entries(FORGOTTEN))('%s: is opened anew, and the call runs once', async (_how, words) => {
    const server = await serveForgetful(answers);
    const other = local({ tools: tools('echo') });
    const group = await connectGroup({
      servers: { peer: { url: server.url, type: 'http', ...WAYS[way] }, other: { server: other } },
      protocol,
      reconnect,
    });
    const session = group.session('peer');
    await session.callTool('any');
    server.forget(words);
    expect(await session.callTool('any')).toMatchObject({ content: [{ text: '2' }] });
    expect(session.status.state).toBe('ready');
    expect(server.ran).toBe(2);
    expect(server.sessions.size).toBe(1);
    await group.callTool('other__echo');
    expect(other.connections).toBe(1);
  });

  it('is opened anew once for many calls', async () => {
    const server = await serveForgetful(answers);
    const { session } = await open({ url: server.url, type: 'http', ...WAYS[way] }, { protocol, reconnect });
    server.forget({ status: 400, body: said('No valid session ID provided') });
    await Promise.all(Array.from({ length: 30 }, () => session.callTool('any')));
    expect(server.ran).toBe(30);
    expect(times(server, 'initialize')).toBe(2);
    expect(times(server, 'ping')).toBe(1);
  });
});

describe.each(CASES)('R2 a session that the server knows ($way, $answers)', ({ way, answers }) => {
  it.each(Object.entries(FORGOTTEN))(
    'is kept, whatever a request is refused with: %s',
    async (how, words) => {
      // Without a JSON-RPC error that answers the request, the specification leaves no choice.
      if (how === '404 without a word' || how === '404 with an error without an id') return;
      const server = await serveForgetful(answers);
      const { session, states } = await open(
        { url: server.url, type: 'http', ...WAYS[way] },
        { protocol, reconnect },
      );
      server.refuse = ({ method }) => (method === 'tools/call' ? words : undefined);
      for (let call = 0; call < 20; call++) {
        const error = await failureOf(session.callTool('any'));
        expect(['PROTOCOL', 'AUTH_REQUIRED']).toContain(error.code);
      }
      expect(times(server, 'initialize')).toBe(1);
      // A flood of refusals costs no more than a question a second.
      expect(times(server, 'ping')).toBeLessThan(10);
      expect(states()).toEqual([]);
      server.refuse = () => undefined;
      await session.callTool('any');
      expect(server.ran).toBe(1);
    },
  );
});

describe('R2 a request that a forgotten session may have run', () => {
  it('is not repeated, and its error is honest; the next one meets a new session', async () => {
    const server = await serveForgetful('json');
    const { session } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    server.refuse = ({ method }) => {
      if (method !== 'tools/call') return undefined;
      server.forget({ status: 400, body: said('No valid session ID provided') });
      server.refuse = () => undefined;
      return { status: 400, body: said('The tool did half of its work') };
    };
    const error = await failureOf(session.callTool('any'));
    expect(error).toMatchObject({ code: 'PROTOCOL', data: { status: 400 }, maybeExecuted: true });
    expect(server.ran).toBe(0);
    await session.callTool('any');
    expect(times(server, 'initialize')).toBe(2);
    expect(server.ran).toBe(1);
  });

  it('fails in the end when every session is forgotten at once', async () => {
    const server = await serveForgetful('json');
    const words = { status: 400, body: said('No valid session ID provided') };
    server.refuse = () => words;
    const { session } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    const error = await failureOf(session.callTool('any'));
    expect(error).toMatchObject({ code: 'SESSION_EXPIRED', maybeExecuted: false });
    expect(times(server, 'initialize')).toBeLessThanOrEqual(3);
  });
});

describe('R2 a refusal that speaks of credentials', () => {
  it.each(Object.entries(WAYS))(
    'does not cost the session when the credentials are at fault, %s',
    async (_way, spec) => {
      let token = 'old-token';
      const server = await serveForgetful('json', { token: 'old-token' });
      const { session, states } = await open(
        { url: server.url, type: 'http', auth: { token: async () => token }, ...spec },
        { protocol, reconnect },
      );
      token = 'new-token';
      expect(await failureOf(session.callTool('any'))).toMatchObject({ code: 'AUTH_REQUIRED' });
      token = 'old-token';
      await session.callTool('any');
      expect(times(server, 'initialize')).toBeLessThanOrEqual(2);
      expect(states()).toEqual([]);
    },
  );

  it('costs the session when new credentials do not help, though the server takes them', async () => {
    let asked = 0;
    const auth = {
      token: async () => 'token',
      onUnauthorized: async () => {
        asked++;
      },
    };
    const server = await serveForgetful('json', { token: 'token' });
    const { session } = await open({ url: server.url, type: 'http', auth }, { protocol, reconnect });
    server.forget({ status: 401, body: said('Unauthorized: Session not found') });
    expect(await session.callTool('any')).toMatchObject({ content: [{ text: '1' }] });
    expect(asked).toBeGreaterThanOrEqual(1);
    expect(server.ran).toBe(1);
    expect(server.sessions.size).toBe(1);
  });

  it('leaves no session behind that was opened to find out', async () => {
    const server = await serveForgetful('json');
    const { session } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    server.forget({ status: 401, body: said('Unauthorized: Session not found') });
    await session.callTool('any');
    expect(server.sessions.size).toBe(1);
  });
});

describe('R2 the stream of a forgotten session', () => {
  it.each([
    ['400', { status: 400, body: said('No valid session ID provided') }],
    ['401', { status: 401, body: said('Unauthorized: Session not found') }],
    ['410', { status: 410, body: said('Gone') }],
  ])('is refused with %s: the session is opened anew before any call', async (_status, words) => {
    const server = await serveForgetful('json');
    const { session, states } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    await eventually('the stream', () => times(server, 'GET') === 1);
    server.forget(words);
    // The check after a 401 opens a session of its own, too, and ends it.
    await eventually('the loss', () => states().includes('reconnecting'));
    await eventually('the new session', () => server.sessions.size === 1 && session.status.state === 'ready');
    expect(times(server, 'tools/call')).toBe(0);
  });
});
