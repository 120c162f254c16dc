import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ManagedServer } from '../../../src/index.ts';
import {
  inProcess,
  serveHttp,
  stdioSpec,
  TcpProxy,
  type ScriptedServer,
  type ScriptedTool,
  type ServeHttpOptions,
  type ServerScript,
} from '../../../src/testing/index.ts';

interface Plan {
  readonly name: string;
  readonly place: 'stdio' | 'http' | 'in-process';
  readonly era: 'legacy' | 'modern' | 'both';
  readonly http?: ServeHttpOptions;
  readonly startDelayMs?: number;
}

const PLANS: readonly Plan[] = [
  { name: 'stdio', place: 'stdio', era: 'legacy' },
  { name: 'stdio-modern', place: 'stdio', era: 'modern' },
  { name: 'stdio-slow', place: 'stdio', era: 'both', startDelayMs: 200 },
  { name: 'http-session', place: 'http', era: 'legacy' },
  { name: 'http-session-sse', place: 'http', era: 'legacy', http: { answers: 'sse' } },
  { name: 'http-stateless', place: 'http', era: 'legacy', http: { sessions: false } },
  { name: 'http-modern', place: 'http', era: 'modern' },
  { name: 'http-modern-sse', place: 'http', era: 'modern', http: { answers: 'sse' } },
  { name: 'in-process', place: 'in-process', era: 'legacy' },
  { name: 'in-process-modern', place: 'in-process', era: 'modern' },
];

/** One server of the fleet: how it is reached for each user, and what a fault can take hold of. */
export interface UserServer {
  readonly name: string;
  readonly place: Plan['place'];
  readonly sessions: boolean;
  /** Tells the server for whom it is: by its environment, a header, or its name. */
  readonly spec: ManagedServer;
  readonly ledgerFile: string;
  readonly proxy?: TcpProxy;
  /** Where it lives in this process: one for all, or one for each session. */
  readonly hosts: ReadonlySet<ScriptedServer>;
}

export interface UserFleet extends AsyncDisposable {
  readonly servers: readonly UserServer[];
}

/** `whoami` and `count` tell who answered; only `whoami` may run twice. */
const TOOLS: ScriptedTool[] = [
  { name: 'whoami', annotations: { readOnlyHint: true }, does: { type: 'whoami' } },
  { name: 'canary', annotations: { readOnlyHint: true }, does: { type: 'canary', maxDelayMs: 20 } },
  { name: 'count', does: { type: 'count' } },
  { name: 'hang', does: { type: 'hang' } },
  { name: 'die', does: { type: 'crash', signal: 'SIGKILL' } },
];

/** Starts ten servers of all kinds. */
export async function startUserFleet(): Promise<UserFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'plenum-users-'));
  const servers = await Promise.all(PLANS.map((plan) => start(plan, folder)));
  return {
    servers,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        servers.map(async ({ proxy, hosts }) => {
          await proxy?.close();
          await Promise.all([...hosts].map((host) => host.close()));
        }),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start(
  { name, place, era, http = {}, startDelayMs }: Plan,
  folder: string,
): Promise<UserServer> {
  const ledgerFile = join(folder, name);
  const script: ServerScript = {
    name,
    era,
    ledgerFile,
    tools: TOOLS,
    ...(startDelayMs !== undefined && { startDelayMs }),
  };
  const hosts = new Set<ScriptedServer>();
  const about = {
    name,
    place,
    ledgerFile,
    hosts,
    sessions: place === 'http' && era === 'legacy' && http.sessions !== false,
  };
  switch (place) {
    case 'stdio':
      return {
        ...about,
        spec: ({ principal = '' }) => ({ ...stdioSpec(script), env: { PRINCIPAL: principal } }),
      };
    case 'in-process':
      return { ...about, spec: inProcessSpec(script, hosts) };
    case 'http': {
      const host = await serveHttp(script, http);
      hosts.add(host);
      const proxy = await TcpProxy.listen({ target: host.url });
      const spec: ManagedServer = ({ principal = '' }) => ({
        url: proxy.url,
        headers: () => ({ 'x-principal': principal }),
      });
      return { ...about, proxy, spec };
    }
  }
}

/** A server for every session, named after its user; those of one user are made by one function. */
function inProcessSpec(script: ServerScript, hosts: Set<ScriptedServer>): ManagedServer {
  const makers = new Map<string, ManagedServer>();
  return ({ principal = '' }) => {
    const make = (): ReturnType<typeof inProcess> => {
      const host = inProcess({ ...script, name: principal });
      hosts.add(host);
      return host;
    };
    const maker = makers.get(principal) ?? { server: make };
    makers.set(principal, maker);
    return maker as Exclude<ManagedServer, (...args: never[]) => unknown>;
  };
}
