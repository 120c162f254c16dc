import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionGroup } from '../../../src/index.ts';
import { listening } from '../support.ts';
import { talkingServer, type Talk } from './talking-server.ts';

/** A client that makes calls one after another, and notes whatever reaches it. */
class Caller {
  readonly who: string;
  readonly heard: string[] = [];
  readonly #client: Client;
  readonly #era: 'legacy' | 'modern';

  constructor(who: string, era: 'legacy' | 'modern', capabilities: object) {
    this.who = who;
    this.#era = era;
    const mode = era === 'modern' ? ({ pin: '2026-07-28' } as const) : 'legacy';
    this.#client = new Client({ name: who, version: '1' }, { capabilities, versionNegotiation: { mode } });
    if ('elicitation' in capabilities)
      this.#client.setRequestHandler('elicitation/create', ({ params }) => {
        this.heard.push(params.message);
        return { action: 'accept', content: { who } };
      });
    this.#client.setNotificationHandler('notifications/message', ({ params }) => {
      this.heard.push(String(params.data));
    });
  }

  async connect(url: string, user: string): Promise<this> {
    const requestInit = { headers: { 'x-user': user } };
    await this.#client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    onTestFinished(() => this.#client.close());
    return this;
  }

  async call(talk: Talk): Promise<string> {
    const _meta = this.#era === 'modern' && { 'io.modelcontextprotocol/logLevel': 'debug' };
    const result = await this.#client.callTool(
      { name: 's__talk', arguments: { ...talk }, ...(_meta !== false && { _meta }) },
      {
        // The official client reports its own rounds of input, too.
        onprogress: ({ message = '' }) => {
          if (!message.startsWith('Fulfilling input')) this.heard.push(message);
        },
      },
    );
    return JSON.stringify(result);
  }
}

const CALLERS = 5;
const CALLS = 4;
const STEPS = 3;
const capabilities = { elicitation: { form: {} } };
const auth = { verify: (request: Request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) };

/** Has many clients call at the same time, and returns what each heard that was not its own. Every answer must be its own. */
async function storm(callers: readonly Caller[], asks: number, strays: number): Promise<string[]> {
  await Promise.all(
    callers.map(async (caller) => {
      for (let at = 0; at < CALLS; at++) {
        const id = `${caller.who} ${at}`;
        const result = await caller.call({ id, steps: STEPS, asks, strays });
        expect(result).toContain(`\\"id\\":\\"${id}\\"`);
        // Each question was answered by the one who called, and no question was refused.
        expect(result.split(`\\"who\\":\\"${caller.who}\\"`).length - 1).toBe(asks);
      }
    }),
  );
  for (const { who, heard } of callers) {
    const count = (what: string): number => heard.filter((each) => each.endsWith(what)).length;
    expect(count(' asks'), who).toBe(CALLS * asks);
    expect(count(' log'), who).toBe(CALLS * STEPS);
    expect(count(' progress'), who).toBe(CALLS * STEPS);
  }
  return callers.flatMap(({ who, heard }) => heard.filter((each) => !each.startsWith(`${who} `)));
}

describe('I1 what a server says and asks in a call, while many clients call', () => {
  for (const resumes of [false, true])
    for (const isolation of ['client', 'principal', 'shared'] as const)
      for (const era of ['legacy', 'modern'] as const)
        it(`reaches the ${era} client that called, and nobody else, on sessions that are "${isolation}"${resumes ? ' and can be resumed' : ''}`, async () => {
          const server = await talkingServer({ resumes });
          const { url } = await listening({ servers: { s: { url: server.url, isolation } }, auth });
          // With "principal" all are one user, who share one session.
          const users = isolation === 'principal' ? 1 : CALLERS;
          const callers = await Promise.all(
            Array.from({ length: CALLERS }, (_, at) =>
              new Caller(`caller${at}`, era, capabilities).connect(url, `user${at % users}`),
            ),
          );
          expect(await storm(callers, isolation === 'shared' ? 0 : 2, 0)).toEqual([]);
          // The session over which it is listed, and those of the clients.
          if (isolation === 'principal') expect(server.sessions()).toBeLessThanOrEqual(2);
          if (isolation === 'shared') expect(server.sessions()).toBe(1);
        });

  for (const isolation of ['principal', 'shared'] as const)
    it(`reaches nobody when it comes on no stream of a call, on sessions that are "${isolation}"`, async () => {
      const server = await talkingServer();
      const { url } = await listening({ servers: { s: { url: server.url, isolation } }, auth });
      const callers = await Promise.all(
        ['ada', 'bob'].map((who) => new Caller(who, 'legacy', {}).connect(url, 'user')),
      );
      expect(await storm(callers, 0, STEPS)).toEqual([]);
      await server.stray('late');
      // Whatever was sent before its answer has come by then.
      for (const caller of callers) await caller.call({ id: caller.who });
      const strays = callers.flatMap(({ heard }) => heard).filter((each) => !/ (log|progress)$/.test(each));
      expect(strays).toEqual([]);
    });

  it('reaches the one client of a session also when it comes on no stream of a call', async () => {
    const server = await talkingServer();
    const { url } = await listening({ servers: { s: { url: server.url } }, auth });
    const [ada, bob] = await Promise.all([
      new Caller('ada', 'legacy', capabilities).connect(url, 'user'),
      new Caller('bob', 'legacy', capabilities).connect(url, 'user'),
    ]);
    await Promise.all(
      [ada, bob].map((caller) => caller.call({ id: caller.who, strays: 3, asksOutside: true })),
    );
    for (const { who, heard } of [ada, bob]) {
      await expect.poll(() => heard.filter((each) => each === `${who} stray`).length).toBe(3);
      expect(heard).toContain(`${who} asks`);
      expect(heard.filter((each) => !each.startsWith(who))).toEqual([]);
    }
  });

  it('is asked of the only client that calls when it comes on no stream of a call, and of nobody while several do', async () => {
    const server = await talkingServer();
    const { url } = await listening({ servers: { s: { url: server.url, isolation: 'principal' } }, auth });
    const [ada, bob] = await Promise.all([
      new Caller('ada', 'legacy', capabilities).connect(url, 'user'),
      new Caller('bob', 'legacy', capabilities).connect(url, 'user'),
    ]);
    expect(await ada.call({ id: 'ada 1', asksOutside: true })).toContain('\\"who\\":\\"ada\\"');
    const long = bob.call({ id: 'bob 1', steps: 100, maxMs: 30 });
    await expect.poll(() => bob.heard).toContain('bob 1 log');
    expect(await ada.call({ id: 'ada 2', asksOutside: true })).toContain('No client can be asked now');
    await long;
    expect(bob.heard.filter((each) => !each.startsWith('bob 1'))).toEqual([]);
  });

  it('reaches the client that called also through a group that is served', async () => {
    const server = await talkingServer();
    await using group = await SessionGroup.connect({ servers: { s: { url: server.url } } });
    const { url } = await listening({ group, auth });
    const callers = await Promise.all(
      Array.from({ length: CALLERS }, (_, at) =>
        new Caller(`caller${at}`, at % 2 === 0 ? 'legacy' : 'modern', {}).connect(url, `user${at}`),
      ),
    );
    expect(await storm(callers, 0, 1)).toEqual([]);
    expect(server.sessions()).toBe(1);
  });
});
