import { onTestFinished } from 'vitest';
import type { SessionTarget } from '../../../src/index.ts';
import {
  inProcess,
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  type ServerScript,
} from '../../../src/testing/index.ts';

export interface Way {
  readonly over: string;
  /** Starts a server, which ends with the test, and says how it is reached. */
  readonly start: (script: ServerScript) => Promise<SessionTarget>;
}

function ending<S extends { close(): Promise<void> }>(server: S): S {
  onTestFinished(() => server.close());
  return server;
}

/** Every way to a server. */
export const WAYS: readonly Way[] = [
  { over: 'stdio', start: async (script) => stdioSpec(script) },
  { over: 'in process', start: async (script) => ending(inProcess(script)) },
  { over: 'HTTP, JSON answers', start: async (script) => ending(await serveHttp(script)).url },
  {
    over: 'HTTP, SSE answers',
    start: async (script) => ending(await serveHttp(script, { answers: 'sse' })).url,
  },
  {
    over: 'HTTP without sessions',
    start: async (script) => ending(await serveHttp(script, { sessions: false })).url,
  },
  { over: 'SSE', start: async (script) => ({ url: ending(await serveSse(script)).url, type: 'sse' }) },
  { over: 'WebSocket', start: async (script) => ending(await serveWebSocket(script)).url },
];
