import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import type { GatewayServer } from '../../src/gateway/index.ts';
import {
  readLedger,
  stdioSpec,
  TcpProxy,
  type ScriptedHttpServer,
  type ServerScript,
} from '../../src/testing/index.ts';
import { ledgerFile } from '../support/folders.ts';
import { Random } from '../support/random.ts';
import { http } from '../support/servers.ts';
import { listening } from './support.ts';

const CLIENTS = 50;
const PRINCIPALS = 5;
/** The storm is over after so many answers, or so many milliseconds on a machine that is busy. */
const ANSWERS = 1_000;
const STORM_MS = 60_000;
/** Every wait of a client ends, also where a fault has eaten an answer. */
const CALL_MS = 20_000;

const ask = {
  mode: 'form',
  message: 'Who are you?',
  requestedSchema: { type: 'object', properties: { who: { type: 'string' } } },
};

function script(name: string, file: string, era: 'legacy' | 'modern'): ServerScript {
  return {
    name,
    era,
    ledgerFile: file,
    tools: [
      { name: 'canary', does: { type: 'canary', maxDelayMs: 20 } },
      { name: 'steps', does: { type: 'progress', steps: 3 } },
      { name: 'log', does: { type: 'log', level: 'error', data: name } },
      { name: 'ask', does: { type: 'elicit', params: ask } },
    ],
  };
}

/** One client, and everything that reached it and was not its own. */
class Caller {
  readonly who: string;
  readonly #client: Client;
  readonly strays: string[] = [];
  answered = 0;
  failed = 0;
  lastFailure = '';
  #calls = 0;
  #inCall = false;

