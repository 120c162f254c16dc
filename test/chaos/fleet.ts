import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GroupServerSpec } from '../../src/index.ts';
import {
  httpProcess,
  inProcess,
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  TcpProxy,
  type HttpProcess,
  type ScriptedServer,
  type ScriptedTool,
  type ServeHttpOptions,
  type ServerScript,
} from '../../src/testing/index.ts';

/** Where a server lives and how it is reached. */
export type Place = 'stdio' | 'http' | 'http process' | 'sse' | 'websocket' | 'in-process';

interface Plan {
  readonly name: string;
  readonly place: Place;
  readonly era: 'legacy' | 'modern' | 'both';
  /** No fault ever touches it. */
  readonly calm?: boolean;
  readonly http?: ServeHttpOptions;
  readonly startDelayMs?: number;
  /** This answer of each of its lives gets lost. */
  readonly dropAnswer?: number;
}

const PLANS: readonly Plan[] = [
  { name: 'calm-stdio', place: 'stdio', era: 'legacy', calm: true },
  { name: 'calm-stdio-modern', place: 'stdio', era: 'modern', calm: true },
  { name: 'calm-http', place: 'http', era: 'modern', calm: true },
  { name: 'calm-http-session', place: 'http', era: 'legacy', calm: true, http: { answers: 'sse' } },
  { name: 'calm-websocket', place: 'websocket', era: 'modern', calm: true },
  { name: 'calm-in-process', place: 'in-process', era: 'legacy', calm: true },
  { name: 'stdio', place: 'stdio', era: 'legacy' },
  { name: 'stdio-modern', place: 'stdio', era: 'modern', dropAnswer: 60 },
  { name: 'stdio-both', place: 'stdio', era: 'both' },
  { name: 'stdio-slow', place: 'stdio', era: 'legacy', startDelayMs: 300, dropAnswer: 40 },
  { name: 'http-session', place: 'http', era: 'legacy' },
  { name: 'http-session-sse', place: 'http', era: 'legacy', http: { answers: 'sse', retryMs: 200 } },
  { name: 'http-stateless', place: 'http', era: 'legacy', http: { sessions: false } },
  { name: 'http-modern', place: 'http', era: 'modern' },
  { name: 'http-modern-sse', place: 'http', era: 'modern', http: { answers: 'sse' } },
  { name: 'http-process', place: 'http process', era: 'legacy' },
  { name: 'http-process-both', place: 'http process', era: 'both', http: { answers: 'sse' } },
  { name: 'sse', place: 'sse', era: 'legacy' },
  { name: 'websocket', place: 'websocket', era: 'legacy' },
  { name: 'in-process', place: 'in-process', era: 'modern' },
];

/** One server of the fleet, with all that a fault can take hold of. */
export interface FleetServer {
  readonly name: string;
  readonly place: Place;
  readonly calm: boolean;
  /** Whether it keeps HTTP sessions, which can expire. */
  readonly sessions: boolean;
  /** Whether it can send what is no message. */
  readonly garbage: boolean;
  readonly spec: GroupServerSpec;
  readonly ledgerFile: string;
  /** The resource that is subscribed to. */
  readonly uri: string;
  /** Stands before a server behind a URL. */
  readonly proxy?: TcpProxy;
  /** The server itself, where it lives in this process. */
  readonly host?: ScriptedServer;
  readonly process?: HttpProcess;
  /** Whether updates and list changes reach a client that has not asked for anything. */
  readonly notifies: boolean;
}

export interface Fleet extends AsyncDisposable {
  readonly servers: readonly FleetServer[];
}

/** The tools that every server has at all times. */
export const BASE_TOOLS: ScriptedTool[] = [
  { name: 'canary', does: { type: 'canary', maxDelayMs: 20 } },
  { name: 'count', does: { type: 'count' } },
  { name: 'hang', does: { type: 'hang' } },
  { name: 'exit', does: { type: 'crash', code: 0 } },
  { name: 'fail', does: { type: 'crash', code: 3 } },
  { name: 'abort', does: { type: 'crash', signal: 'SIGABRT' } },
  { name: 'kill', does: { type: 'crash', signal: 'SIGKILL' } },
  { name: 'exit-after', does: { type: 'crashAfterAnswer', code: 1 } },
];

/** The tools of {@link BASE_TOOLS} that end their server. */
export const DEADLY_TOOLS = ['exit', 'fail', 'abort', 'kill', 'exit-after'] as const;

/** Starts twenty servers of all kinds. */
export async function startFleet(): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'plenum-chaos-'));
  const servers = await Promise.all(PLANS.map((plan) => start(plan, folder)));
  return {
    servers,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        servers.map(async ({ proxy, host, process }) => {
          await proxy?.close();
          await host?.close();
          await process?.close();
        }),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start(plan: Plan, folder: string): Promise<FleetServer> {
  const { name, place, era, calm = false, http = {}, startDelayMs, dropAnswer } = plan;
  const ledgerFile = join(folder, name);
  const uri = `chaos://${name}/state`;
  const script: ServerScript = {
    name,
    era,
    ledgerFile,
    tools: BASE_TOOLS,
    resources: [{ uri }],
    resourceTemplates: [{ uriTemplate: `chaos://${name}/item/{id}` }],
    prompts: [{ name: 'greet', arguments: [{ name: 'id', required: true }] }],
    ...(startDelayMs !== undefined && { startDelayMs }),
    ...(dropAnswer !== undefined && { faults: { dropAnswer } }),
  };
  const stateless = http.sessions === false && era === 'legacy';
  const about = {
    name,
    place,
    calm,
    ledgerFile,
    uri,
    sessions: place.startsWith('http') && era !== 'modern' && !stateless,
    garbage: place !== 'in-process' && (!place.startsWith('http') || http.answers === 'sse'),
    notifies: !stateless,
  };
  switch (place) {
    case 'stdio':
      return { ...about, spec: stdioSpec(script) };
    case 'in-process': {
      const host = inProcess(script);
      return { ...about, host, spec: { server: host } };
    }
    case 'http process': {
      const process = await httpProcess(script, http);
      return { ...about, process, ...(await behindProxy(process.url)) };
    }
    case 'http':
    case 'sse':
    case 'websocket': {
      const host = await serve(place, script, http);
      return { ...about, host, ...(calm ? { spec: { url: host.url } } : await behindProxy(host.url)) };
    }
  }
}

function serve(
  place: 'http' | 'sse' | 'websocket',
  script: ServerScript,
  http: ServeHttpOptions,
): Promise<ScriptedServer & { readonly url: string }> {
  if (place === 'http') return serveHttp(script, http);
  return place === 'sse' ? serveSse(script) : serveWebSocket(script);
}

async function behindProxy(target: string): Promise<Pick<FleetServer, 'spec' | 'proxy'>> {
  const proxy = await TcpProxy.listen({ target });
  return { spec: { url: proxy.url }, proxy };
}
