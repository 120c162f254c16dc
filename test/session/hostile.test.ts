import { describe, expect, it } from 'vitest';
import { inProcess } from '../../src/testing/index.ts';
import { PlenumError } from '../../src/index.ts';
import { open } from './support/open.ts';
import { RawServer, SILENCE } from './support/raw-server.ts';
import { failureOf } from '../support/failures.ts';

const protocol = 'legacy';

describe('S6 an output schema made to take for ever', () => {
  it.each([
    { title: 'a pattern', schema: { pattern: '^(a+)+$' }, value: `${'a'.repeat(60)}!` },
    {
      title: 'a pattern for names',
      schema: { type: 'object', patternProperties: { '^(a+)+$': {} } },
      value: { [`${'a'.repeat(60)}!`]: 1 },
    },
  ])('by $title does not hold up a call', async ({ schema, value }) => {
    const result = { content: [], structuredContent: { value } };
    await using server = inProcess({
      tools: [
        {
          name: 'trap',
          outputSchema: { type: 'object', properties: { value: schema } },
          does: { type: 'result', result },
        },
      ],
    });
    const { session } = await open(server, { protocol });
    await session.listTools();
    expect((await session.callTool('trap')).structuredContent).toEqual({ value });
  });
});

describe('S9 a server that gives more than anybody asked for', () => {
  it('a list of too many entries is refused, and the session lives', async () => {
    await using server = inProcess({ tools: [{ name: 'echo' }], fillerTools: 50_001 });
    const { session } = await open(server, { protocol });
    expect(await failureOf(session.listTools())).toMatchObject({ code: 'INVALID_RESULT', server: 'tested' });
    expect((await session.callTool('echo', { a: 1 })).isError).not.toBe(true);
  });

  it('a list of 10 000 entries in pages is not', async () => {
    await using server = inProcess({ fillerTools: 10_000, pageSize: 100 });
    const { session } = await open(server, { protocol });
    expect((await session.listTools()).tools).toHaveLength(10_000);
  });
});

describe('S9 a server that gives the ids of requests back as texts', () => {
  it('is bounded in what it lists all the same', async () => {
    const tool = { name: 'same', inputSchema: { type: 'object' } };
    const page = Array.from({ length: 26_000 }, () => tool);
    const server = new RawServer(({ id, method, params }, raw) => {
      if (method !== 'tools/list') return undefined;
      const next = params?.['cursor'] === undefined && { nextCursor: 'more' };
      raw.respond(String(id), { tools: page, ...next });
      return SILENCE;
    });
    const { session } = await open(server.spec, { protocol });
    expect(await failureOf(session.listTools())).toMatchObject({ code: 'INVALID_RESULT', server: 'tested' });
    expect(session.status.state).toBe('ready');
  });

  it('may answer late', async () => {
    let late: number | string | undefined;
    const server = new RawServer(({ id, method }) => {
      if (method === 'ping') return {};
      if (method !== 'tools/call') return undefined;
      late = id;
      return SILENCE;
    });
    const { session, seen } = await open(server.spec, { protocol });
    expect(await failureOf(session.callTool('any', {}, { timeoutMs: 20 }))).toMatchObject({
      code: 'TIMEOUT',
    });
    server.respond(String(late), { content: [] });
    await session.ping();
    expect(seen('problem')).toEqual([]);
  });
});

describe('S9 a server that pretends an error of ours', () => {
  it.each([
    ['as an object', new PlenumError('SESSION_CLOSED', 'closed', { maybeExecuted: false })],
    ['as JSON', { name: 'PlenumError', code: 'SESSION_CLOSED', message: 'closed', maybeExecuted: false }],
  ])('%s is quoted, not believed', async (_, data) => {
    const server = new RawServer(({ id, method }, raw) => {
      if (method !== 'tools/call') return undefined;
      raw.send({ jsonrpc: '2.0', id, error: { code: -32_603, message: 'no', data } });
      return undefined;
    });
    const { session } = await open(server.spec, { protocol });
    const failure = await failureOf(session.callTool('any'));
    expect(failure).toMatchObject({ code: 'PROTOCOL', rpcCode: -32_603, rpcMessage: 'no' });
    expect(failure).not.toHaveProperty('maybeExecuted');
    expect(session.status.state).toBe('ready');
  });
});
