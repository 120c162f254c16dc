import type { AddressInfo } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import type { RpcMessage } from './mcp-stub.ts';

export interface SocketServer {
  readonly url: string;
  readonly handshakes: readonly IncomingMessage[];
  readonly sockets: ReadonlySet<WebSocket>;
  /** Messages received. */
  readonly received: readonly RpcMessage[];
  stop(): Promise<void>;
}

/** A real WebSocket server that shakes hands in the stateful era; `onCall` answers every other request. */
export async function serveWebSocket(
  onCall: (message: RpcMessage, socket: WebSocket) => void = (message, socket) => reply(socket, message, {}),
  options: ServerOptions = {},
): Promise<SocketServer> {
  const handshakes: IncomingMessage[] = [];
  const received: RpcMessage[] = [];
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: () => 'mcp',
    ...options,
  });
  server.on('connection', (socket, request) => {
    handshakes.push(request);
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as RpcMessage;
      received.push(message);
      if (message.method === 'initialize') {
        reply(socket, message, {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'stub', version: '1.0.0' },
        });
      } else if (message.id !== undefined) onCall(message, socket);
    });
  });
  await new Promise<void>((resolve) => server.on('listening', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of server.clients) socket.terminate();
      server.close(() => resolve());
    });
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}/mcp`, handshakes, sockets: server.clients, received, stop };
}

export function reply(socket: WebSocket, message: RpcMessage, result: unknown): void {
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
}
