import { describe, expect, it } from 'vitest';
import * as schemas from '../support/schemas.ts';
import { inProcess, stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { ERAS, open } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';
import { calledMethods } from '../support/wire.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf, textOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo', title: 'Echo' },
    { name: 'broken', does: { type: 'error', message: 'out of paper' } },
    {
      name: 'refused',
      does: { type: 'rpcError', code: -32050, message: 'not today', data: { until: 'monday' } },
    },
    { name: 'canary', does: { type: 'canary', maxDelayMs: 50 } },
  ],
  resources: [
    { uri: 'memo://one', text: 'first', mimeType: 'text/plain' },
    { uri: 'memo://blob', blob: 'AAEC' },
  ],
  resourceTemplates: [{ uriTemplate: 'memo://{name}', text: 'from a template' }],
  prompts: [{ name: 'greet', arguments: [{ name: 'who', required: true }] }],
  completions: [{ ref: 'greet', argument: 'who', values: ['ada', 'alan', 'grace'] }],
};

describe.each(ERAS)('S13 every request, in the $era era', ({ era, protocol }) => {
  it('ping', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    await expect(session.ping()).resolves.toBeUndefined();
    expect(server.requests.at(-1)?.method).toBe(era === 'legacy' ? 'ping' : 'server/discover');
  });

  it('tools', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const { tools } = await session.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['echo', 'broken', 'refused', 'canary']);
    expect(tools[0]).toMatchObject({ name: 'echo', title: 'Echo', inputSchema: { type: 'object' } });
    expect(jsonOf(await session.callTool('echo', { n: 1, deep: { list: [null, 'ü'] } }))).toEqual({
      n: 1,
      deep: { list: [null, 'ü'] },
    });
    expect(jsonOf(await session.callTool('echo'))).toEqual({});
  });

  it('a tool that ran and failed is a result', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const result = await session.callTool('broken');
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('out of paper');
  });

  it("the server's own errors are PROTOCOL, with code, message and data", async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const error = await failureOf(session.callTool('refused'));
    expect(error).toMatchObject({
      code: 'PROTOCOL',
      server: 'tested',
      rpcCode: -32050,
      rpcMessage: 'not today',
      data: { until: 'monday' },
    });
    expect(error.message).toContain('refused');
    expect(error.message).toContain('tested');
    expect(error.message).toContain('not today');
  });

  it('resources, templates and reading', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    expect((await session.listResources()).resources.map(({ uri }) => uri)).toEqual([
      'memo://one',
      'memo://blob',
    ]);
    expect((await session.listResourceTemplates()).resourceTemplates[0]?.uriTemplate).toBe('memo://{name}');
    expect((await session.readResource('memo://one')).contents).toEqual([
      { uri: 'memo://one', text: 'first', mimeType: 'text/plain' },
    ]);
    expect((await session.readResource('memo://blob')).contents).toEqual([
      { uri: 'memo://blob', blob: 'AAEC' },
    ]);
    expect((await session.readResource('memo://any')).contents).toMatchObject([{ text: 'from a template' }]);
    expect((await failureOf(session.readResource('memo://no/such'))).code).toBe('PROTOCOL');
  });

  it('subscribing to a resource, and no longer', async () => {
    await using server = inProcess(script);
    const { session, seen } = await open(server, { protocol });
    await session.subscribeResource('memo://one');
    await expect
      .poll(() => {
        server.resourceUpdated('memo://one');
        return seen('resource-updated').length;
      })
      .toBeGreaterThan(0);
    expect(seen('resource-updated')[0]).toEqual({ type: 'resource-updated', uri: 'memo://one' });

    await session.unsubscribeResource('memo://one');
    await expect
      .poll(async () => {
        const before = seen('resource-updated').length;
        server.resourceUpdated('memo://one');
        await session.ping();
        return seen('resource-updated').length - before;
      })
      .toBe(0);
  });

  it('prompts', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    expect((await session.listPrompts()).prompts.map(({ name }) => name)).toEqual(['greet']);
    const { messages } = await session.getPrompt('greet', { who: 'ada' });
    expect(messages[0]).toMatchObject({ role: 'user', content: { type: 'text' } });
    expect(JSON.stringify(messages)).toContain('ada');
    const error = await failureOf(session.getPrompt('greet'));
    expect(error).toMatchObject({ code: 'PROTOCOL', rpcCode: -32602 });
  });

  it('completion, with context arguments', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const ref = { type: 'ref/prompt', name: 'greet' } as const;
    const { completion } = await session.complete(
      ref,
      { name: 'who', value: 'a' },
      { arguments: { tone: 'warm' } },
    );
    expect(completion.values).toEqual(['ada', 'alan']);
    const request = server.requests.find(({ method }) => method === 'completion/complete');
    expect(request?.params).toMatchObject({
      ref,
      argument: { name: 'who', value: 'a' },
      context: { arguments: { tone: 'warm' } },
    });
  });

  it('meta travels with every kind of request', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const meta = { 'example.org/trace': 'abc' };
    const skip = server.requests.length;
    await session.ping({ meta });
    await session.listTools({ meta });
    await session.listResources({ meta });
    await session.listResourceTemplates({ meta });
    await session.listPrompts({ meta });
    await session.callTool('echo', {}, { meta });
    await session.readResource('memo://one', { meta });
    await session.getPrompt('greet', { who: 'ada' }, { meta });
    await session.complete({ type: 'ref/prompt', name: 'greet' }, { name: 'who', value: '' }, undefined, {
      meta,
    });
    await session.request({ method: 'tools/list' }, { meta });
    if (era === 'legacy') {
      await session.subscribeResource('memo://one', { meta });
      await session.unsubscribeResource('memo://one', { meta });
      await session.setLoggingLevel('error', { meta });
    }
    const sent = server.requests.slice(skip).filter(({ method }) => method !== 'subscriptions/listen');
    expect(sent.length).toBe(era === 'legacy' ? 13 : 10);
    const without = sent.filter(
      ({ params }) => !JSON.stringify(params).includes('"example.org/trace":"abc"'),
    );
    expect(without.map(({ method }) => method)).toEqual([]);
  });

  it('a raw request, checked by its schema or not at all', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const request = { method: 'tools/call', params: { name: 'echo', arguments: { a: 1 } } };
    expect(jsonOf(await session.request(request))).toEqual({ a: 1 });
    const checked = await session.request(request, { schema: schemas.withContent });
    expect(checked.content).toHaveLength(1);
    expect((await failureOf(session.request(request, { schema: schemas.withPrice }))).code).toBe(
      'INVALID_RESULT',
    );
    const unknown = await failureOf(session.request({ method: 'no/such' }));
    expect(unknown).toMatchObject({ code: 'PROTOCOL', rpcCode: -32601 });
  });

  it('a raw notification', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    await session.notify({ method: 'notifications/example', params: { a: 1 } });
    await expect
      .poll(() => server.notifications.find(({ method }) => method === 'notifications/example'))
      .toBeDefined();
    const seen = server.notifications.find(({ method }) => method === 'notifications/example');
    expect(seen?.params).toMatchObject({ a: 1 });
  });

  it('what the server does not offer is not asked for, but tools once', async () => {
    await using server = inProcess({ name: 'bare', capabilities: {} });
    const { session } = await open(server, { protocol });
    expect((await session.listTools()).tools).toEqual([]);
    expect((await session.listResources()).resources).toEqual([]);
    expect((await session.listResourceTemplates()).resourceTemplates).toEqual([]);
    expect((await session.listPrompts()).prompts).toEqual([]);
    expect((await session.listTools()).tools).toEqual([]);
    expect(calledMethods(server.requests)).toEqual(['tools/list']);
  });
});

