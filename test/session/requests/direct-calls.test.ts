import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlenumError, type CallOptions, type Session, type SessionOptions } from '../../../src/index.ts';
import { serve, type Loopback } from '../../support/loopback.ts';
import { open } from '../support/open.ts';
import { RawServer, SILENCE, type RawMessage } from '../support/raw-server.ts';

const protocol = '2026-07-28';
const cacheable = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';
const serverInfo = { name: 'tested', version: '1' };
const text = { type: 'text', text: 'done' };
const form = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'Sure?', requestedSchema: { type: 'object', properties: {} } },
};

/** Names that a header can carry, and names that it can carry only in another form. */
const NAMES = ['t', 'a b', ' a', 'ä', '工具', '=?base64?dA==?=', 'x\ny', '%', '"quoted"', ''];
const outputSchema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] };
const tools = [
  ...NAMES.map((name) => ({ name, inputSchema: { type: 'object' } })),
  { name: 'promised', inputSchema: { type: 'object' }, outputSchema },
  { name: 'nullable', inputSchema: { type: 'object' }, outputSchema: { type: ['object', 'null'] } },
];

/** A call that wants progress is the official client's. */
const OFFICIALLY: CallOptions = { onProgress: () => {} };

function refuse({ id }: RawMessage, server: RawServer): typeof SILENCE {
  server.send({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'There is no such method.' } });
  return SILENCE;
}

/**
 * A server of 2026-07-28 that answers every tool call with a message of these members beside its id, and then with an error,
 * which counts where the first one was dropped.
 */
function answering(members: (request: RawMessage) => object): RawServer {
  return new RawServer(
    (request, server) => {
      if (request.method === 'tools/list') return { ...cacheable, tools };
      if (request.method === 'subscriptions/listen') return refuse(request, server);
      if (request.method !== 'tools/call') return undefined;
      server.send({ jsonrpc: '2.0', id: request.id, ...members(request) });
      server.send({ jsonrpc: '2.0', id: request.id, error: { code: -32_050, message: 'dropped' } });
      return SILENCE;
    },
    { modern: true },
  );
}

/** What a caller learns of a call. */
function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (result) => ({ result }),
    (error: unknown) => {
      if (!(error instanceof PlenumError)) throw error;
      const { code, message, rpcCode, data, maybeExecuted } = error;
      return { code, message, rpcCode, data, maybeExecuted };
    },
  );
}

const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('text', 'image', '', true, null, text));
const keys = fc.constantFrom(
  'type',
  'text',
  'data',
  'mimeType',
  'annotations',
  '_meta',
  'more',
  'uri',
  'name',
);
const block = fc.oneof(
  { weight: 3, arbitrary: fc.constant(text) },
  { weight: 1, arbitrary: fc.constant({ type: 'image', data: 'aGk=', mimeType: 'image/png' }) },
  { weight: 1, arbitrary: fc.constant({ type: 'resource_link', uri: 'a:b', name: 'x' }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('text', 'image', 'x'), text: fc.string() }) },
  { weight: 1, arbitrary: fc.dictionary(keys, value) },
  { weight: 1, arbitrary: value },
);
const meta = fc.oneof(
  value,
  fc.record({
    [SERVER_INFO]: fc.oneof(fc.constant(serverInfo), fc.constant({ ...serverInfo, title: 't' }), value),
  }),
  fc.dictionary(keys, value),
);
const result = fc.record(
  {
    resultType: fc.oneof(
      { weight: 4, arbitrary: fc.constant('complete') },
      { weight: 1, arbitrary: fc.constant('input_required') },
      { weight: 1, arbitrary: value },
    ),
    content: fc.oneof(fc.array(block, { maxLength: 3 }), fc.array(fc.constant(text)), value),
    structuredContent: fc.oneof(fc.record({ a: fc.integer() }), fc.dictionary(fc.string(), value), value),
    isError: fc.oneof(fc.boolean(), value),
    _meta: meta,
    inputRequests: fc.oneof(fc.constant({ a: form }), value),
    requestState: fc.constantFrom('state', '', 1),
    task: value,
    more: value,
  },
  { requiredKeys: [] },
);
const usual = fc.record(
  {
    resultType: fc.constant('complete'),
    content: fc.array(fc.oneof({ weight: 5, arbitrary: fc.constant(text) }, block), { maxLength: 3 }),
    structuredContent: fc.oneof(fc.record({ a: fc.integer() }), fc.record({ a: fc.string() }), value),
    isError: fc.boolean(),
    _meta: fc.oneof(fc.constant({ [SERVER_INFO]: serverInfo }), meta),
  },
  { requiredKeys: ['resultType', 'content'] },
);
const error = fc.oneof(
  fc.record({ code: fc.integer(), message: fc.string(), data: value }, { requiredKeys: ['code', 'message'] }),
  fc.record({ code: value, message: value, data: value }, { requiredKeys: [] }),
  value,
);
/** What an answer has beside its id. */
const answers = fc.oneof(
  { weight: 4, arbitrary: fc.record({ result: usual }) },
  { weight: 4, arbitrary: fc.record({ result }) },
  { weight: 2, arbitrary: fc.record({ error }) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        result: fc.oneof(usual, value),
        error: fc.oneof(error, fc.constant(null)),
        jsonrpc: fc.constantFrom('2.0', '1.0', 2, null),
        method: fc.constantFrom('tools/call', '', null),
        more: value,
      },
      { requiredKeys: [] },
    ),
  },
);

