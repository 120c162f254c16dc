import { describe, expect, it } from 'vitest';
import type { HandlerContext, SessionOptions } from '../../../src/index.ts';
import { inProcess, serveHttp, stdioSpec, type ScriptedTool } from '../../../src/testing/index.ts';
import { ERAS, open } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf, textOf } from '../../support/results.ts';

const messages = [{ role: 'user', content: { type: 'text', text: 'How warm is it?' } }];
const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
const form = { mode: 'form', message: 'Sure?', requestedSchema: schema };
const url = { mode: 'url', message: 'Please log in', url: 'https://example.org/login', elicitationId: 'e1' };
const weather = { name: 'weather', inputSchema: { type: 'object' } };

const tools: ScriptedTool[] = [
  { name: 'sample', does: { type: 'sample', params: { messages, maxTokens: 10, temperature: 0.5 } } },
  {
    name: 'sample-with-tools',
    does: {
      type: 'sample',
      params: { messages, maxTokens: 10, tools: [weather], toolChoice: { mode: 'auto' } },
    },
  },
  { name: 'form', does: { type: 'elicit', params: form } },
  { name: 'url', does: { type: 'elicit', params: url } },
  { name: 'roots', does: { type: 'roots' } },
  { name: 'echo' },
];

const sampled = {
  role: 'assistant',
  model: 'model-x',
  content: { type: 'text', text: 'Warm.' },
  stopReason: 'endTurn',
} as const;

describe.each(ERAS)('S2 servers ask, in the $era era', ({ protocol }) => {
  it('sampling', async () => {
    const asked: unknown[] = [];
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol,
      onSampling: ({ server: name }, params) => {
        asked.push({ name, ...params });
        return sampled;
      },
    });
    expect(jsonOf(await session.callTool('sample'))).toMatchObject(sampled);
    expect(asked).toMatchObject([{ name: 'tested', messages, maxTokens: 10, temperature: 0.5 }]);
  });

  it('sampling with tools, when that was declared', async () => {
    const use = { type: 'tool_use', id: 'u1', name: 'weather', input: { city: 'Graz' } } as const;
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol,
      capabilities: { sampling: { tools: {} } },
      onSampling: (_context, params) => {
        expect(params.tools).toEqual([weather]);
        return { role: 'assistant', model: 'model-x', content: [use], stopReason: 'toolUse' };
      },
    });
    expect(jsonOf(await session.callTool('sample-with-tools'))).toMatchObject({
      content: [use],
      stopReason: 'toolUse',
    });
  });

  it('elicitation by form: accepted, declined, cancelled', async () => {
    await using server = inProcess({ tools });
    for (const answer of [
      { action: 'accept', content: { ok: true } },
      { action: 'decline' },
      { action: 'cancel' },
    ] as const) {
      const { session } = await open(server, {
        protocol,
        onElicitation: (_context, params) => {
          expect(params).toMatchObject({ message: 'Sure?', requestedSchema: schema });
          return answer;
        },
      });
      expect(jsonOf(await session.callTool('form'))).toMatchObject(answer);
      await session.close();
    }
  });

  it('elicitation by URL', async () => {
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol,
      onElicitation: (_context, params) => {
        expect(params).toMatchObject({ mode: 'url', url: 'https://example.org/login' });
        return { action: 'accept' };
      },
    });
    expect(jsonOf(await session.callTool('url'))).toMatchObject({ action: 'accept' });
  });

  it.each([
    { title: 'a list', roots: [{ uri: 'file:///work', name: 'Work' }] },
    { title: 'an object', roots: { roots: [{ uri: 'file:///work', name: 'Work' }] } },
  ])('roots, given as $title', async ({ roots }) => {
    await using server = inProcess({ tools });
    const { session } = await open(server, { protocol, onRoots: async () => roots });
    expect(jsonOf(await session.callTool('roots'))).toMatchObject({
      roots: [{ uri: 'file:///work', name: 'Work' }],
    });
  });

  it('the context names the server and the request, and carries session and signal', async () => {
    const contexts: HandlerContext[] = [];
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol,
      onRoots: (context) => {
        contexts.push(context);
        return [];
      },
    });
    await session.callTool('roots');
    expect(contexts).toHaveLength(1);
    expect(contexts[0]?.server).toBe('tested');
    expect(contexts[0]?.session).toBe(session);
    expect(contexts[0]?.requestId).toBe(protocol === 'legacy' ? 'server-1' : 'answer');
    expect(contexts[0]?.signal.aborted).toBe(false);
  });

  it('a handler may call its session', async () => {
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol,
      onRoots: async (context) => {
        const result = await context.session.callTool('echo', { inner: true });
        return [{ uri: `file:///${encodeURIComponent(textOf(result))}` }];
      },
    });
    expect(textOf(await session.callTool('roots'))).toContain('inner');
  });

  it('handlers run side by side', async () => {
    await using server = inProcess({ tools });
    let running = 0;
    let release = (): void => {};
    const together = new Promise<void>((resolve) => (release = resolve));
    const { session } = await open(server, {
      protocol,
      serverRequests: { concurrency: 20 },
      onRoots: async () => {
        if (++running === 20) release();
        await together;
        return [];
      },
    });
    const results = await Promise.all(Array.from({ length: 20 }, () => session.callTool('roots')));
    expect(results.map(jsonOf)).toEqual(Array.from({ length: 20 }, () => ({ roots: [] })));
  });

  it('a handler that throws is reported, and the session goes on', async () => {
    await using server = inProcess({ tools });
    const onRoots = (): never => {
      throw new Error('the disk is on fire');
    };
    const { session, seen } = await open(server, { protocol, onRoots });
    // Legacy: the server is answered with an error. 2026-07-28: there is nobody to answer, the call fails.
    const outcome = await session.callTool('roots').then(
      (result) => textOf(result),
      (error: Error) => error.message,
    );
    expect(outcome).toContain(
      protocol === 'legacy' ? 'The client could not answer the request.' : 'the disk is on fire',
    );
    await expect.poll(() => seen('problem')).toHaveLength(1);
    expect(seen('problem')[0]?.error).toMatchObject({ server: 'tested' });
    expect(seen('problem')[0]?.error.message).toContain('the disk is on fire');
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });
});

