import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectGroup, newSession } from '../support/groups.ts';
import { EventLog } from '../support/event-log.ts';
import { failureOf } from '../support/failures.ts';
import { http, local } from '../support/servers.ts';
import { ERAS } from '../session/support/open.ts';
import { RawServer, SILENCE, type Answer } from '../session/support/raw-server.ts';
import { stdioSpec } from '../../src/testing/index.ts';

const tool = { name: 'good', inputSchema: { type: 'object' } };
const nested = (levels: number): object => {
  let schema: object = { type: 'object' };
  for (let level = 0; level < levels; level++) schema = { type: 'array', items: schema };
  return { type: 'object', properties: { deep: schema } };
};

/** A server that answers one method with what `result` returns, and nothing else. */
function serving(method: string, result: () => object, modern: boolean): RawServer {
  const envelope = modern ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {};
  const answer: Answer = (asked, server) => {
    if (asked.method === method) return { ...envelope, ...result() };
    if (asked.method !== 'subscriptions/listen') return undefined;
    server.send({ jsonrpc: '2.0', id: asked.id, error: { code: -32_601, message: 'Method not found' } });
    return SILENCE;
  };
  return new RawServer(answer, { modern });
}

function answering(method: string, result: object, modern: boolean): RawServer {
  return serving(method, () => result, modern);
}

describe.each(ERAS)('R4 lists with one odd tool, in the $era era', ({ era, protocol }) => {
  const modern = era === 'modern';

  it.each([
    ['annotations that are null', { ...tool, name: 'odd', annotations: null }],
    ['a hint that is a text', { ...tool, name: 'odd', annotations: { readOnlyHint: 'true' } }],
    ['a description that is null', { ...tool, name: 'odd', description: null }],
    ['no input schema', { name: 'odd' }],
    ['an input schema that is null', { name: 'odd', inputSchema: null }],
    ['an empty input schema', { name: 'odd', inputSchema: {} }],
    ['an input schema that is an empty list', { name: 'odd', inputSchema: [] }],
    ['properties that are an empty list', { name: 'odd', inputSchema: { type: 'object', properties: [] } }],
    ['a list of types', { name: 'odd', inputSchema: { type: ['object', 'null'] } }],
    ['sizes that are a text', { ...tool, name: 'odd', icons: [{ src: 'a.png', sizes: '48x48' }] }],
    ['a title that is a number', { ...tool, name: 'odd', title: 5 }],
    ['meta that is null', { ...tool, name: 'odd', _meta: null }],
  ])('%s: it is mended and reported once', async (_, odd) => {
    const server = answering('tools/list', { tools: [tool, odd], nextCursor: null }, modern);
    const beside = local({ tools: [{ name: 'calm' }] });
    const group = await connectGroup({ servers: {} });
    const events = new EventLog(group);
    await group.add('peer', { ...server.spec, protocol });
    await group.add('beside', { server: beside });
    expect([...group.tools.keys()].toSorted()).toEqual(['beside__calm', 'peer__good', 'peer__odd']);
    await events.until('problem', ({ error }) => error.data !== undefined && error.message.includes('odd'));
    expect(events.of('problem').every(({ server: name }) => name === 'peer')).toBe(true);
    const kinds = events.of('problem').flatMap(({ error }) => error.data ?? []);
    expect(new Set(kinds.map((data) => JSON.stringify(data))).size).toBe(kinds.length);
  });

  it.each([
    ['without a name', { inputSchema: { type: 'object' } }],
    ['with a name that is a number', { ...tool, name: 7 }],
    ['that is a text', 'odd'],
    ['that is null', null],
    ['that is a list', []],
    ['nested 1,500 levels deep', { name: 'odd', inputSchema: nested(1_500) }],
    ['nested 5,000 levels deep', { name: 'odd', inputSchema: nested(5_000) }],
  ])('a tool %s is left out, and reported', async (_, odd) => {
    const server = answering('tools/list', { tools: [odd, tool] }, modern);
    const group = await connectGroup({ servers: {} });
    const events = new EventLog(group);
    await group.add('peer', { ...server.spec, protocol });
    expect([...group.tools.keys()]).toEqual(['peer__good']);
    await events.until('problem', ({ error }) => error.code === 'INVALID_RESULT');
  });

  it('any member of any tool may be odd: the good ones are there', async () => {
    const entry = fc.dictionary(
      fc.constantFrom(
        'name',
        'title',
        'inputSchema',
        'outputSchema',
        'annotations',
        'icons',
        '_meta',
        'execution',
      ),
      fc.jsonValue({ maxDepth: 3 }),
    );
    let tools: readonly unknown[] = [];
    const server = serving('tools/list', () => ({ tools }), modern);
    const session = await newSession(server.spec, { protocol });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(entry, fc.jsonValue()), { maxLength: 5 }), async (odd) => {
        tools = [tool, ...odd, { ...tool, name: 'last' }];
        const names = (await session.listTools()).tools.map(({ name }) => name);
        expect(names).toContain('good');
        expect(names).toContain('last');
      }),
      { numRuns: 200 },
    );
  });
});

