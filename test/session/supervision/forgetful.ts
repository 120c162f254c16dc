import type { ServerResponse } from 'node:http';
import type { UrlServerSpec } from '../../../src/index.ts';
import { serve, type Loopback } from '../../support/loopback.ts';
import { openEventStream, type RpcMessage } from '../../transport/support/mcp-stub.ts';

/** What a server answers to a request in a session that it does not know. */
export interface Words {
  readonly status: number;
  readonly body: (message: RpcMessage | undefined) => string;
  readonly headers?: Record<string, string>;
}

export const said = (text: string) => () => text;
export const rpc =
  (code: number, message: string, id?: null | string) =>
  (request: RpcMessage | undefined): string =>
    JSON.stringify({ jsonrpc: '2.0', id: id === undefined ? request?.id : id, error: { code, message } });

/** How servers in the wild say that they have forgotten a session. */
export const FORGOTTEN: Record<string, Words> = {
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

const failedTool = ({ id }: Partial<RpcMessage> = {}): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    result: { isError: true, content: [{ type: 'text', text: 'Session not found' }] },
  });

/** Answers that are no refusal by any rule: some say in words that the session is gone, and most say nothing. */
export const WORDLESS: Record<string, Words> = {
  '200 with a result that is an error': { status: 200, body: failedTool },
  '200 with an error without an envelope': {
    status: 200,
    body: said('{"error":{"code":-32001,"message":"Session not found"}}'),
  },
  '200 with an error that is a text, without an envelope': {
    status: 200,
    body: said('{"error":"Session not found"}'),
  },
  '200 with a message in words of its own': { status: 200, body: said('{"detail":"Invalid session"}') },
  '200 with an error without an id': { status: 200, body: rpc(-32_000, 'Session expired', null) },
  '200 with an empty body': { status: 200, body: said('') },
  '200 with an empty object': { status: 200, body: said('{}') },
  '200 with half a message': { status: 200, body: said('{"jsonrpc":"2.0","id') },
  '200 with a page': { status: 200, body: said('<html><title>Welcome</title></html>') },
  '204': { status: 204, body: said('') },
  '202': { status: 202, body: said('') },
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].map((status) => [
      `redirect ${status} to a page for people`,
      { status, body: said(''), headers: { location: 'https://login.invalid/' } },
    ]),
  ),
  'redirect without an address': { status: 302, body: said('') },
};
/** Those after which the call surely has not run. */
export const SURE = /is an error$|-32001|without an envelope|words of its own|30[78]/;

export interface Forgetful extends Loopback {
  /** Forgets all sessions: requests in them are answered so from now on. */
  forget(words: Words): void;
  /** How requests are answered in sessions that it knows, when not with a result. */
  refuse: (message: RpcMessage) => Words | undefined;
  /** The methods that came, in this order. */
  readonly methods: string[];
  /** How often a tool ran. */
  readonly ran: number;
  readonly sessions: ReadonlySet<string>;
  /** The open streams of its sessions. */
  readonly streams: ReadonlySet<ServerResponse>;
}

/** A server with sessions, which it can forget. */
export async function serveForgetful(
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
    streams,
    ran: 0,
  });
  Object.defineProperty(server, 'ran', { get: () => ran });
  return server;
}

export function times(server: Forgetful, method: string): number {
  return server.methods.filter((each) => each === method).length;
}

export const WAYS: Record<string, Partial<UrlServerSpec>> = {
  'the lean way': {},
  'the official way': { fetch: (url, init) => fetch(url, init) },
};
export const CASES = Object.keys(WAYS).flatMap((way) =>
  (['json', 'sse'] as const).map((answers) => ({ way, answers })),
);
