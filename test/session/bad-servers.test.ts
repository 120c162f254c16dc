import { describe, expect, it } from 'vitest';
import {
  inProcess,
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  type Faults,
  type ServerScript,
} from '../../src/testing/index.ts';
import { ERAS, open, openFailure } from './support/open.ts';
import { RawServer } from './support/raw-server.ts';
import { fixture } from '../support/fixtures.ts';
import { failureOf } from '../support/failures.ts';
import { jsonOf } from '../support/results.ts';

const script: ServerScript = { tools: [{ name: 'echo' }] };
const faulty = (faults: Faults): ServerScript => ({ ...script, faults });
const garbage = ['hello', '{"jsonrpc":', '\u0000\u0001', '[1,2'];

describe.each(ERAS)('S9 garbage, in the $era era', ({ protocol }) => {
  it('at the start over stdio harms nothing', async () => {
    const spec = stdioSpec(faulty({ garbage: { at: 'start', lines: garbage } }));
    const { session } = await open(spec, { protocol });
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it.each([
    {
      over: 'stdio',
      start: async (faults: ServerScript) => ({ target: stdioSpec(faults), close: async () => {} }),
    },
    {
      over: 'HTTP with SSE answers',
      start: async (faults: ServerScript) => {
        const server = await serveHttp(faults, { answers: 'sse' });
        return { target: server.url, close: () => server.close() };
      },
    },
    {
      over: 'WebSocket',
      start: async (faults: ServerScript) => {
        const server = await serveWebSocket(faults);
        return { target: server.url, close: () => server.close() };
      },
    },
  ])('between answers over $over is reported and dropped, and the session lives', async ({ start }) => {
    const { target, close } = await start(faulty({ garbage: { at: 'answers', lines: garbage } }));
    const { session, seen } = await open(target, { protocol });
    for (let n = 0; n < 3; n++) expect(jsonOf(await session.callTool('echo', { n }))).toEqual({ n });
    await expect.poll(() => seen('problem').length).toBeGreaterThan(0);
    expect(seen('problem')[0]?.error.server).toBe('tested');
    expect(session.status.state).toBe('ready');
    await session.close();
    await close();
  });

  it('that is no text at all is reported and dropped', async () => {
    const lines = [Buffer.from([0xff, 0xfe, 0x80, 0x22]).toString('base64')];
    const spec = stdioSpec(faulty({ garbage: { at: 'answers', lines, base64: true } }));
    const { session, seen } = await open(spec, { protocol });
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
    await expect.poll(() => seen('problem').length).toBeGreaterThan(0);
  });

  it('answers to an id that nobody asked are reported and dropped', async () => {
    await using server = inProcess(faulty({ unknownIdAnswer: true }));
    const { session, seen } = await open(server, { protocol });
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
    await expect.poll(() => seen('problem').length).toBeGreaterThan(0);
    expect(session.status.state).toBe('ready');
  });

  it('the same answer twice counts once', async () => {
    await using server = inProcess(faulty({ duplicateAnswers: true }));
    const { session } = await open(server, { protocol });
    for (let n = 0; n < 5; n++) expect(jsonOf(await session.callTool('echo', { n }))).toEqual({ n });
    expect(session.status.state).toBe('ready');
  });
});

describe('S9 JSON that is no message', () => {
  const lines = [
    '{}',
    '[]',
    'null',
    '42',
    '"text"',
    'true',
    '{"jsonrpc":"1.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":null,"result":{}}',
    '{"jsonrpc":"2.0","id":{},"method":"ping"}',
    '{"jsonrpc":"2.0","id":999}',
    '{"jsonrpc":"2.0","id":999,"error":"not an object"}',
    '{"jsonrpc":"2.0","method":5}',
    '{"jsonrpc":"2.0","method":"notifications/x","params":[1]}',
    '[{"jsonrpc":"2.0","method":"ping","id":1}]',
    '['.repeat(10_000),
    '{"__proto__":{"jsonrpc":"2.0"},"id":1}',
  ];

  it.each(lines.map((line) => ({ line, title: line.slice(0, 60) })))('$title', async ({ line }) => {
    const { session, seen } = await open(fixture('session-raw.mjs'), { protocol: 'legacy' });
    const pieces = [Buffer.from(`${line}\n`).toString('base64')];
    await session.request({ method: 'raw', params: { pieces } });
    expect(await session.request({ method: 'echo', params: { still: 'here' } })).toMatchObject({
      still: 'here',
    });
    await expect.poll(() => seen('problem')).toHaveLength(1);
    expect(seen('problem')[0]?.error.message).toContain('tested');
    expect(session.status.state).toBe('ready');
  });

  it('blank lines are nothing to speak of', async () => {
    const { session, seen } = await open(fixture('session-raw.mjs'), { protocol: 'legacy' });
    const pieces = [Buffer.from('\n\r\n\n').toString('base64')];
    await session.request({ method: 'raw', params: { pieces } });
    await session.request({ method: 'echo' });
    expect(seen('problem')).toEqual([]);
  });

  it('a message in pieces, with CRLF and characters cut in two, is one message', async () => {
    const { session, seen } = await open(fixture('session-raw.mjs'), { protocol: 'legacy' });
    const bytes = Buffer.from(
      `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x', params: { text: 'ü€😀' } })}\r\n`,
    );
    const pieces = [...bytes].map((byte) => Buffer.from([byte]).toString('base64'));
    await session.request({ method: 'raw', params: { pieces } });
    await expect.poll(() => seen('notification')).toMatchObject([{ params: { text: 'ü€😀' } }]);
    expect(seen('problem')).toEqual([]);
  });
});

describe('S9 notifications that are wrong', () => {
  it.each([
    { method: 'notifications/progress', params: {} },
    { method: 'notifications/progress', params: { progressToken: 1, progress: 'half' } },
    { method: 'notifications/message', params: { level: 'shouting', data: 1 } },
    { method: 'notifications/message', params: {} },
    { method: 'notifications/resources/updated', params: {} },
    { method: 'notifications/cancelled', params: { requestId: 12345 } },
    { method: 'notifications/elicitation/complete', params: {} },
  ])('$method $params', async ({ method, params }) => {
    const server = new RawServer(({ method: asked }) => (asked === 'ping' ? {} : undefined));
    const { session } = await open(server.spec, { protocol: 'legacy' });
    server.notify(method, params);
    await session.ping();
    expect(session.status.state).toBe('ready');
  });
});

describe('S9 answers that are wrong', () => {
  it.each([
    { title: 'a result that is a text', answer: { result: 'fine' } },
    { title: 'a result that is null', answer: { result: null } },
    { title: 'an error without a code', answer: { error: { message: 'oops' } } },
    { title: 'an error that is a text', answer: { error: 'oops' } },
    { title: 'neither result nor error', answer: {} },
    { title: 'both result and error', answer: { result: {}, error: { code: 1, message: 'oops' } } },
  ])('$title: the call ends with an error or its timeout, and the session lives', async ({ answer }) => {
    const server = new RawServer(({ method }) => (method === 'ping' ? {} : undefined));
    const { session, seen } = await open(server.spec, { protocol: 'legacy' });
    const call = session.callTool('any', {}, { timeoutMs: 100 });
    const settled = call.then(
      () => 'a result',
      (error: { code: string }) => error.code,
    );
    await expect.poll(() => server.requests('tools/call')).toHaveLength(1);
    server.send({ jsonrpc: '2.0', id: server.requests('tools/call')[0]?.id, ...answer });
    const outcome = await settled;
    expect(['a result', 'INVALID_RESULT', 'PROTOCOL', 'TIMEOUT']).toContain(outcome);
    // What was dropped was reported: nobody should have to guess why the call took so long.
    if (outcome === 'TIMEOUT') expect(seen('problem')).toHaveLength(1);
    await session.ping();
    expect(session.status.state).toBe('ready');
  });
});

describe('S9 handshakes that are wrong, with strict checks', () => {
  it.each([
    { title: 'without a version', result: { capabilities: {}, serverInfo: { name: 'a', version: '1' } } },
    { title: 'without server info', result: { protocolVersion: '2025-11-25', capabilities: {} } },
    { title: 'without anything', result: {} },
    {
      title: 'with capabilities of another kind',
      result: { protocolVersion: '2025-11-25', capabilities: 'all', serverInfo: { name: 'a', version: '1' } },
    },
  ])('$title', async ({ result }) => {
    const server = new RawServer(({ method }) => (method === 'initialize' ? result : undefined));
    const error = await openFailure(server.spec, {
      protocol: 'legacy',
      checks: 'strict',
      connectTimeoutMs: 5_000,
    });
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
  });

  it('half a line before the end of the process', async () => {
    const spec = stdioSpec(faulty({ halfLine: true, dieOnInitialize: true }));
    const error = await openFailure(spec, { protocol: 'legacy' });
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
  });

  it('an error in place of the handshake', async () => {
    const refuse = { initialize: { code: -32603, message: 'no licence' } };
    await using server = inProcess({ era: 'legacy', faults: { refuse } });
    const error = await openFailure(server, { protocol: 'legacy' });
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    expect(error.message).toContain('no licence');
  });

  it('an old SSE server that sends its client elsewhere', async () => {
    await using server = await serveSse(script, { endpoint: 'http://localhost.example:9/messages' });
    const error = await openFailure({ url: server.url, type: 'sse' }, { connectTimeoutMs: 5_000 });
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    expect((await failureOf(Promise.reject(error))).message).toContain('localhost.example');
  });
});
