import { describe, expect, it } from 'vitest';
import { inProcess, serveHttp, stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { ERAS, open } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf } from '../../support/results.ts';

const paged: ServerScript = {
  tools: Array.from({ length: 7 }, (_, n) => ({ name: `tool-${n}` })),
  resources: Array.from({ length: 7 }, (_, n) => ({ uri: `memo://${n}` })),
  resourceTemplates: Array.from({ length: 7 }, (_, n) => ({ uriTemplate: `memo://${n}/{name}` })),
  prompts: Array.from({ length: 7 }, (_, n) => ({ name: `prompt-${n}` })),
  pageSize: 3,
};

function pages(server: { requests: readonly { method: string }[] }, method = 'tools/list'): number {
  return server.requests.filter((request) => request.method === method).length;
}

describe.each(ERAS)('S13 lists in pages, in the $era era', ({ protocol }) => {
  it('every page of every list is followed, in order', async () => {
    await using server = inProcess(paged);
    const { session } = await open(server, { protocol });
    const seven = (prefix: string, suffix = '') =>
      Array.from({ length: 7 }, (_, n) => `${prefix}${n}${suffix}`);
    expect((await session.listTools()).tools.map(({ name }) => name)).toEqual(seven('tool-'));
    expect((await session.listResources()).resources.map(({ uri }) => uri)).toEqual(seven('memo://'));
    expect(
      (await session.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    ).toEqual(seven('memo://', '/{name}'));
    expect((await session.listPrompts()).prompts.map(({ name }) => name)).toEqual(seven('prompt-'));
    expect(pages(server)).toBe(3);
    expect((await session.listTools()).nextCursor).toBeUndefined();
  });

  it('a cursor that is repeated ends the list, and the tools are there once', async () => {
    await using server = inProcess({ ...paged, repeatCursor: true });
    const { session } = await open(server, { protocol });
    const { tools } = await session.listTools();
    expect(new Set(tools.map(({ name }) => name))).toEqual(new Set(['tool-0', 'tool-1', 'tool-2']));
    expect(pages(server)).toBeLessThanOrEqual(2);
  });

  it('pages without end are cut off at maxPages, in a way that can be seen', async () => {
    await using server = inProcess({ ...paged, endlessPages: true });
    const { session } = await open(server, { protocol, maxPages: 5 });
    const error = await failureOf(session.listTools());
    expect(error.server).toBe('tested');
    expect(error.message).toContain('5');
    expect(error.message).toContain('maxPages');
    expect(pages(server)).toBe(5);
    expect(jsonOf(await session.callTool('tool-0', { a: 1 }))).toEqual({ a: 1 });
  });

  it('a page that fails fails the list', async () => {
    await using server = inProcess({ ...paged, failLists: ['tools'] });
    const { session } = await open(server, { protocol });
    expect((await failureOf(session.listTools())).code).toBe('PROTOCOL');
    expect((await session.listPrompts()).prompts).toHaveLength(7);
  });

  it('the same tool twice harms neither the list nor the calls', async () => {
    await using server = inProcess({ tools: [{ name: 'echo' }, { name: 'echo' }, { name: 'other' }] });
    const { session } = await open(server, { protocol });
    const { tools } = await session.listTools();
    expect(new Set(tools.map(({ name }) => name))).toEqual(new Set(['echo', 'other']));
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it('an empty list is empty', async () => {
    await using server = inProcess({ tools: [] });
    const { session } = await open(server, { protocol });
    expect((await session.listTools()).tools).toEqual([]);
    expect(pages(server)).toBe(1);
  });

  it('each list is asked for anew', async () => {
    await using server = inProcess({ tools: [{ name: 'one' }] });
    const { session } = await open(server, { protocol });
    expect((await session.listTools()).tools).toHaveLength(1);
    server.setTools([{ name: 'one' }, { name: 'two' }]);
    expect((await session.listTools()).tools).toHaveLength(2);
  });
});

describe('S13 ten thousand tools', () => {
  it.each(ERAS)('$era: in pages of a hundred over stdio', async ({ protocol }) => {
    const { session } = await open(stdioSpec({ fillerTools: 10_000, pageSize: 100 }), { protocol });
    const { tools } = await session.listTools();
    expect(tools).toHaveLength(10_000);
    expect(new Set(tools.map(({ name }) => name)).size).toBe(10_000);
    expect(jsonOf(await session.callTool('filler_9999', { a: 1 }))).toEqual({ a: 1 });
  });

  it('on one page over HTTP', async () => {
    await using server = await serveHttp({ fillerTools: 10_000 });
    const { session } = await open(server.url);
    expect((await session.listTools()).tools).toHaveLength(10_000);
  });
});

describe('S13 lists that are wrong, with strict checks', () => {
  it.each([
    { title: 'no list', result: { tools: 'none' } },
    { title: 'an entry without a name', result: { tools: [{ inputSchema: { type: 'object' } }] } },
    { title: 'an entry that is a text', result: { tools: ['echo'] } },
  ])('$title is INVALID_RESULT, and the session lives', async ({ result }) => {
    const server = new RawServer(({ method }) =>
      method === 'tools/list' ? result : method === 'ping' ? {} : undefined,
    );
    const { session } = await open(server.spec, { protocol: 'legacy', checks: 'strict' });
    const error = await failureOf(session.listTools());
    expect(error).toMatchObject({ code: 'INVALID_RESULT', server: 'tested' });
    await session.ping();
  });

  it('a cursor that is no text is INVALID_RESULT', async () => {
    const server = new RawServer(({ method }) =>
      method === 'tools/list' ? { tools: [], nextCursor: 5 } : undefined,
    );
    const { session } = await open(server.spec, { protocol: 'legacy', checks: 'strict' });
    expect((await failureOf(session.listTools())).code).toBe('INVALID_RESULT');
  });

  it('an empty cursor is a cursor, and ends all the same', async () => {
    const server = new RawServer(({ method }) =>
      method === 'tools/list' ? { tools: [], nextCursor: '' } : undefined,
    );
    const { session } = await open(server.spec, { protocol: 'legacy', checks: 'strict', maxPages: 20 });
    expect((await session.listTools()).tools).toEqual([]);
    expect(server.requests('tools/list').length).toBeLessThanOrEqual(2);
  });
});

describe('S3 a list has one timeout', () => {
  it('its pages share the total limit', async () => {
    await using server = inProcess({ ...paged, endlessPages: true, answerDelayMs: 30 });
    const { session } = await open(server, { protocol: 'legacy' });
    const error = await failureOf(session.listTools({ maxTotalTimeoutMs: 200 }));
    expect(error.code).toBe('TIMEOUT');
    expect(pages(server)).toBeLessThan(10);
  });

  it('aborting ends it between pages too', async () => {
    await using server = inProcess({ ...paged, endlessPages: true, answerDelayMs: 10 });
    const { session } = await open(server, { protocol: 'legacy' });
    const controller = new AbortController();
    const list = failureOf(session.listTools({ signal: controller.signal }));
    await expect.poll(() => pages(server)).toBeGreaterThan(3);
    controller.abort();
    expect((await list).code).toBe('ABORTED');
  });
});

describe.each(ERAS)('L3 a list whose method the server does not have, in the $era era', ({ protocol }) => {
  const lists = {
    'tools/list': 'tools',
    'resources/list': 'resources',
    'resources/templates/list': 'resourceTemplates',
    'prompts/list': 'prompts',
  };

  it.each(Object.entries(lists))(
    '%s: is an error when checks are strict, but for templates',
    async (method) => {
      const refuse = { [method]: { code: -32_601, message: 'Method not found' } };
      await using server = inProcess({ ...paged, faults: { refuse } });
      const { session } = await open(server, { protocol, checks: 'strict' });
      const requests = {
        'tools/list': () => session.listTools(),
        'resources/list': () => session.listResources(),
        'resources/templates/list': () => session.listResourceTemplates(),
        'prompts/list': () => session.listPrompts(),
      };
      for (const [each, request] of Object.entries(requests)) {
        if (each !== method || method === 'resources/templates/list') await request();
        else expect(await failureOf(request())).toMatchObject({ code: 'PROTOCOL', rpcCode: -32_601 });
      }
    },
  );

  it.each(Object.entries(lists))('%s: is empty, and the others are there', async (method, kind) => {
    const refuse = { [method]: { code: -32_601, message: 'Method not found' } };
    await using server = inProcess({ ...paged, faults: { refuse } });
    const { session } = await open(server, { protocol });
    const found = {
      ...(await session.listTools()),
      ...(await session.listResources()),
      ...(await session.listResourceTemplates()),
      ...(await session.listPrompts()),
    };
    const counts = Object.values(lists).map((each) => [each, each === kind ? 0 : 7]);
    expect(found).toMatchObject(Object.fromEntries(counts.map(([each, count]) => [each, { length: count }])));
  });

  it('any other error is one', async () => {
    const refuse = { 'prompts/list': { code: -32_602, message: 'Method not found' } };
    await using server = inProcess({ ...paged, faults: { refuse } });
    const { session } = await open(server, { protocol });
    expect(await failureOf(session.listPrompts())).toMatchObject({ code: 'PROTOCOL', rpcCode: -32_602 });
  });
});
