import { describe, expect, it } from 'vitest';
import type { HandlerContext, SessionOptions } from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { jsonOf } from '../../support/results.ts';
import { local, tools } from '../../support/servers.ts';
import { open } from '../support/open.ts';
import { RawServer, type RawMessage } from '../support/raw-server.ts';

const sampled = { role: 'assistant', model: 'm', content: { type: 'text', text: 'ok' } } as const;
const form = { message: 'm', requestedSchema: { type: 'object', properties: {} } };
const KINDS = [
  { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } },
  { method: 'elicitation/create', params: form },
  { method: 'roots/list', params: {} },
];

/** Handlers that answer when they are told to, or when their request is cancelled. */
function slowHandlers() {
  const running: { context: HandlerContext; finish: () => void }[] = [];
  let most = 0;
  const wait = async <T>(context: HandlerContext, answer: T): Promise<T> => {
    await new Promise<void>((finish) => {
      const entry = { context, finish: () => finish() };
      running.push(entry);
      most = Math.max(most, running.length);
      context.signal.addEventListener('abort', () => finish());
    }).finally(() => {
      const index = running.findIndex((entry) => entry.context === context);
      if (index >= 0) running.splice(index, 1);
    });
    return answer;
  };
  return {
    running,
    most: () => most,
    handlers: {
      onSampling: (context) => wait(context, sampled),
      onElicitation: (context) => wait(context, { action: 'decline' as const }),
      onRoots: (context) => wait(context, []),
    } satisfies SessionOptions,
  };
}

/** A server of 2026-07-28 without anything to subscribe to. */
function discovered({ method }: Pick<RawMessage, 'method'>): object | undefined {
  if (method !== 'server/discover') return undefined;
  return {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    ttlMs: 0,
    cacheScope: 'private',
  };
}

function flood(server: RawServer, request: object, count: number, prefix = 'q'): string[] {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  for (const id of ids) server.send({ jsonrpc: '2.0', id, ...request });
  return ids;
}