  constructor(who: string, era: 'legacy' | 'modern') {
    this.who = who;
    const mode = era === 'modern' ? ({ pin: '2026-07-28' } as const) : 'legacy';
    this.#client = new Client(
      { name: who, version: '1' },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
    );
    this.#client.setRequestHandler('elicitation/create', () => {
      if (!this.#inCall) this.strays.push('was asked outside any of its calls');
      return { action: 'accept', content: { who } };
    });
    this.#client.setNotificationHandler('notifications/message', () => {
      if (!this.#inCall) this.strays.push('got a log message outside any of its calls');
    });
    this.#client.onerror = () => {}; // Streams are cut on purpose.
  }

  async connect(url: string, principal: string): Promise<void> {
    const requestInit = { headers: { 'x-user': principal } };
    await this.#client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  }

  /** Makes one call, and looks at what came back. Failing is what faults are for; a wrong answer is not. */
  async call(server: string, tool: string): Promise<void> {
    const id = `${this.who}-${++this.#calls}`;
    this.#inCall = true;
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }): void => void seen.push(progress);
    try {
      const result = await this.#client.callTool(
        { name: `${server}__${tool}`, arguments: { id } },
        { timeout: CALL_MS, ...(tool === 'steps' && { onprogress }) },
      );
      const text = JSON.stringify(result);
      // Where several clients share a session, a server that asks may be told that nobody can be asked.
      if (tool === 'ask' && result.isError === true && !/client\d/.test(text)) return;
      const own = tool === 'ask' ? this.who : id;
      if (!text.includes(`"${own}"`) && !text.includes(`\\"${own}\\"`)) this.strays.push(`${id} got ${text}`);
      if (seen.some((step, at) => step !== at + 1)) this.strays.push(`${id} saw the steps ${seen.join()}`);
      this.answered++;
    } catch (error) {
      this.failed++;
      this.lastFailure = String(error);
    } finally {
      this.#inCall = false;
    }
  }

  /** Ends it, without telling the gateway when it vanishes. */
  async leave(vanishes: boolean): Promise<void> {
    const { transport } = this.#client;
    if (!vanishes && transport instanceof StreamableHTTPClientTransport)
      await transport.terminateSession().catch(() => {});
    await this.#client.close().catch(() => {});
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a gateway in a storm', () => {
  it('gives no client what is another’s, runs nothing twice, and leaves nothing', async () => {
    const seed = Date.now() % 1_000_000_000;
    const random = new Random(seed);
    const servers: Record<string, GatewayServer> = {};
    const remote: ScriptedHttpServer[] = [];
    const proxies: TcpProxy[] = [];
    const files: string[] = [];
    const addRemote = async (name: string, era: 'legacy' | 'modern'): Promise<void> => {
      const file = ledgerFile();
      files.push(file);
      const server = await http(script(name, file, era), { answers: era === 'legacy' ? 'sse' : 'json' });
      const proxy = await TcpProxy.listen({ target: server.url });
      remote.push(server);
      proxies.push(proxy);
      servers[name] = { url: proxy.url };
    };
    for (let at = 0; at < 5; at++) await addRemote(`old${at}`, 'legacy');
    for (let at = 0; at < 4; at++) await addRemote(`new${at}`, 'modern');
    for (const [name, isolation] of [
      ['own', 'client'],
      ['team', 'principal'],
      ['all', 'shared'],
    ] as const) {
      const file = ledgerFile();
      files.push(file);
      servers[name] = { ...stdioSpec(script(name, file, 'legacy')), isolation };
    }
    // Nobody disturbs this one.
    const calm = 'new3';
    const auth = { verify: (request: Request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) };
    const { gateway, url } = await listening({
      servers,
      auth,
      limits: { upstreamSessions: 600, upstreamSessionsPerServer: 60, parkedMs: 15_000 },
      sessions: { idleMs: 15_000 },
    });
    const edge = await TcpProxy.listen({ target: url });

    const callers = Array.from(
      { length: CLIENTS },
      (_, at) => new Caller(`client${at}`, at % 2 === 0 ? 'legacy' : 'modern'),
    );
    // The streams of every fourth client are cut now and then.
    const isCut = (at: number): boolean => at % 4 === 0;
    await Promise.all(
      callers.map((caller, at) => caller.connect(isCut(at) ? edge.url : url, `user${at % PRINCIPALS}`)),
    );
    const until = performance.now() + STORM_MS;
    const isOver = (): boolean =>
      performance.now() > until || callers.reduce((sum, { answered }) => sum + answered, 0) >= ANSWERS;
    const calmFailures: string[] = [];
    const live = async (caller: Caller, at: number): Promise<void> => {
      const mine = new Random(seed + at + 1);
      while (!isOver()) {
        // Of servers with processes only some clients have their own.
        const names = Object.keys(servers).filter((name) => name !== 'own' || at < 8);
        const name = mine.pick(names);
        const tool = mine.pick(
          name === 'all' ? ['canary', 'steps'] : ['canary', 'canary', 'steps', 'ask', 'log'],
        );
        const before = caller.failed;
        await caller.call(name, tool);
        if (name === calm && !isCut(at) && caller.failed > before)
          calmFailures.push(`${caller.who}: ${tool}: ${caller.lastFailure}`);
        await pause(mine.below(60));
      }
    };
    const disturb = async (): Promise<void> => {
      while (!isOver()) {
        await pause(random.below(400));
        const at = random.below(remote.length);
        const server = remote[at];
        const proxy = proxies[at];
        if (server === undefined || proxy === undefined || `new${at - 5}` === calm) continue;
        switch (random.below(5)) {
          case 0:
            server.control({ command: 'expireSessions' });
            break;
          case 1:
            server.control({ command: 'hang', forMs: 300 });
            break;
          case 2:
            proxy.cut();
            break;
          case 3:
            edge.cut();
            break;
          default: {
            const name = random.pick(['own', 'team', 'all']);
            const [victim] = readLedger(files.at(['own', 'team', 'all'].indexOf(name) - 3) ?? '')
              .filter(({ event }) => event === 'start')
              .slice(-1);
            if (victim !== undefined) kill(victim.pid);
          }
        }
      }
    };
    await Promise.all([...callers.map(live), disturb()]);

    const answered = callers.reduce((sum, { answered: each }) => sum + each, 0);
    const told = `seed ${seed}, ${answered} answers, ${callers.reduce((sum, { failed }) => sum + failed, 0)} failures`;
    expect(
      callers.flatMap(({ who, strays }) => strays.map((stray) => `${who}: ${stray}`)),
      told,
    ).toEqual([]);
    expect(calmFailures, told).toEqual([]);
    const ids = files.flatMap((file) =>
      readLedger(file)
        .filter(({ event }) => event === 'call')
        .map((entry) => JSON.stringify(entry.arguments)),
    );
    // A client of 2026-07-28 sends a call again with its answers, which a server of that revision runs again.
    const twice = ids.filter((id, at) => ids.indexOf(id) !== at && !askedTwice(files, id));
    expect(twice, told).toEqual([]);
    for (const file of files) expect(readLedger(file).length, told).toBeGreaterThan(0);

    await Promise.all(callers.map((caller, at) => caller.leave(at % 3 === 0)));
    await expect.poll(() => gateway.clients.size, { timeout: 60_000 }).toBe(0);
    await edge.close();
    await gateway.close();
    // What the gateway said last to its servers may still be on its way through the proxies.
    for (const server of remote)
      await expect.poll(() => server.inspect().running, { timeout: 30_000, message: told }).toBe(0);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }, 180_000);
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Whether all runs of a call were of the tool that asks. */
function askedTwice(files: readonly string[], id: string): boolean {
  const runs = files.flatMap((file) =>
    readLedger(file).filter((entry) => JSON.stringify(entry.arguments) === id),
  );
  return runs.every(({ tool }) => tool === 'ask');
}
