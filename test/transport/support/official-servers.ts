import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { Server as OlderServer } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import {
  StreamableHTTPServerTransport,
  type EventStore,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { onTestFinished } from 'vitest';
import { serve, type Loopback } from '../../support/loopback.ts';

/** What the tools of every server here do: `slow` takes its time, `hang` never answers, any other echoes. */
function callTool(params: { name: string; arguments?: Record<string, unknown> | undefined }) {
  if (params.name === 'hang') return new Promise<never>(() => {});
  if (params.name === 'slow')
    return sleep(1_000).then(() => ({ content: [{ type: 'text' as const, text: '{}' }] }));
  return Promise.resolve({
    content: [{ type: 'text' as const, text: JSON.stringify(params.arguments ?? {}) }],
  });
}

export function makeServer(): Server {
  const server = new Server(
    { name: 'current', version: '2.0.0' },
    { capabilities: { tools: { listChanged: true } } },
  );
  server.setRequestHandler('tools/call', (request) => callTool(request.params));
  return server;
}

export function makeOlderServer(): OlderServer {
  const server = new OlderServer({ name: 'older', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler(CallToolRequestSchema, (request) => callTool(request.params));
  return server;
}

/** The official server of today: the 2026-07-28 revision, and older clients without sessions. */
export async function serveStateless(): Promise<Loopback> {
  const handler = createMcpHandler(() => makeServer());
  const handle = toNodeHandler(handler);
  onTestFinished(() => handler.close());
  return serve((request, response, body) => {
    const { method = 'GET', url = '/' } = request;
    return handle(
      Object.assign(request, { method, url }),
      response,
      body === '' ? undefined : JSON.parse(body),
    );
  });
}

export interface StatefulServer extends Loopback {
  readonly sessions: Map<string, StreamableHTTPServerTransport>;
}

/** The official server of 2025: sessions, a GET stream, DELETE. */
export async function serveStateful(
  options: { eventStore?: EventStore; retryInterval?: number } = {},
): Promise<StatefulServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const loopback = await serve(async (request, response, body) => {
    const sessionId = request.headers['mcp-session-id'];
    let transport = sessions.get(String(sessionId));
    if (transport === undefined && sessionId !== undefined) {
      response.statusCode = 404;
      response.end();
      return;
    }
    if (transport === undefined) {
      const created = new StreamableHTTPServerTransport({
        ...options,
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void sessions.set(id, created),
        onsessionclosed: (id) => void sessions.delete(id),
      });
      transport = created;
      await makeOlderServer().connect(created);
    }
    await transport.handleRequest(request, response, body === '' ? undefined : JSON.parse(body));
  });
  onTestFinished(async () => {
    for (const transport of sessions.values()) await transport.close();
  });
  return { ...loopback, sessions };
}

export interface OldServer extends Loopback {
  readonly sessions: Map<string, SSEServerTransport>;
}

/** The official server of 2024: an event stream at /sse and an endpoint for POSTs. */
export async function serveSse(): Promise<OldServer> {
  const sessions = new Map<string, SSEServerTransport>();
  const loopback = await serve(async (request, response, body) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    if (request.method === 'GET' && pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', response);
      sessions.set(transport.sessionId, transport);
      response.on('close', () => sessions.delete(transport.sessionId));
      await makeOlderServer().connect(transport);
      return;
    }
    const transport =
      pathname === '/messages' ? sessions.get(searchParams.get('sessionId') ?? '') : undefined;
    if (transport === undefined) {
      response.statusCode = 404;
      response.end('not here');
      return;
    }
    await transport.handlePostMessage(request, response, JSON.parse(body));
  });
  return { ...loopback, url: `${loopback.origin}/sse`, sessions };
}

/** Keeps the events of all streams in memory, in order. */
export class MemoryEventStore implements EventStore {
  readonly #events: { id: string; streamId: string; message: JSONRPCMessage }[] = [];

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const id = `event-${this.#events.length}`;
    this.#events.push({ id, streamId, message });
    return id;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const last = this.#events.findIndex((event) => event.id === lastEventId);
    const streamId = this.#events[last]?.streamId ?? '';
    for (const event of this.#events.slice(last + 1)) {
      if (event.streamId === streamId && Object.keys(event.message).length > 0)
        await send(event.id, event.message);
    }
    return streamId;
  }
}