const parse = (given: unknown): object => JSON.parse(JSON.stringify(given)) as object;

describe.each(['lenient', 'strict'] as const)(
  'an answer to a call past the official client, checks %s',
  (checks) => {
    const options: SessionOptions = {
      protocol,
      checks,
      timeoutMs: 20_000,
      maxInputRounds: 2,
      onElicitation: () => ({ action: 'accept', content: { yes: true } }),
    };

    it('gives the same result, or the same error, and the same reports as through it', async () => {
      let members: object = {};
      const complete = { result: { resultType: 'complete', content: [text] } };
      // What is asked for once is answered, so that the next round is the last one.
      const answer = ({ params }: RawMessage): object =>
        params?.['inputResponses'] === undefined && params?.['requestState'] === undefined
          ? members
          : complete;
      const connect = async (): Promise<{ session: Session; problems: () => string[] }> => {
        const { session, seen } = await open(answering(answer).spec, options);
        await session.listTools();
        // Of the second answer to a call that has one already: its number is another on each way.
        const isSurplus = (message: string): boolean => message.includes('unknown message ID');
        const problems = (): string[] =>
          seen('problem').flatMap(({ error: { message } }) => (isSurplus(message) ? [] : [message]));
        return { session, problems };
      };
      const [direct, official] = [await connect(), await connect()];
      const call = fc.record(
        {
          allowInputRequired: fc.constant(true),
          meta: fc.constant({ a: 1 }),
        },
        { requiredKeys: [] },
      );
      await fc.assert(
        fc.asyncProperty(
          answers,
          fc.constantFrom('t', 'promised', 'nullable', 'unlisted'),
          call,
          async (made, tool, given) => {
            members = parse(made);
            const ways = await Promise.all([
              outcomeOf(direct.session.callTool(tool, { a: 1 }, given)),
              outcomeOf(official.session.callTool(tool, { a: 1 }, { ...given, ...OFFICIALLY })),
            ]);
            expect(ways[0]).toStrictEqual(ways[1]);
          },
        ),
        { numRuns: 800 },
      );
      await expect.poll(() => direct.problems()).toStrictEqual(official.problems());
      expect(direct.session.status.state).toBe('ready');
    });
  },
);

const jsonMeta = fc.dictionary(fc.constantFrom('a', 'traceparent', 'com.example/x'), value);
const sentOptions = fc.record(
  {
    meta: jsonMeta,
    inputResponses: fc.dictionary(fc.constantFrom('a', 'b'), fc.constant({ action: 'accept' })),
    requestState: fc.string(),
  },
  { requiredKeys: [] },
);
const sentArguments = fc.option(fc.dictionary(fc.string(), value), { nil: undefined });
const usualAnswer = { result: { resultType: 'complete', content: [text] } };

/** A request without what the official client adds for progress, and without its number. */
function comparable(body: RawMessage): unknown {
  const { id: _, params = {}, ...rest } = body;
  const { progressToken: __, ...others } = (params['_meta'] ?? {}) as Record<string, unknown>;
  return { ...rest, params: { ...params, _meta: others } };
}

