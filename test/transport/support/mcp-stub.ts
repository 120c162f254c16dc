import type { IncomingMessage, ServerResponse } from 'node:http';
import { serve, type Loopback } from '../../support/loopback.ts';

export interface RpcMessage {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: Record<string, unknown>;
}

export interface StubBehaviour {
  /** Answers a request other than `initialize`. */
  readonly onRequest?: (
    message: RpcMessage,
    response: ServerResponse,
    request: IncomingMessage,
  ) => void | Promise<void>;
  /** Answers a GET; 405 without it. */
  readonly onGet?: (response: ServerResponse, request: IncomingMessage) => void;
  readonly onDelete?: (response: ServerResponse) => void;
  readonly sessionId?: string;
}

/**
 * A Streamable HTTP server written by hand, so that it can misbehave: it shakes hands as it should, in the
 * stateful era, and leaves the rest to the test.
 */
export function serveStub(behaviour: StubBehaviour = {}): Promise<Loopback> {
  const {
    onRequest = (message, response) => answer(response, message, text('fine')),
    onGet = (response) => endWith(response, 405),
    onDelete = (response) => endWith(response, 200),
  } = behaviour;
  return serve((request, response, body) => {
    if (request.method === 'GET') return onGet(response, request);
    if (request.method === 'DELETE') return onDelete(response);
    const message = JSON.parse(body) as RpcMessage;
    if (message.id === undefined) return endWith(response, 202);
    if (message.method === 'initialize') {
      if (behaviour.sessionId !== undefined) response.setHeader('mcp-session-id', behaviour.sessionId);
      return answer(response, message, {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'stub', version: '1.0.0' },
      });
    }
    if (message.method === 'server/discover') return endWith(response, 400);
    if (message.method === 'ping') return answer(response, message, {});
    return onRequest(message, response, request);
  });
}

export function text(content: string): { content: { type: 'text'; text: string }[] } {
  return { content: [{ type: 'text', text: content }] };
}

export function answer(response: ServerResponse, message: RpcMessage, result: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
}

export function endWith(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}

export function openEventStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
}

/** One server-sent event with a JSON-RPC result in it. */
export function resultEvent(message: RpcMessage, result: unknown, id?: string): string {
  const data = JSON.stringify({ jsonrpc: '2.0', id: message.id, result });
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
}