function refusals({ received }: RawServer): RawMessage[] {
  return received.filter(({ error }) => error?.code === -32_603);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** How much work there was at most between two turns of a timer, in milliseconds of the processor's time. */
function watchSteps(): () => number {
  let longest = 0;
  let last = cpuMs();
  const timer = setInterval(() => {
    longest = Math.max(longest, cpuMs() - last);
    last = cpuMs();
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

describe('H10 a server that asks more than the handlers can answer', () => {
  it.each(KINDS)('$method: 10 at a time, 100 wait, the rest is refused at once', async (request) => {
    const server = new RawServer();
    const { handlers, running, most } = slowHandlers();
    const { seen, session } = await open(server.spec, { protocol: 'legacy', ...handlers });
    const ids = flood(server, request, 500);
    await expect.poll(() => refusals(server)).toHaveLength(390);
    expect(running).toHaveLength(10);
    expect(refusals(server)[0]?.error?.message).toMatch(/too many requests/);
    expect(refusals(server).map(({ id }) => id)).toEqual(ids.slice(110));
    // The refused ones are reported once.
    expect(seen('problem')).toHaveLength(1);
    expect(seen('problem')[0]?.error).toMatchObject({ server: 'tested', code: 'INVALID_RESULT' });
    expect(seen('problem')[0]?.error.message).toContain(request.method);
    // All that wait have their turn, and further ones come in.
    for (let done = 0; done < 110; done++) {
      await expect.poll(() => running.length).toBeGreaterThan(0);
      running[0]?.finish();
    }
    await expect.poll(() => ids.filter((id) => server.reply(id)?.result !== undefined)).toHaveLength(110);
    flood(server, request, 1, 'later');
    await expect.poll(() => running).toHaveLength(1);
    running[0]?.finish();
    await expect.poll(() => server.reply('later0')?.result).toBeDefined();
    expect(most()).toBe(10);
    expect(session.status.state).toBe('ready');
  });

  it('each kind has its own places', async () => {
    const server = new RawServer();
    const { handlers, running } = slowHandlers();
    await open(server.spec, { protocol: 'legacy', ...handlers });
    for (const [index, request] of KINDS.entries()) flood(server, request, 110, `k${index}-`);
    await expect.poll(() => running).toHaveLength(30);
    expect(refusals(server)).toEqual([]);
  });

  it.each([
    { serverRequests: { concurrency: 1, maxWaiting: 0 }, running: 1, refused: 19 },
    { serverRequests: { concurrency: 3 }, running: 3, refused: 0 },
    { serverRequests: { maxWaiting: 4 }, running: 10, refused: 6 },
    { serverRequests: { concurrency: Infinity }, running: 20, refused: 0 },
  ])('bounds are options: $serverRequests', async ({ serverRequests, running: expected, refused }) => {
    const server = new RawServer();
    const { handlers, running } = slowHandlers();
    await open(server.spec, { protocol: 'legacy', serverRequests, ...handlers });
    flood(server, KINDS[0] ?? {}, 20);
    await expect.poll(() => running).toHaveLength(expected);
    await expect.poll(() => refusals(server)).toHaveLength(refused);
  });

  it.each([{ concurrency: 0 }, { maxWaiting: -1 }, { max: 3 }, { concurrency: '3' }, 7])(
    'bounds that are none are refused: %o',
    async (serverRequests) => {
      const options = { serverRequests } as SessionOptions;
      const error = await failureOf(open(new RawServer().spec, options));
      expect(error.code).toBe('CONFIG_INVALID');
    },
  );

  it('a cancelled request gives its place away, whether it runs or waits', async () => {
    const server = new RawServer();
    const { handlers, running } = slowHandlers();
    await open(server.spec, { protocol: 'legacy', ...handlers });
    const ids = flood(server, KINDS[0] ?? {}, 110);
    await expect.poll(() => running).toHaveLength(10);
    for (const requestId of ids.slice(5, 100)) server.notify('notifications/cancelled', { requestId });
    // 5 of those that ran go on; 5 of the last ten have their turn.
    await expect
      .poll(() => running.map(({ context }) => context.requestId))
      .toEqual([...ids.slice(0, 5), ...ids.slice(100, 105)]);
    flood(server, KINDS[0] ?? {}, 95, 'more');
    await expect.poll(() => running).toHaveLength(10);
    expect(refusals(server)).toEqual([]);
  });

  it('a cancelled request gives its place away although its handler never settles', async () => {
    const server = new RawServer();
    let asked = 0;
    await open(server.spec, {
      protocol: 'legacy',
      onRoots: () => {
        asked++;
        return new Promise(() => {});
      },
    });
    for (let round = 1; round <= 5; round++) {
      const ids = flood(server, KINDS[2] ?? {}, 10, `r${round}-`);
      await expect.poll(() => asked).toBe(10 * round);
      for (const requestId of ids) server.notify('notifications/cancelled', { requestId });
    }
    // But a server cannot start handlers without end in this way.
    for (let round = 0; round < 20; round++) {
      for (const requestId of flood(server, KINDS[2] ?? {}, 100, `x${round}-`))
        server.notify('notifications/cancelled', { requestId });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(asked).toBeLessThanOrEqual(110);
  });

  it('the end of the connection frees all places', async () => {
    const server = new RawServer();
    const { handlers, running } = slowHandlers();
    const { session } = await open(server.spec, { protocol: 'legacy', ...handlers });
    flood(server, KINDS[1] ?? {}, 110);
    await expect.poll(() => running).toHaveLength(10);
    await server.drop();
    await expect.poll(() => running).toHaveLength(0);
    await expect.poll(() => session.status.state).toBe('ready');
    flood(server, KINDS[1] ?? {}, 110, 'again');
    await expect.poll(() => running).toHaveLength(10);
    expect(refusals(server)).toEqual([]);
  });

  it.each([
    ['an unknown member', { more: 1 }],
    ['params that are a list', { params: [] }],
    ['params that are a text', { params: 'x' }],
    ['meta that is none', { params: { _meta: 5 } }],
    ['a progress token that is none', { params: { _meta: { progressToken: {} } } }],
  ])('with strict checks, a request with %s gets an answer, and takes no place', async (_, odd) => {
    const server = new RawServer();
    const { handlers, running } = slowHandlers();
    await open(server.spec, { protocol: 'legacy', checks: 'strict', ...handlers });
    const ids = flood(server, { method: 'roots/list', ...odd }, 300);
    await expect
      .poll(() =>
        server.received.filter(({ id, method }) => method === undefined && ids.includes(String(id))),
      )
      .toHaveLength(300);
    flood(server, KINDS[2] ?? {}, 110, 'right');
    await expect.poll(() => running.length).toBe(10);
  });

  it('an id that is in use is refused, and one that was used is not', async () => {
    const server = new RawServer();
    const { handlers, running } = slowHandlers();
    await open(server.spec, { protocol: 'legacy', ...handlers });
    for (let times = 0; times < 3; times++) server.send({ jsonrpc: '2.0', id: 1, ...KINDS[0] });
    await expect.poll(() => server.received.filter(({ error }) => error?.code === -32_600)).toHaveLength(2);
    running[0]?.finish();
    await expect.poll(() => server.received.filter(({ result }) => result !== undefined)).toHaveLength(1);
    server.send({ jsonrpc: '2.0', id: 1, ...KINDS[0] });
    await expect.poll(() => running).toHaveLength(1);
  });

  it.each([...KINDS, { method: 'ping' }, { method: 'no/such' }])(
    '20,000 of $method in one call are all answered, and hold up nothing',
    async (request) => {
      const server = new RawServer((asked, self) => {
        if (asked.method !== 'tools/call') return undefined;
        flood(self, request, 20_000);
        return { content: [] };
      });
      const { handlers, running, most } = slowHandlers();
      const { session, seen } = await open(server.spec, { protocol: 'legacy', ...handlers });
      const answers = (): number => server.received.filter(({ id }) => typeof id === 'string').length;
      const before = cpuMs();
      await session.callTool('flood');
      // The server's own loop is one step; ours is what comes after it.
      const floodMs = cpuMs() - before;
      const steps = watchSteps();
      await expect.poll(answers, { timeout: 60_000 }).toBeGreaterThanOrEqual(20_000 - 110);
      expect(steps()).toBeLessThan(100);
      expect(floodMs).toBeLessThan(2_000);
      expect(most()).toBeLessThanOrEqual(10);
      expect(seen('problem').length).toBeLessThanOrEqual(1);
      while (running.length > 0) {
        running[0]?.finish();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await expect.poll(answers, { timeout: 60_000 }).toBe(20_000);
    },
  );

  it('answers that the server does not take are bounded', async () => {
    const server = new RawServer();
    const { seen, session } = await open(server.spec, { protocol: 'legacy' });
    const longId = 'x'.repeat(100_000);
    for (let count = 0; count < 1_000; count++)
      server.send({ jsonrpc: '2.0', id: `${count}${longId}`, method: 'ping' });
    await expect.poll(() => seen('problem').map(({ error }) => error.message)).toHaveLength(1);
    expect(seen('problem')[0]?.error.message).toContain('does not read the answers');
    server.send({ jsonrpc: '2.0', id: 'later', method: 'ping' });
    await expect.poll(() => server.reply('later')?.result).toEqual({});
    expect(session.status.state).toBe('ready');
  });

  it('2026-07-28: requests are not allowed at all, and reported once', async () => {
    const server = new RawServer(discovered, { modern: true });
    const { seen, session } = await open(server.spec, { protocol: '2026-07-28', onRoots: () => [] });
    flood(server, KINDS[2] ?? {}, 1_000);
    await expect.poll(() => seen('problem')).toHaveLength(1);
    expect(server.received.filter(({ method }) => method === undefined)).toEqual([]);
    expect(session.status.state).toBe('ready');
  });

  it.each([
    { count: 110, fails: false },
    { count: 111, fails: true },
    { count: 20_000, fails: true },
  ])('2026-07-28: one answer with $count questions', async ({ count, fails }) => {
    const inputRequests = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`k${index}`, { method: 'roots/list' }]),
    );
    let asked = 0;
    let running = 0;
    const server = new RawServer(
      ({ method, params }) => {
        if (method !== 'tools/call') return discovered({ method: method ?? '' });
        return params?.['inputResponses'] === undefined
          ? { resultType: 'input_required', inputRequests }
          : { resultType: 'complete', content: [] };
      },
      { modern: true },
    );
    const { session } = await open(server.spec, {
      protocol: '2026-07-28',
      onRoots: async () => {
        asked++;
        expect(++running).toBeLessThanOrEqual(10);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        return [];
      },
    });
    if (!fails) await session.callTool('ask');
    else expect((await failureOf(session.callTool('ask'))).message).toContain('"serverRequests" allows 110');
    expect(asked).toBe(fails ? 0 : count);
  });

  it('the other servers of the group notice nothing', async () => {
    const server = new RawServer(({ method }) => (method === 'tools/list' ? { tools: [] } : undefined));
    const { handlers, running } = slowHandlers();
    const other = local({
      era: 'legacy',
      tools: [...tools('echo'), { name: 'elicit', does: { type: 'elicit', params: form } }],
    });
    const group = await connectGroup({
      servers: {
        bad: { ...server.spec, protocol: 'legacy', ...handlers },
        good: { server: other, onElicitation: () => ({ action: 'decline' }) },
      },
    });
    flood(server, KINDS[1] ?? {}, 20_000);
    expect(jsonOf(await group.callTool('good__elicit'))).toMatchObject({ action: 'decline' });
    expect(jsonOf(await group.callTool('good__echo', { a: 1 }))).toEqual({ a: 1 });
    expect(running).toHaveLength(10);
  });
});