describe.each(ERAS)('R5 odd results of a tool, in the $era era', ({ era, protocol }) => {
  const modern = era === 'modern';
  const smell = { type: 'smell', data: 1 };
  const ok = { type: 'text', text: 'ok' };

  it.each([
    ['content of an unknown type', { content: [ok, smell] }, { content: [ok, smell] }],
    ['annotations that are null', { content: [{ ...ok, annotations: null }] }, { content: [ok] }],
    ['meta that is null', { content: [ok], _meta: null }, { content: [ok] }],
    [
      'content that is null',
      { content: null, structuredContent: { a: 1 } },
      { content: [], structuredContent: { a: 1 } },
    ],
    ['no content', { structuredContent: { a: 1 } }, { content: [], structuredContent: { a: 1 } }],
    ['an error flag that is a text', { content: [ok], isError: 'false' }, { content: [ok], isError: false }],
    ['an error flag that is null', { content: [ok], isError: null }, { content: [ok] }],
    ['content that is a text', { content: 'ok' }, { content: [ok] }],
    [
      'a text that is null',
      { content: [{ type: 'text', text: null }] },
      { content: [{ type: 'text', text: '' }] },
    ],
    ['a block that is null', { content: [null, ok] }, { content: [ok] }],
  ])('%s', async (_, result, expected) => {
    const server = answering('tools/call', result, modern);
    const session = await newSession(server.spec, { protocol });
    expect(await session.callTool('any')).toMatchObject(expected);
    expect(await session.callTool('any', {}, { onProgress: () => {} })).toMatchObject(expected);
    const strict = await newSession(server.spec, { protocol, checks: 'strict' });
    if ('content' in result || modern) {
      expect((await failureOf(strict.callTool('any'))).code).toBe('INVALID_RESULT');
    }
  });

  it.each(['stdio', 'json', 'sse'] as const)('content of an unknown type comes over %s', async (way) => {
    const script = {
      tools: [{ name: 'odd', does: { type: 'result' as const, result: { content: [ok, smell] } } }],
    };
    const spec = way === 'stdio' ? stdioSpec(script) : { url: (await http(script, { answers: way })).url };
    const session = await newSession(spec, { protocol });
    expect((await session.callTool('odd')).content).toEqual([ok, smell]);
  });
});

