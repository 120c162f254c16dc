import { describe, expect, it } from 'vitest';
import { serve } from '../support/loopback.ts';
import { connectGroup } from '../support/groups.ts';
import { failureOf } from '../support/failures.ts';
import { ERAS, open, openFailure } from './support/open.ts';
import { RawServer, SILENCE, type RawMessage } from './support/raw-server.ts';

const tool = { name: 't', inputSchema: { type: 'object' } };
const listed = { tools: [tool] };
const complete = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
/** Without announced changes, for which nobody would subscribe here. */
const discovered = { ...complete, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };
const TIMELY = { timeoutMs: 5_000 };
const text = [{ type: 'text', text: 'done' }];
const done = (modern: boolean): object => ({ content: text, ...(modern && { resultType: 'complete' }) });

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

/** A server that answers every tool call with a message of these members beside its id. */
function answering(modern: boolean, members: (request: RawMessage) => object): RawServer {
  return new RawServer(
    (request, server) => {
      if (request.method === 'server/discover' && modern) return discovered;
      if (request.method === 'tools/list') return { ...listed, ...(modern && complete) };
      if (request.method !== 'tools/call') return undefined;
      server.send({ jsonrpc: '2.0', id: request.id, ...members(request) });
      return SILENCE;
    },
    { modern },
  );
}

describe.each(ERAS)('R6 an answer with an odd envelope, in the $era era', ({ era, protocol }) => {
  const modern = era === 'modern';
  const result = done(modern);

  it.each<[string, object]>([
    ['the method of its request', { method: 'tools/call', result }],
    ['an empty method', { method: '', result }],
    ['a method that is null', { method: null, result }],
    ['the method and the params of its request', { method: 'tools/call', params: { name: 't' }, result }],
    ['false for its error', { error: false, result }],
    ['an empty text for its error', { error: '', result }],
    ['zero for its error', { error: 0, result }],
    ['a method and null for its error', { method: 'tools/call', error: null, result }],
  ])('is the answer, with %s', async (_what, members) => {
    const server = answering(modern, () => members);
    const { session } = await open(server.spec, { protocol, ...TIMELY });
    expect((await session.callTool('t')).content).toEqual(text);
    // It is not taken for a request, which would be answered.
    expect(server.received.filter(({ method }) => method === undefined)).toEqual([]);
  });

  it.each<[string, object, string]>([
    [
      'a method beside its error',
      { method: 'tools/call', error: { code: -32_000, message: 'no' } },
      'PROTOCOL',
    ],
    ['an error whose message is nested deeply', { error: { code: 1, message: nested(100_000) } }, 'PROTOCOL'],
    ['neither a result nor an error', {}, 'INVALID_RESULT'],
    ['a true error beside its result', { error: true, result }, 'INVALID_RESULT'],
  ])('fails its request at once, with %s', async (_what, members, code) => {
    const server = answering(modern, () => members);
    const { session } = await open(server.spec, { protocol, ...TIMELY });
    const failure = await failureOf(session.callTool('t'));
    expect(failure.code).toBe(code);
    expect(session.status.state).toBe('ready');
  });

  it('with a method is an error when checks are strict', async () => {
    const server = answering(modern, () => ({ method: 'tools/call', result }));
    const { session } = await open(server.spec, { protocol, checks: 'strict', ...TIMELY });
    expect((await failureOf(session.callTool('t'))).code).toBe('INVALID_RESULT');
  });

  it('has content of an unknown type that is nested deeply', async () => {
    const odd = { type: 'odd', value: nested(100_000) };
    const server = answering(modern, () => ({ result: { ...result, content: [odd, ...text] } }));
    const { session } = await open(server.spec, { protocol, ...TIMELY });
    const { content } = await session.callTool('t');
    expect(content.map(({ type }) => type)).toEqual(['odd', 'text']);
  });
});

describe('R6 an answer that repeats the method over HTTP', () => {
  it.each(['application/json', 'text/event-stream'])('as %s', async (type) => {
    const server = await serve((request, response, body) => {
      if (request.method !== 'POST') return void response.writeHead(405).end();
      const { id, method, params } = JSON.parse(body) as RawMessage;
      if (id === undefined) return void response.writeHead(202).end();
      const results: Record<string, unknown> = {
        initialize: {
          protocolVersion: params?.['protocolVersion'],
          capabilities: { tools: {} },
          serverInfo: { name: 'odd', version: '1' },
        },
        'tools/list': { tools: [{ name: 't', inputSchema: { type: 'object' } }] },
        'tools/call': { content: text },
      };
      const result = results[method ?? ''];
      const answer =
        result === undefined ? { error: { code: -32_601, message: 'no' } } : { result, error: null };
      const json = JSON.stringify({ jsonrpc: '2.0', id, method, ...answer });
      response.writeHead(200, { 'content-type': type });
      response.end(type === 'application/json' ? json : `data: ${json}\n\n`);
    });
    const { session } = await open({ type: 'http', url: server.url }, { ...TIMELY });
    expect((await session.callTool('t')).content).toEqual(text);
    expect((await session.listTools()).tools.map(({ name }) => name)).toEqual(['t']);
  });
});

