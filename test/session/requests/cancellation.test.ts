import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../../src/index.ts';
import {
  inProcess,
  serveHttp,
  stdioSpec,
  type ScriptedServer,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { ERAS, open, openFailure } from '../support/open.ts';
import { RawServer, SILENCE } from '../support/raw-server.ts';
import { calledMethods } from '../support/wire.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf, textOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'hang', does: { type: 'sleepUntilCancelled' } },
    { name: 'stubborn', does: { type: 'slow', ms: 200, ignoreCancel: true } },
    { name: 'count', does: { type: 'count' } },
  ],
};

const CANCELLED = 'notifications/cancelled';

function hangs(server: ScriptedServer): number {
  return server.requests.filter(({ params }) => params['name'] === 'hang').length;
}

describe.each(ERAS)('S4 a call that was given up, in the $era era', ({ protocol }) => {
  it('aborting rejects with ABORTED, and the server is told once', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const controller = new AbortController();
    const call = failureOf(session.callTool('hang', {}, { signal: controller.signal }));
    await expect.poll(() => hangs(server)).toBe(1);
    controller.abort(new Error('the user walked away'));
    const error = await call;
    expect(error).toMatchObject({ code: 'ABORTED', server: 'tested' });
    expect(error.message).toContain('hang');
    await expect.poll(() => server.cancelled.map(({ params }) => params['name'])).toEqual(['hang']);
    await session.ping();
    expect(server.notifications.filter(({ method }) => method === CANCELLED)).toHaveLength(1);
  });

  it.each([
    ['an object without a text', Object.create(null)],
    [
      'one whose text throws',
      {
        toString: () => {
          throw new Error('no');
        },
      },
    ],
    ['null', null],
    ['a symbol', Symbol('given up')],
  ])('a reason that is %s is no trouble', async (_, reason: unknown) => {
    await using server = inProcess(script);
    const { session, seen } = await open(server, { protocol });
    for (const options of [{}, { onProgress: () => {} }]) {
      const controller = new AbortController();
      const call = failureOf(session.callTool('hang', {}, { signal: controller.signal, ...options }));
      await expect.poll(() => hangs(server)).toBeGreaterThan(server.cancelled.length);
      controller.abort(reason);
      expect(await call).toMatchObject({ code: 'ABORTED', cause: reason });
      await expect.poll(() => server.cancelled.length).toBe(hangs(server));
    }
    const signal = AbortSignal.abort(reason);
    expect(await failureOf(session.callTool('echo', {}, { signal }))).toMatchObject({ code: 'ABORTED' });
    expect(seen('problem')).toEqual([]);
  });

  it('a timeout tells the server too', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    expect((await failureOf(session.callTool('hang', {}, { timeoutMs: 100 }))).code).toBe('TIMEOUT');
    await expect.poll(() => server.cancelled).toHaveLength(1);
    const [sent] = server.notifications.filter(({ method }) => method === CANCELLED);
    expect(sent?.params['requestId']).toBe(server.cancelled[0]?.id);
  });

  it('an answer, or an error of the server, is not cancelled', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const controller = new AbortController();
    await session.callTool('echo', {}, { signal: controller.signal });
    await failureOf(session.callTool('no-such', {}, { signal: controller.signal }));
    controller.abort();
    await session.ping();
    expect(server.notifications.filter(({ method }) => method === CANCELLED)).toEqual([]);
  });

  it('a call whose signal was aborted before sends nothing', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const signal = AbortSignal.abort(new Error('too late'));
    const calls = [
      session.callTool('count', {}, { signal }),
      session.listTools({ signal }),
      session.ping({ signal }),
      session.request({ method: 'tools/list' }, { signal }),
    ];
    const codes = (await Promise.all(calls.map(failureOf))).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['ABORTED']));
    expect(textOf(await session.callTool('count'))).toBe('1');
    expect(calledMethods(server.requests)).toEqual(['tools/call']);
    expect(server.notifications.filter(({ method }) => method === CANCELLED)).toEqual([]);
  });

  it('a call that is aborted in the same turn is settled once and told truly', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const controller = new AbortController();
    const call = failureOf(session.callTool('hang', {}, { signal: controller.signal }));
    controller.abort();
    expect((await call).code).toBe('ABORTED');
    await session.ping();
    await expect.poll(() => server.cancelled.length - hangs(server)).toBe(0);
  });

  it('a late answer is dropped quietly', async () => {
    await using server = inProcess(script);
    const { session, events } = await open(server, { protocol });
    expect((await failureOf(session.callTool('stubborn', {}, { timeoutMs: 50 }))).code).toBe('TIMEOUT');
    // The kit answers after 200 ms; a call that takes longer is proof that the answer has come.
    await session.callTool('stubborn');
    await session.ping();
    expect(events).toEqual([]);
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it('one signal may end many calls', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const controller = new AbortController();
    const calls = Array.from({ length: 100 }, () =>
      failureOf(session.callTool('hang', {}, { signal: controller.signal })),
    );
    await expect.poll(() => hangs(server)).toBe(100);
    controller.abort();
    expect(new Set((await Promise.all(calls)).map(({ code }) => code))).toEqual(new Set(['ABORTED']));
    await expect.poll(() => server.cancelled).toHaveLength(100);
  });

  it('calls that are over leave no listener on their signal', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 5 }, () => session.callTool('echo', {}, { signal })));
    await failureOf(session.callTool('hang', {}, { signal, timeoutMs: 50 }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('many calls at once on one signal make Node warn of no leak', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): number => warnings.push(name);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 100 }, () => session.callTool('echo', {}, { signal })));
    // Node emits warnings in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});

