import { onTestFinished } from 'vitest';
import type { GroupServerSpec } from '../../src/index.ts';
import {
  inProcess,
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  type LoggedRequest,
  type ScriptedHttpServer,
  type ScriptedInProcessServer,
  type ScriptedServer,
  type ScriptedTool,
  type ServeHttpOptions,
  type ServerScript,
} from '../../src/testing/index.ts';

export const ERAS = ['legacy', 'modern'] as const;

/** Tools that echo. */
export function tools(...names: string[]): ScriptedTool[] {
  return names.map((name) => ({ name }));
}

/** A scripted server in this process. */
export function local(script: ServerScript = {}): ScriptedInProcessServer {
  const server = inProcess(script);
  onTestFinished(() => server.close());
  return server;
}

/** A scripted server on loopback. */
export async function http(
  script: ServerScript = {},
  options: ServeHttpOptions = {},
): Promise<ScriptedHttpServer> {
  const server = await serveHttp(script, options);
  onTestFinished(() => server.close());
  return server;
}

export interface PlacedServer {
  readonly spec: GroupServerSpec;
  /** The server itself, whose logs can be read; not of a child process. */
  readonly server: ScriptedServer | undefined;
}

/** Every way in which a server can be reached, by name. */
export const PLACES: Record<string, (script: ServerScript) => Promise<PlacedServer>> = {
  'in this process': async (script) => {
    const server = local(script);
    return { spec: { server }, server };
  },
  'a child process': async (script) => ({ spec: stdioSpec(script), server: undefined }),
  'HTTP with JSON answers': async (script) => {
    const server = await http(script);
    return { spec: { url: server.url }, server };
  },
  'HTTP with event streams': async (script) => {
    const server = await http(script, { answers: 'sse' });
    return { spec: { url: server.url }, server };
  },
  'the old SSE transport': async (script) => {
    const server = await serveSse({ ...script, era: 'legacy' });
    onTestFinished(() => server.close());
    return { spec: { url: server.url }, server };
  },
  WebSocket: async (script) => {
    const server = await serveWebSocket(script);
    onTestFinished(() => server.close());
    return { spec: { url: server.url }, server };
  },
};

/** The methods of requests, without the handshake and what keeps a connection alive. */
export function methodsOf(requests: readonly LoggedRequest[]): string[] {
  const others = new Set(['initialize', 'server/discover', 'ping', 'subscriptions/listen']);
  return requests.map(({ method }) => method).filter((method) => !others.has(method));
}

/** The requests with this method. */
export function requestsOf(
  { requests }: { requests: readonly LoggedRequest[] },
  method: string,
): readonly LoggedRequest[] {
  return requests.filter((request) => request.method === method);
}
