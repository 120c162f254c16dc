import { describe, expect, it } from 'vitest';
import { openSession } from '../../../src/index.ts';
import { inProcess, serveHttp, stdioSpec } from '../../../src/testing/index.ts';
import { open } from '../support/open.ts';
import { failureOf } from '../../support/failures.ts';

const params = { message: 'Well?', requestedSchema: { type: 'object', properties: {} } };
const asks = { tools: [{ name: 'ask', does: { type: 'elicit' as const, params } }] };

describe('G14 closing while a handler waits for a person, in the modern era', () => {
  it('waits no longer than the timeout of the call', async () => {
    await using server = await serveHttp({ ...asks, era: 'modern' });
    const signals: AbortSignal[] = [];
    const { session } = await open(server.url, {
      timeoutMs: 300,
      onElicitation: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    const call = failureOf(session.callTool('ask'));
    await expect.poll(() => signals.length).toBe(1);
    await session.close();
    expect(await call).toMatchObject({ code: 'TIMEOUT', maybeExecuted: true });
    expect(signals[0]?.aborted).toBe(true);
  });

  it('by destroy() tells the handler, too', async () => {
    await using server = await serveHttp({ ...asks, era: 'modern' });
    const signals: AbortSignal[] = [];
    const { session } = await open(server.url, {
      onElicitation: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    const call = failureOf(session.callTool('ask'));
    await expect.poll(() => signals.length).toBe(1);
    await session.destroy();
    expect(await call).toMatchObject({ code: 'SESSION_CLOSED', maybeExecuted: true });
    await expect.poll(() => signals[0]?.aborted).toBe(true);
  });
});

describe('S14 opening that is given up', () => {
  it('before it began opens nothing', async () => {
    await using server = inProcess({});
    const signal = AbortSignal.abort(new Error('never mind'));
    const error = await failureOf(openSession({ server }, { signal }));
    expect(error).toMatchObject({ code: 'ABORTED', cause: signal.reason });
    expect(server.connections).toBe(0);
  });

  it('on the way leaves no process', async () => {
    const controller = new AbortController();
    const opening = openSession(stdioSpec({ faults: { neverInitialize: true } }), {
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 200);
    expect((await failureOf(opening)).code).toBe('ABORTED');
  });
});

describe('S8 what a failed call says of itself', () => {
  const script = { tools: [{ name: 'hang', does: { type: 'hang' as const } }] };

  it('sent and not answered: it may have run', async () => {
    await using server = inProcess(script);
    const { session } = await open(server);
    const controller = new AbortController();
    const aborted = failureOf(session.callTool('hang', {}, { signal: controller.signal }));
    const timedOut = failureOf(session.callTool('hang', {}, { timeoutMs: 50 }));
    expect(await timedOut).toMatchObject({ code: 'TIMEOUT', maybeExecuted: true });
    controller.abort();
    expect(await aborted).toMatchObject({ code: 'ABORTED', maybeExecuted: true });
  });

  it('never sent: it did not', async () => {
    await using server = inProcess(script);
    const { session } = await open(server);
    const early = await failureOf(session.callTool('hang', {}, { signal: AbortSignal.abort() }));
    expect(early).toMatchObject({ code: 'ABORTED', maybeExecuted: false });
    await session.close();
    const late = await failureOf(session.callTool('hang'));
    expect(late).toMatchObject({ code: 'SESSION_CLOSED', maybeExecuted: false });
  });

  it('as JSON it has its message and no fields that say nothing', async () => {
    await using server = inProcess(script);
    const { session } = await open(server);
    const error = await failureOf(session.callTool('hang', {}, { timeoutMs: 20 }));
    const { message } = error;
    const facts = { name: 'PlenumError', code: 'TIMEOUT', message, server: 'tested', maybeExecuted: true };
    const advice = [{ do: 'raise', options: ['timeoutMs'] }];
    expect(JSON.parse(JSON.stringify(error))).toEqual({ ...facts, advice, data: { timeoutMs: 20 } });
    expect(Object.keys(error)).not.toContain('rpcCode');
  });
});

describe('S6 a schema that holds no longer', () => {
  it('is not checked against once the list has changed', async () => {
    const schema = (type: string) => ({ type: 'object', properties: { v: { type } }, required: ['v'] });
    const tool = (type: string, v: unknown) => ({
      name: 'value',
      outputSchema: schema(type),
      does: { type: 'result' as const, result: { content: [], structuredContent: { v } } },
    });
    await using server = inProcess({ tools: [tool('string', 'text')] });
    const { session, seen } = await open(server, { protocol: 'legacy' });
    await session.listTools();
    server.setTools([tool('number', 7)]);
    await expect.poll(() => seen('list-changed').length).toBe(1);
    expect((await session.callTool('value')).structuredContent).toEqual({ v: 7 });
  });
});
