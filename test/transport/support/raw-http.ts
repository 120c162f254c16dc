import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { RpcMessage } from './mcp-stub.ts';

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Counts the connections of the server from zero. */
  readonly connection: number;
}

export interface RawServer {
  readonly origin: string;
  readonly url: string;
  /** Every request, in the order of their coming. */
  readonly seen: readonly RawRequest[];
  /** Requests with a JSON-RPC method. */
  saw(rpcMethod: string): RawRequest[];
  openSockets(): number;
  /** Connections that are over, as `RawRequest.connection` counts them. */
  readonly closed: ReadonlySet<number>;
  stop(): Promise<void>;
}

export type RawHandler = (request: RawRequest, socket: Socket) => void;

/** A TCP server that reads HTTP and lets the test write the bytes of each answer. It ends with the test. */
export async function serveRaw(handler: RawHandler): Promise<RawServer> {
  const seen: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const closed = new Set<number>();
  let connections = 0;
  const server = createServer((socket) => {
    const connection = connections++;
    let unread = Buffer.alloc(0);
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      closed.add(connection);
    });
    socket.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk]);
      for (let taken = takeRequest(unread); taken !== undefined; taken = takeRequest(unread)) {
        unread = unread.subarray(taken.length);
        const request = { ...taken.request, connection };
        seen.push(request);
        handler(request, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.resetAndDestroy();
    });
    return stopped;
  };
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    url: `${origin}/mcp`,
    seen,
    saw: (rpcMethod) => seen.filter(({ body }) => body !== '' && messageIn(body).method === rpcMethod),
    openSockets: () => sockets.size,
    closed,
    stop,
  };
}

/** Shakes hands as it should, in the stateful era, and leaves every other request to `onCall`. */
export function serveRawMcp(
  onCall: (message: RpcMessage, socket: Socket, request: RawRequest) => void,
  { sessionId }: { sessionId?: string } = {},
): Promise<RawServer> {
  const extra = sessionId === undefined ? {} : { 'mcp-session-id': sessionId };
  return serveRaw((request, socket) => {
    if (request.method === 'GET') return void socket.write(head(405, { 'content-length': '0' }));
    if (request.method === 'DELETE') return void socket.write(head(200, { 'content-length': '0' }));
    const message = messageIn(request.body);
    if (message.id === undefined) return void socket.write(head(202, { 'content-length': '0' }));
    if (message.method === 'initialize') {
      const result = {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'raw', version: '1.0.0' },
      };
      return void socket.write(json(resultOf(message, result), extra));
    }
    if (message.method === 'ping') return void socket.write(json(resultOf(message, {})));
    onCall(message, socket, request);
  });
}

export function messageIn(body: string): RpcMessage {
  return JSON.parse(body) as RpcMessage;
}

export function resultOf({ id }: RpcMessage, result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

export function head(status: number, headers: Record<string, string> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`;
}

/** A whole response with a JSON body. */
export function json(body: string, headers: Record<string, string> = {}): string {
  const length = String(Buffer.byteLength(body));
  return head(200, { 'content-type': 'application/json', 'content-length': length, ...headers }) + body;
}

/** The beginning of an event stream that ends with its connection. */
export function eventStreamHead(headers: Record<string, string> = {}): string {
  return head(200, { 'content-type': 'text/event-stream', connection: 'close', ...headers });
}

/** The beginning of an event stream in chunks. */
export function chunkedStreamHead(headers: Record<string, string> = {}): string {
  return head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked', ...headers });
}

/** One piece of a body in chunks; the empty one ends it. */
export function httpChunk(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

function takeRequest(bytes: Buffer): { request: Omit<RawRequest, 'connection'>; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const length = headEnd + 4 + Number(headers.get('content-length') ?? 0);
  if (bytes.length < length) return undefined;
  const [method = '', path = ''] = first.split(' ');
  const body = bytes.subarray(headEnd + 4, length).toString();
  return { request: { method, path, headers, body }, length };
}