describe('S13 requests that only the legacy era has', () => {
  it('the log level', async () => {
    await using server = inProcess({
      tools: [{ name: 'say', does: { type: 'log', level: 'info', data: 'hi' } }],
    });
    const { session, seen } = await open(server, { protocol: 'legacy' });
    await session.setLoggingLevel('error');
    await session.callTool('say');
    await session.setLoggingLevel('debug');
    await session.callTool('say');
    await expect.poll(() => seen('log')).toHaveLength(1);
    expect(seen('log')[0]).toMatchObject({ level: 'info', data: 'hi', logger: 'scripted' });
  });

  it('progress to the server, and changed roots', async () => {
    await using server = inProcess();
    const { session } = await open(server, { protocol: 'legacy', onRoots: () => [] });
    await session.sendProgress({ progressToken: 'their-token', progress: 1, total: 2 });
    await session.sendRootsListChanged();
    await expect
      .poll(() => server.notifications.map(({ method }) => method))
      .toEqual(['notifications/initialized', 'notifications/progress', 'notifications/roots/list_changed']);
    expect(server.notifications[1]?.params).toMatchObject({
      progressToken: 'their-token',
      progress: 1,
      total: 2,
    });
  });
});

describe('S5 answers out of order', () => {
  it.each(ERAS)('$era: 500 calls in flight over stdio each get their own answer', async ({ protocol }) => {
    const { session } = await open(stdioSpec(script), { protocol });
    const calls = Array.from({ length: 500 }, async (_, n) => {
      const result = await session.callTool('canary', { n });
      return (jsonOf(result) as { arguments: { n: number } }).arguments.n === n;
    });
    expect((await Promise.all(calls)).filter((own) => !own)).toEqual([]);
  });

  it('answers in reverse order reach their own callers', async () => {
    const server = new RawServer();
    const { session } = await open(server.spec, { protocol: 'legacy' });
    const calls = Array.from({ length: 300 }, (_, n) => session.callTool(`tool-${n}`));
    await expect.poll(() => server.requests('tools/call')).toHaveLength(300);
    for (const { id, params } of server.requests('tools/call').toReversed()) {
      server.respond(id, { content: [{ type: 'text', text: String(params?.['name']) }] });
    }
    const names = (await Promise.all(calls)).map(textOf);
    expect(names).toEqual(Array.from({ length: 300 }, (_, n) => `tool-${n}`));
  });
});