describe('R6 a server in this process that sends its answers in lists', () => {
  it('is understood', async () => {
    const server = {
      async connect(transport: {
        onmessage?: ((message: never) => void) | undefined;
        start(): Promise<void>;
        send(message: never): Promise<void>;
      }) {
        const send = (message: unknown): Promise<void> => transport.send(message as never);
        transport.onmessage = (message: RawMessage) => {
          const { id, method, params } = message;
          if (id === undefined) return;
          const result =
            method === 'initialize'
              ? {
                  protocolVersion: params?.['protocolVersion'],
                  capabilities: { tools: {} },
                  serverInfo: { name: 'lists', version: '1' },
                }
              : { content: text };
          const answer =
            method === 'server/discover' ? { error: { code: -32_601, message: 'no' } } : { result };
          void send([{ jsonrpc: '2.0', id, ...answer }]);
        };
        await transport.start();
      },
      async close() {},
    };
    const { session } = await open({ server: () => server }, { ...TIMELY });
    expect((await session.callTool('t')).content).toEqual(text);
  });
});

describe('R6 a handshake with odd members', () => {
  const shaking = (members: object): RawServer =>
    new RawServer(({ method, params }) => {
      if (method === 'tools/list') return { tools: [{ name: 't', inputSchema: { type: 'object' } }] };
      if (method !== 'initialize') return undefined;
      const known = { protocolVersion: params?.['protocolVersion'], capabilities: { tools: {} } };
      return { ...known, serverInfo: { name: 'odd', version: '1' }, ...members };
    });

  it.each<[string, object]>([
    ['a version that is a number', { protocolVersion: 20251125 }],
    ['a version with white space', { protocolVersion: ' 2025-06-18\n' }],
    ['a capability that is a text', { capabilities: { tools: 'yes' } }],
    ['a capability that is a number', { capabilities: { tools: 1 } }],
    ['a capability that is a list', { capabilities: { tools: ['list'] } }],
  ])('connects and has its tools: %s', async (_what, members) => {
    const servers = { odd: shaking(members).spec, good: shaking({}).spec };
    const group = await connectGroup({ servers, protocol: 'legacy' });
    expect([...group.tools.keys()].toSorted()).toEqual(['good__t', 'odd__t']);
  });

  it.each<[string, object]>([
    ['capabilities that are a text', { capabilities: 'tools' }],
    ['capabilities that are a list', { capabilities: ['tools'] }],
    ['capabilities that are true', { capabilities: true }],
  ])('connects: %s', async (_what, members) => {
    const { session } = await open(shaking(members).spec, { protocol: 'legacy', ...TIMELY });
    expect(session.status.state).toBe('ready');
  });

  it.each<[string, object]>([
    ['a version that is null', { protocolVersion: null }],
    ['a version that is a list', { protocolVersion: [] }],
  ])('does not connect: %s', async (_what, members) => {
    expect((await openFailure(shaking(members).spec, { protocol: 'legacy', reconnect: false })).code).toBe(
      'CONNECT_FAILED',
    );
  });
});

describe.each(ERAS)('R4 an odd list, in the $era era', ({ era, protocol }) => {
  const modern = era === 'modern';
  const listing = (result: object): RawServer =>
    new RawServer(
      ({ method }) => {
        if (method === 'server/discover' && modern) return discovered;
        return method === 'tools/list' ? { ...(modern && complete), ...result } : undefined;
      },
      { modern },
    );

  it('that is an empty object is empty', async () => {
    const { session, seen } = await open(listing({ tools: {} }).spec, { protocol, ...TIMELY });
    expect((await session.listTools()).tools).toEqual([]);
    await expect.poll(() => seen('problem').length).toBe(1);
  });

  it('is told without a member that is nested deeply', async () => {
    const server = listing({ tools: [tool], extra: nested(100_000) });
    const { session, seen } = await open(server.spec, { protocol, ...TIMELY });
    const listed = await session.listTools();
    expect(listed.tools.map(({ name }) => name)).toEqual(['t']);
    expect(listed).not.toHaveProperty('extra');
    await expect
      .poll(() =>
        seen('problem')
          .map(({ error }) => error.message)
          .join(),
      )
      .toContain('extra');
  });

  it('that is nested deeply is an error at once when checks are strict', async () => {
    const server = listing({ tools: [tool], extra: nested(100_000) });
    const { session } = await open(server.spec, { protocol, checks: 'strict', ...TIMELY });
    expect((await failureOf(session.listTools())).code).toBe('INVALID_RESULT');
  });
});