describe('S2 requests without a handler', () => {
  it.each([
    { tool: 'sample', code: -32601 },
    { tool: 'form', code: -32602 },
    { tool: 'url', code: -32602 },
    { tool: 'roots', code: -32601 },
  ])('legacy: "$tool" is answered with an error that says so', async ({ tool, code }) => {
    await using server = inProcess({ tools });
    const { session } = await open(server, { protocol: 'legacy' });
    const result = await session.callTool(tool);
    expect(result.isError).toBe(true);
    expect(jsonOf(result)).toMatchObject({ code });
    expect(textOf(result).toLowerCase()).toMatch(/not (support|found)/);
  });

  it.each(['sample', 'form', 'url', 'roots'])(
    '2026-07-28: a call of "%s" fails and says why',
    async (tool) => {
      await using server = inProcess({ tools });
      const { session } = await open(server, { protocol: '2026-07-28' });
      const error = await failureOf(session.callTool(tool));
      expect(error.server).toBe('tested');
      expect(error.message).toMatch(/sampl|elicit|roots/i);
      expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
    },
  );

  it.each([
    { title: 'in process', target: () => inProcess({ tools, faults: { requestUnknownMethod: true } }) },
    { title: 'stdio', target: () => stdioSpec({ tools, faults: { requestUnknownMethod: true } }) },
  ])('a request that nobody knows is answered with -32601, over $title', async ({ target }) => {
    const { session } = await open(target(), { protocol: 'legacy' });
    await expect
      .poll(async () => (await session.request({ method: 'testing/inspect' }))['replies'])
      .toMatchObject([{ method: 'testing/unknown', error: { code: -32601 } }]);
    expect(session.status.state).toBe('ready');
  });

  it('a ping of the server is answered', async () => {
    const server = new RawServer();
    await open(server.spec, { protocol: 'legacy' });
    server.send({ jsonrpc: '2.0', id: 'theirs', method: 'ping' });
    await expect.poll(() => server.reply('theirs')).toBeDefined();
    expect(server.reply('theirs')?.result).toEqual({});
  });
});

describe('S2 the server cancels, or goes away', () => {
  async function asked(server: RawServer, options: SessionOptions = {}) {
    const contexts: HandlerContext[] = [];
    const opened = await open(server.spec, {
      protocol: 'legacy',
      reconnect: false,
      onRoots: (context) => {
        contexts.push(context);
        return new Promise((resolve) => context.signal.addEventListener('abort', () => resolve([])));
      },
      ...options,
    });
    server.send({
      jsonrpc: '2.0',
      id: 'theirs',
      method: 'roots/list',
      params: { _meta: { 'example.org/a': 1 } },
    });
    await expect.poll(() => contexts).toHaveLength(1);
    return { ...opened, context: contexts[0] };
  }

  it('a cancelled request aborts the signal of its handler, and is not answered', async () => {
    const server = new RawServer();
    const { context, session } = await asked(server);
    expect(context?.meta).toEqual({ 'example.org/a': 1 });
    server.notify('notifications/cancelled', { requestId: 'theirs', reason: 'never mind' });
    await expect.poll(() => context?.signal.aborted).toBe(true);
    expect((await failureOf(session.ping({ timeoutMs: 50 }))).code).toBe('TIMEOUT');
    expect(server.reply('theirs')).toBeUndefined();
  });

  it.each(['drop', 'close', 'destroy'] as const)('%s of the connection aborts the signal', async (how) => {
    const server = new RawServer();
    const { context, session } = await asked(server);
    expect(context?.signal.aborted).toBe(false);
    await (how === 'drop' ? server.drop() : session[how]());
    await expect.poll(() => context?.signal.aborted).toBe(true);
  });
});

describe('S2 a server that wants a URL visited first', () => {
  it('is URL_ELICITATION_REQUIRED, with what it wants', async () => {
    const data = { elicitations: [url] };
    await using server = inProcess({
      tools: [{ name: 'buy', does: { type: 'rpcError', code: -32042, message: 'Log in first', data } }],
    });
    const { session } = await open(server, { protocol: 'legacy' });
    const error = await failureOf(session.callTool('buy'));
    expect(error).toMatchObject({ code: 'URL_ELICITATION_REQUIRED', server: 'tested', elicitations: [url] });
  });
});

describe('S2 handlers over HTTP', () => {
  it.each(ERAS.flatMap((era) => (['json', 'sse'] as const).map((answers) => ({ ...era, answers }))))(
    '$era, with $answers answers',
    async ({ protocol, answers }) => {
      await using server = await serveHttp({ tools }, { answers });
      const { session } = await open(server.url, { protocol, onSampling: () => sampled, onRoots: () => [] });
      expect(jsonOf(await session.callTool('sample'))).toMatchObject(sampled);
      expect(jsonOf(await session.callTool('roots'))).toMatchObject({ roots: [] });
    },
  );
});