describe('R6 odd handshakes and envelopes', () => {
  const info = { name: 'raw', version: '1' };

  it.each([
    ['instructions that are null', { capabilities: {}, serverInfo: info, instructions: null }],
    ['a capability that is null', { capabilities: { prompts: null, tools: {} }, serverInfo: info }],
    ['a server without a version', { capabilities: {}, serverInfo: { name: 'raw' } }],
    ['no server info', { capabilities: {} }],
    ['capabilities that are null', { capabilities: null, serverInfo: info }],
    ['no capabilities', { serverInfo: info }],
    ['a capability that is true', { capabilities: { tools: true }, serverInfo: info }],
  ])('%s: it connects', async (_, result) => {
    const answer = { protocolVersion: '2025-11-25', ...result };
    const server = new RawServer(({ method }) =>
      method === 'initialize' ? answer : method === 'ping' ? {} : undefined,
    );
    const session = await newSession(server.spec, { protocol: 'legacy' });
    await session.ping();
    expect(session.status.state).toBe('ready');
  });

  it.each([
    ['an error that is null', { jsonrpc: '2.0', error: null }],
    ['an unknown member', { jsonrpc: '2.0', more: 1 }],
    ['no version', {}],
  ])('an answer with %s is read', async (_, envelope) => {
    const result = { content: [{ type: 'text', text: 'ok' }] };
    const server = new RawServer(({ id, method }, raw) => {
      if (method !== 'tools/call') return undefined;
      raw.send({ id, result, ...envelope });
      return SILENCE;
    });
    const session = await newSession(server.spec, { protocol: 'legacy' });
    expect(await session.callTool('any')).toEqual(result);
  });

  it('an answer in a list is read', async () => {
    const server = new RawServer(({ id, method }, raw) => {
      if (method !== 'tools/call') return undefined;
      raw.send([{ jsonrpc: '2.0', id, result: { content: [] } }]);
      return SILENCE;
    });
    const session = await newSession(server.spec, { protocol: 'legacy' });
    expect(await session.callTool('any')).toEqual({ content: [] });
  });

  it.each([[null], [[]], [{ _meta: null }]])('R8 a request with params %j gets an answer', async (params) => {
    const server = new RawServer();
    await newSession(server.spec, { protocol: 'legacy' });
    server.send({ jsonrpc: '2.0', id: 'q', method: 'ping', params });
    await expect.poll(() => server.reply('q')).toMatchObject({ result: {} });
  });
});

describe('R5 structured content that is null, in the modern era', () => {
  const ok = { type: 'text', text: 'ok' };
  const result = { resultType: 'complete', content: [ok], structuredContent: null };
  const listed = (outputSchema?: object) => ({
    resultType: 'complete',
    ttlMs: 0,
    cacheScope: 'private',
    tools: [{ ...tool, ...(outputSchema !== undefined && { outputSchema }) }],
  });
  const offering = (outputSchema?: object): RawServer =>
    new RawServer(
      ({ method }) =>
        method === 'tools/call' ? result : method === 'tools/list' ? listed(outputSchema) : undefined,
      { modern: true },
    );

  it('is absent where the tool has no output schema, and reported once', async () => {
    const session = await newSession(offering().spec, { protocol: '2026-07-28' });
    const problems = new EventLog(session);
    expect(await session.callTool('good')).not.toHaveProperty('structuredContent');
    await session.listTools();
    expect(await session.callTool('good')).toMatchObject({ content: [ok] });
    expect(await session.callTool('good', {}, { onProgress: () => {} })).not.toHaveProperty(
      'structuredContent',
    );
    await problems.until('problem');
    expect(problems.of('problem').map(({ error }) => error.data)).toEqual([
      { oddity: 'null-member', places: ['the result: structuredContent'] },
    ]);
  });

  it('is there where the output schema accepts it', async () => {
    const session = await newSession(offering({ type: 'null' }).spec, { protocol: '2026-07-28' });
    await session.listTools();
    expect(await session.callTool('good')).toHaveProperty('structuredContent', null);
  });

  it('counts as missing where the output schema does not accept it', async () => {
    const session = await newSession(offering({ type: 'object' }).spec, { protocol: '2026-07-28' });
    await session.listTools();
    const failure = await failureOf(session.callTool('good'));
    expect(failure.code).toBe('INVALID_RESULT');
    expect(failure.message).toContain('gave none');
  });
});