describe('S4 cancelling over other transports', () => {
  it.each(ERAS)('$era: HTTP, with each kind of answer', async ({ protocol }) => {
    for (const answers of ['json', 'sse'] as const) {
      await using server = await serveHttp(script, { answers });
      const { session } = await open(server.url, { protocol });
      const controller = new AbortController();
      const call = failureOf(session.callTool('hang', {}, { signal: controller.signal }));
      await expect.poll(() => hangs(server)).toBe(1);
      controller.abort();
      expect((await call).code).toBe('ABORTED');
      await expect.poll(() => server.cancelled).toHaveLength(1);
      expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
    }
  });
});

describe('S4 the handshake is never cancelled', () => {
  it('initialize that takes too long', async () => {
    const server = new RawServer(({ method }) => (method === 'initialize' ? SILENCE : undefined));
    const error = await openFailure(server.spec, { protocol: 'legacy', connectTimeoutMs: 200 });
    expect(error.code).toBe('TIMEOUT');
    expect(server.requests('initialize')).toHaveLength(1);
    expect(server.notifications(CANCELLED)).toEqual([]);
  });
});

describe('S4 which request is cancelled', () => {
  it('the one that was given up, and no other', async () => {
    const server = new RawServer();
    const { session } = await open(server.spec, { protocol: 'legacy' });
    const controller = new AbortController();
    const kept = session.callTool('kept');
    const given = failureOf(session.callTool('given', {}, { signal: controller.signal }));
    await expect.poll(() => server.requests('tools/call')).toHaveLength(2);
    controller.abort(new Error('secret reason'));
    await given;
    const id = server.requests('tools/call').find(({ params }) => params?.['name'] === 'given')?.id;
    await expect
      .poll(() => server.notifications(CANCELLED).map(({ params }) => params?.['requestId']))
      .toEqual([id]);
    for (const request of server.requests('tools/call')) server.respond(request.id, { content: [] });
    await expect(kept).resolves.toEqual({ content: [] });
  });

  it('none, for a call that waits for a connection and is aborted meanwhile', async () => {
    const { session } = await open(stdioSpec({ ...script, startDelayMs: 100 }), { protocol: 'legacy' });
    const controller = new AbortController();
    const revived = session.reconnect();
    const call = failureOf(session.callTool('count', {}, { signal: controller.signal }));
    controller.abort();
    expect((await call).code).toBe('ABORTED');
    await revived;
    expect(textOf(await session.callTool('count'))).toBe('1');
  });
});

it('S4 a session that is closed right after a call was given up: over HTTP, too, the server is told', async () => {
  await using server = await serveHttp(script);
  const { session } = await open({ url: server.url }, { protocol: 'legacy' });
  const controller = new AbortController();
  const call = failureOf(session.callTool('hang', {}, { signal: controller.signal }));
  await expect.poll(() => hangs(server)).toBe(1);
  controller.abort();
  await session.close();
  expect((await call).code).toBe('ABORTED');
  expect(server.notifications.filter(({ method }) => method === CANCELLED)).toHaveLength(1);
});

describe('S4 what the server is told of a cancelled call', () => {
  it.each([
    ['a tool call', (session: Session, signal: AbortSignal) => session.callTool('x', {}, { signal })],
    ['another request', (session: Session, signal: AbortSignal) => session.readResource('a:b', { signal })],
    [
      'a raw request',
      (session: Session, signal: AbortSignal) => session.request({ method: 'x/y' }, { signal }),
    ],
  ])('%s: not the reason of the caller', async (_, call) => {
    const server = new RawServer();
    const { session } = await open(server.spec, { protocol: 'legacy' });
    const controller = new AbortController();
    const reason = new Error('hunter2');
    const given = failureOf(call(session, controller.signal));
    await expect.poll(() => server.received.at(-1)?.id).toBeDefined();
    controller.abort(reason);
    expect(await given).toMatchObject({ code: 'ABORTED', cause: reason });
    await expect
      .poll(() => server.notifications(CANCELLED).map(({ params }) => params?.['reason']))
      .toEqual([expect.stringContaining('The caller cancelled the call.')]);
    expect(JSON.stringify(server.received)).not.toContain('hunter2');
  });
});