describe('a call past the official client is the same request', () => {
  it('on a stream that all requests share', async () => {
    const server = answering(() => usualAnswer);
    const { session } = await open(server.spec, {
      protocol,
      clientInfo: { name: 'mine', version: '3', title: 'Mine' },
      capabilities: { experimental: { x: {} } },
      onElicitation: () => ({ action: 'decline' }),
      onRoots: () => ({ roots: [] }),
    });
    await session.listTools();
    await session.setLoggingLevel('warning');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NAMES), sentArguments, sentOptions, async (name, args, given) => {
        server.received.splice(0);
        await session.callTool(name, args, given);
        await session.callTool(name, args, { ...given, ...OFFICIALLY });
        const [direct, official] = server.requests('tools/call');
        expect(direct && comparable(direct)).toStrictEqual(official && comparable(official));
        expect(Number(direct?.id)).toBeGreaterThanOrEqual(1_000_000_000);
        expect(Number(official?.id)).toBeLessThan(1_000_000_000);
      }),
      { numRuns: 200 },
    );
  });

  it('and its cancellation the same notification', async () => {
    const silent = new RawServer(
      (request, server) => {
        if (request.method === 'subscriptions/listen') return refuse(request, server);
        return request.method === 'tools/list' ? { ...cacheable, tools } : undefined;
      },
      { modern: true },
    );
    const { session } = await open(silent.spec, { protocol });
    await session.listTools();
    for (const [at, how] of [{}, OFFICIALLY].entries()) {
      const stop = new AbortController();
      const call = outcomeOf(session.callTool('t', {}, { ...how, signal: stop.signal }));
      await expect.poll(() => silent.requests('tools/call').length).toBe(at + 1);
      stop.abort();
      expect(await call).toMatchObject({ code: 'ABORTED', maybeExecuted: true });
    }
    const [direct, official] = silent.notifications('notifications/cancelled');
    const withoutId = (message: RawMessage | undefined): unknown => ({
      ...message,
      params: { ...message?.params, requestId: 0 },
    });
    expect(withoutId(direct)).toStrictEqual(withoutId(official));
    expect(direct?.params?.['requestId']).toBe(silent.requests('tools/call')[0]?.id);
  });

  it.each(['json', 'sse'] as const)('over HTTP, with the same headers, answered as %s', async (as) => {
    const server = await serveModern(as);
    const { session } = await open(
      { url: server.url },
      { protocol, clientInfo: { name: 'mine', version: '3' } },
    );
    await session.listTools();
    await session.setLoggingLevel('info');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NAMES), sentArguments, sentOptions, async (name, args, given) => {
        const before = server.seen.length;
        await session.callTool(name, args, given);
        await session.callTool(name, args, { ...given, ...OFFICIALLY });
        const [direct, official] = server.seen.slice(before).map(({ headers, body }) => ({
          headers: { ...headers, 'content-length': undefined, connection: undefined },
          body: comparable(JSON.parse(body) as RawMessage),
        }));
        expect(direct).toStrictEqual(official);
        expect(direct?.headers).toMatchObject({
          'mcp-method': 'tools/call',
          'mcp-protocol-version': '2026-07-28',
        });
      }),
      { numRuns: 60 },
    );
  });

  it('over HTTP, and its cancellation the end of its exchange, without a notification', async () => {
    const server = await serveModern('never');
    const { session } = await open({ url: server.url }, { protocol });
    await session.listTools();
    const stop = new AbortController();
    const calls = [
      outcomeOf(session.callTool('t', {}, { signal: stop.signal })),
      outcomeOf(session.callTool('t', {}, { signal: stop.signal, ...OFFICIALLY })),
    ];
    await expect.poll(() => server.pending().length).toBe(2);
    stop.abort();
    const [direct, official] = await Promise.all(calls);
    expect(direct).toStrictEqual(official);
    await expect.poll(() => server.pending().length).toBe(0);
    const limited = await outcomeOf(session.callTool('t', {}, { timeoutMs: 50 }));
    expect(limited).toMatchObject({ code: 'TIMEOUT', maybeExecuted: true });
    await expect.poll(() => server.pending().length).toBe(0);
    expect(server.seen.filter(({ body }) => body.includes('cancelled'))).toEqual([]);
    expect(session.status.state).toBe('ready');
  });
});

/** Over HTTP. Its tool calls are never answered with `never`. */
function serveModern(as: 'json' | 'sse' | 'never'): Promise<Loopback> {
  return serve((request, response, body) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const { id, method } = JSON.parse(body) as RawMessage;
    if (id === undefined) return void response.writeHead(202).end();
    if (method === 'tools/call' && as === 'never') return;
    const results: Record<string, unknown> = {
      'server/discover': {
        ...cacheable,
        supportedVersions: [protocol],
        capabilities: { tools: {}, logging: {} },
      },
      'tools/list': { ...cacheable, tools },
      'tools/call': usualAnswer.result,
    };
    const json = JSON.stringify({ jsonrpc: '2.0', id, result: results[method ?? ''] });
    response.writeHead(200, { 'content-type': as === 'sse' ? 'text/event-stream' : 'application/json' });
    response.end(as === 'sse' ? `data: ${json}\n\n` : json);
  });
}
