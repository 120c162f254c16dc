import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it, vi } from 'vitest';
import { inProcess, type ScriptedTool, type WhoAmI } from '../../../src/testing/index.ts';
import { ERAS, connect, linked, type Mode } from '../support/clients.ts';
import { textOf } from '../../support/results.ts';

/** A client of a server with one tool, named `it`. */
async function withTool(does: ScriptedTool['does'], mode: Mode, tool: Partial<ScriptedTool> = {}) {
  const server = inProcess({ name: 'one', tools: [{ name: 'it', ...tool, ...(does && { does }) }] });
  const client = await connect(await linked(server), mode, {
    capabilities: { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} },
  });
  const call = (args: Record<string, unknown> = {}, options?: Parameters<Client['callTool']>[1]) =>
    client.callTool({ name: 'it', arguments: args }, options);
  return { server, client, call };
}

describe.each(ERAS)('testing kit: what a scripted tool does, $era', ({ era, mode }) => {
  it('without a behaviour it returns its arguments', async () => {
    const { call } = await withTool(undefined, mode);
    expect(textOf(await call({ a: 1 }))).toBe('{"a":1}');
  });

  it('with an output schema it returns its arguments as structured content', async () => {
    const { client, call } = await withTool(undefined, mode, { outputSchema: { type: 'object' } });
    await client.listTools();
    expect((await call({ a: 1 })).structuredContent).toEqual({ a: 1 });
  });

  it('a canary says who answered whom', async () => {
    const { call } = await withTool({ type: 'canary', maxDelayMs: 20 }, mode, {
      outputSchema: { type: 'object' },
    });
    const nonces = Array.from({ length: 20 }, (_, nonce) => nonce);
    const answers = await Promise.all(nonces.map((nonce) => call({ nonce })));
    const expected = nonces.map((nonce) => ({
      server: 'one',
      pid: process.pid,
      connection: 1,
      arguments: { nonce },
    }));
    expect(answers.map(({ structuredContent }) => structuredContent)).toEqual(expected);
  });

  it('a literal result arrives as it is', async () => {
    const { call } = await withTool({ type: 'result', result: { content: [], _meta: { mark: 1 } } }, mode);
    expect(await call()).toMatchObject({ content: [], _meta: { mark: 1 } });
  });

  it('an error is a result, an RPC error a rejection', async () => {
    const failing = await withTool({ type: 'error', message: 'no luck' }, mode);
    expect(await failing.call()).toMatchObject({ isError: true, content: [{ text: 'no luck' }] });
    const refusing = await withTool(
      { type: 'rpcError', code: -32050, message: 'no', data: { why: 1 } },
      mode,
    );
    await expect(refusing.call()).rejects.toMatchObject({ code: -32050, data: { why: 1 } });
  });

  it('big texts have the size that was asked for', async () => {
    const { call } = await withTool({ type: 'big', bytes: 1_000_000 }, mode);
    expect(textOf(await call())).toHaveLength(1_000_000);
  });

  it('behaviours in a list are taken in turn, the last one for good', async () => {
    const { call } = await withTool([{ type: 'error', message: 'first' }, { type: 'count' }], mode);
    const texts = [textOf(await call()), textOf(await call()), textOf(await call())];
    expect(texts).toEqual(['first', '2', '3']);
  });

  it('a hanging call is not answered, and counts as running', async () => {
    const { server, call } = await withTool({ type: 'hang' }, mode);
    const controller = new AbortController();
    const hanging = call({}, { signal: controller.signal });
    await expect.poll(() => server.running).toBe(1);
    controller.abort();
    await expect(hanging).rejects.toThrow();
  });

  it('a sleeping call ends when it is cancelled, and the server shows it', async () => {
    const { server, call } = await withTool({ type: 'sleepUntilCancelled' }, mode);
    const controller = new AbortController();
    const sleeping = call({}, { signal: controller.signal });
    await expect.poll(() => server.running).toBe(1);
    controller.abort();
    await expect(sleeping).rejects.toThrow();
    await expect.poll(() => server.cancelled).toMatchObject([{ method: 'tools/call' }]);
    expect(server.running).toBe(0);
  });

  it('a slow call that is cancelled is not answered, unless it ignores that', async () => {
    const { client, server } = await withTool({ type: 'slow', ms: 50, ignoreCancel: true }, mode);
    const stray: string[] = [];
    client.onerror = (error) => stray.push(error.message);
    const controller = new AbortController();
    const slow = client.callTool({ name: 'it' }, { signal: controller.signal });
    await expect.poll(() => server.running).toBe(1);
    controller.abort();
    await expect(slow).rejects.toThrow();
    await expect.poll(() => stray).toHaveLength(1);
  });

  it('progress is reported when it was asked for', async () => {
    const { call } = await withTool({ type: 'progress', steps: 3, everyMs: 1 }, mode);
    const seen: unknown[] = [];
    await call({}, { onprogress: ({ progress, total }) => seen.push([progress, total]) });
    expect(seen).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(textOf(await call({ quiet: true }))).toBe('{"quiet":true}');
  });

  it('logs are sent when the client wants that level', async () => {
    const { client } = await withTool({ type: 'log', level: 'warning', data: { n: 1 } }, mode);
    const logs: unknown[] = [];
    client.setNotificationHandler('notifications/message', ({ params }) => void logs.push(params.data));
    const ask = async (level: 'error' | 'info') => {
      if (era === 'legacy') await client.setLoggingLevel(level);
      await client.callTool({ name: 'it', _meta: { 'io.modelcontextprotocol/logLevel': level } });
    };
    await ask('error');
    expect(logs).toEqual([]);
    await ask('info');
    expect(logs).toEqual([{ n: 1 }]);
  });

  it('the client is asked for a completion, for input and for roots, and its answers come back', async () => {
    const result = { role: 'assistant' as const, model: 'm', content: { type: 'text' as const, text: 'hi' } };
    const sampling = await withTool({ type: 'sample', params: { messages: [], maxTokens: 1 } }, mode);
    sampling.client.setRequestHandler('sampling/createMessage', async () => result);
    expect(JSON.parse(textOf(await sampling.call()))).toEqual(result);

    const form = { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } };
    const eliciting = await withTool({ type: 'elicit', params: form, rounds: 3 }, mode);
    const asked = vi.fn(async () => ({ action: 'accept' as const, content: {} }));
    eliciting.client.setRequestHandler('elicitation/create', asked);
    expect(JSON.parse(textOf(await eliciting.call()))).toEqual({ action: 'accept', content: {} });
    expect(asked).toHaveBeenCalledTimes(3);

    const rooting = await withTool({ type: 'roots' }, mode);
    rooting.client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///a' }] }));
    expect(JSON.parse(textOf(await rooting.call()))).toEqual({ roots: [{ uri: 'file:///a' }] });
  });

  it('a call that had to ask the client is one call', async () => {
    const { client, call } = await withTool([{ type: 'roots' }, { type: 'count' }], mode);
    client.setRequestHandler('roots/list', async () => ({ roots: [] }));
    expect(textOf(await call())).toBe('{"roots":[]}');
    expect(textOf(await call())).toBe('2');
  });

  it('whoami tells about the connection', async () => {
    const { call } = await withTool({ type: 'whoami' }, mode);
    const who: WhoAmI = JSON.parse(textOf(await call()));
    expect(who).toEqual({ name: 'one', pid: process.pid, era, connection: 1, connections: 1 });
  });

  it('a tool can replace the tools, its own one too', async () => {
    const { client, call } = await withTool({ type: 'setTools', tools: [{ name: 'other' }] }, mode);
    await call();
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['other']);
  });

  it('a tool can do to the server what its controls do', async () => {
    const { client, call } = await withTool(
      { type: 'control', command: { command: 'setResources', resources: [{ uri: 'a:b' }] } },
      mode,
    );
    await call();
    expect((await client.readResource({ uri: 'a:b' })).contents).toMatchObject([{ uri: 'a:b', text: 'a:b' }]);
  });

  it('a crash ends the connection without an answer, or after one', async () => {
    const crashing = await withTool({ type: 'crash' }, mode);
    await expect(crashing.call()).rejects.toThrow(/closed/i);
    const leaving = await withTool({ type: 'crashAfterAnswer' }, mode);
    const closed = new Promise<void>((resolve) => (leaving.client.onclose = resolve));
    expect(textOf(await leaving.call())).toBe('{}');
    await closed;
  });
});

describe('testing kit: asking the client in the legacy era', () => {
  it('a client that cannot do it answers with an error, which comes back', async () => {
    const server = inProcess({ tools: [{ name: 'it', does: { type: 'roots' } }] });
    const client = await connect(await linked(server));
    expect(await client.callTool({ name: 'it' })).toMatchObject({ isError: true });
    expect(server.replies).toMatchObject([{ method: 'roots/list', error: { code: -32601 } }]);
  });

  it('after input by URL, the server says that it is complete', async () => {
    const params = { mode: 'url', message: 'Go', url: 'https://example.com/', elicitationId: 'e1' };
    const server = inProcess({ tools: [{ name: 'it', does: { type: 'elicit', params } }] });
    const client = await connect(await linked(server), 'legacy', {
      capabilities: { elicitation: { url: {} } },
    });
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept' }));
    const complete = vi.fn();
    client.setNotificationHandler('notifications/elicitation/complete', ({ params: { elicitationId } }) =>
      complete(elicitationId),
    );
    await client.callTool({ name: 'it' });
    expect(complete).toHaveBeenCalledWith('e1');
  });
});
