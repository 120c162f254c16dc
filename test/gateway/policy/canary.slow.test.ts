import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApiKey, type ClientRule } from '../../../src/gateway/index.ts';
import type { ScriptedHttpServer, ScriptedTool } from '../../../src/testing/index.ts';
import { http } from '../../support/servers.ts';
import { listening } from '../support.ts';

const PRINCIPALS = 100;
const SERVERS = 10;
const TOOLS = 6;
const ROUNDS = 2;

const toolsOf = (server: number, more = 0): ScriptedTool[] =>
  Array.from({ length: TOOLS + more }, (_, at) => ({
    name: `t${at}`,
    description: `Tool ${at} of s${server}.`,
  }));
const uriOf = (server: number): string => `s${server}://canary`;

/** Sees two of the servers, and of each all tools but one; every third is shown a search. */
class Principal {
  readonly key;
  readonly era: 'legacy' | 'modern';
  readonly heard: string[] = [];
  readonly client: Client;
  readonly #nr: number;

  constructor(nr: number) {
    this.#nr = nr;
    this.key = createApiKey(`p${nr}`);
    this.era = nr % 2 === 0 ? 'legacy' : 'modern';
    const mode = this.era === 'modern' ? ({ pin: '2026-07-28' } as const) : 'legacy';
    this.client = new Client({ name: `p${nr}`, version: '1' }, { versionNegotiation: { mode } });
    this.client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      this.heard.push(params.uri);
    });
  }

  get servers(): readonly number[] {
    return [this.#nr % SERVERS, (this.#nr + 3) % SERVERS];
  }

  get searches(): boolean {
    return this.#nr % 3 === 0;
  }

  get deniedTool(): number {
    return this.#nr % TOOLS;
  }

  get rule(): ClientRule {
    return {
      match: { key: `p${this.#nr}` },
      servers: this.servers.map((server) => `s${server}`),
      deny: [`*__t${this.deniedTool}`],
      view: this.searches ? 'search' : 'tools',
    };
  }

  async connect(url: string): Promise<void> {
    const requestInit = { headers: { authorization: `Bearer ${this.key.key}` } };
    await this.client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    onTestFinished(() => this.client.close());
    const uris = this.servers.map(uriOf);
    if (this.era === 'modern') await this.client.listen({ resourceSubscriptions: uris });
    else for (const uri of uris) await this.client.subscribeResource({ uri });
  }

  /** The names of the tools that it finds now. */
  async names(): Promise<string[]> {
    const tools = (await this.client.listTools()).tools.map(({ name }) => name);
    if (!this.searches) return tools;
    if (tools.join() !== 'search_tools,describe_tools,call_tool') return tools;
    const found = await this.client.callTool({
      name: 'search_tools',
      arguments: { query: 'tool', limit: 20 },
    });
    return [...JSON.stringify(found.content).matchAll(/s\d+__t\d+/g)].map(([name]) => name);
  }

  mayUse(name: string): boolean {
    const [, server = '', tool = ''] = /^s(\d+)__t(\d+)$/.exec(name) ?? [];
    return this.servers.includes(Number(server)) && Number(tool) !== this.deniedTool;
  }

  async call(name: string, canary: string): Promise<string> {
    const [called, args] = this.searches
      ? ['call_tool', { name, arguments: { canary } }]
      : [name, { canary }];
    const result = await this.client
      .callTool({ name: called, arguments: args })
      .catch((error: unknown) => error);
    return result instanceof Error ? result.message : JSON.stringify(result);
  }
}

/** What one principal sees and reaches that is not its own, or lacks of its own. */
async function wrongOf(principal: Principal, round: number): Promise<string[]> {
  const wrong: string[] = [];
  const seen = await principal.names();
  for (const name of seen) if (!principal.mayUse(name)) wrong.push(`sees ${name}`);
  if (!principal.searches && seen.length < 2 * (TOOLS - 1)) wrong.push(`sees only ${seen.join()}`);
  for (let server = 0; server < SERVERS; server++) {
    const name = `s${server}__t${(server + round) % TOOLS}`;
    const canary = `canary ${principal.key.record.name} ${name} ${round}`;
    const answer = await principal.call(name, canary);
    if (principal.mayUse(name) !== answer.includes(canary)) wrong.push(`${name}: ${answer.slice(0, 200)}`);
    const isMine = principal.servers.includes(server);
    const read = await principal.client
      .readResource({ uri: uriOf(server) })
      .then(({ contents }) => JSON.stringify(contents))
      .catch(() => 'refused');
    if (read.includes(`text of s${server}`) !== isMine) wrong.push(`${uriOf(server)}: ${read}`);
  }
  return wrong;
}

describe('a hundred principals with different views on one gateway', () => {
  it('see and reach exactly their own, while they all call and the servers change', async () => {
    const principals = Array.from({ length: PRINCIPALS }, (_, nr) => new Principal(nr));
    const servers: ScriptedHttpServer[] = [];
    for (let nr = 0; nr < SERVERS; nr++)
      servers.push(
        await http({
          era: nr % 2 === 0 ? 'legacy' : 'modern',
          tools: toolsOf(nr),
          resources: [{ uri: uriOf(nr), text: `text of s${nr}` }],
        }),
      );
    const { url, gateway } = await listening({
      servers: Object.fromEntries(
        // Some of them have a session for each principal.
        servers.map((server, nr) => [
          `s${nr}`,
          { url: server.url, isolation: nr < 3 ? ('principal' as const) : ('shared' as const) },
        ]),
      ),
      auth: { keys: principals.map(({ key }) => key.record) },
      clients: principals.map(({ rule }) => rule),
      limits: { upstreamSessions: 1_000, upstreamSessionsPerServer: 500 },
    });
    for (const principal of principals) await principal.connect(url);

    const over = new AbortController();
    const changing = (async () => {
      for (let at = 0; !over.signal.aborted; at++) {
        const nr = at % SERVERS;
        servers[nr]?.control({ command: 'setTools', tools: toolsOf(nr, at % 2) });
        servers[nr]?.control({ command: 'resourceUpdated', uri: uriOf(nr) });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    expect(gateway.clients.size).toBe(PRINCIPALS / 2);
    const wrong = await Promise.all(
      principals.map(async (principal) => {
        const all: string[] = [];
        for (let round = 0; round < ROUNDS; round++) all.push(...(await wrongOf(principal, round)));
        return all.map((each) => `${principal.key.record.name} ${each}`);
      }),
    );
    over.abort();
    await changing;
    expect(wrong.flat()).toEqual([]);
    const strangers = principals.flatMap(({ heard, servers: mine }) =>
      heard.filter((uri) => !mine.map(uriOf).includes(uri)),
    );
    expect(strangers).toEqual([]);
    expect(principals.some(({ heard }) => heard.length > 0)).toBe(true);
    for (const { key, servers: mine } of principals) {
      const { tools } = gateway.catalogFor({ principal: `key:${key.record.id}`, key: key.record.name });
      expect(new Set([...tools.values()].map(({ server }) => server))).toEqual(
        new Set(mine.map((nr) => `s${nr}`)),
      );
    }
  }, 300_000);
});
