import { describe, expect, it } from 'vitest';
import {
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { open, openFailure } from '../support/open.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf, textOf } from '../../support/results.ts';

const MB = 1024 * 1024;
const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'big', does: { type: 'big', bytes: 2 * MB } },
    { name: 'hang', does: { type: 'hang' } },
  ],
};

const reconnect = { delayMs: 10, maxDelayMs: 20 };

describe('S9 messages that are too large', () => {
  it('over stdio end the connection with a clear error, and the session comes back', async () => {
    const spec = { ...stdioSpec(script), maxMessageBytes: MB };
    const { session } = await open(spec, { reconnect });
    const other = failureOf(session.callTool('hang'));
    const error = await failureOf(session.callTool('big'));
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', server: 'tested', maybeExecuted: true });
    expect(error.message).toContain('maxMessageBytes');
    expect((await other).code).toBe('CONNECTION_LOST');
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it.each(['json', 'sse'] as const)('over HTTP with %s answers fail their call only', async (answers) => {
    await using server = await serveHttp(script, { answers });
    const { session } = await open({ url: server.url, maxMessageBytes: MB }, { reconnect });
    const error = await failureOf(session.callTool('big'));
    expect(error.server).toBe('tested');
    expect(error.message).toContain('maxMessageBytes');
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it.each([
    { over: 'SSE', type: 'sse', serve: serveSse },
    { over: 'WebSocket', type: 'websocket', serve: serveWebSocket },
  ] as const)('over $over fail the call, and the session comes back', async ({ type, serve }) => {
    await using server = await serve(script);
    const { session } = await open(
      { url: server.url, type, maxMessageBytes: MB },
      { protocol: 'legacy', reconnect },
    );
    const error = await failureOf(session.callTool('big'));
    expect(error.server).toBe('tested');
    expect(error.message).toContain('maxMessageBytes');
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it('a line without an end is cut off at the limit', async () => {
    const args = [
      '-e',
      "process.stdin.once('data', () => { const x = 'x'.repeat(65536); const go = () => { while (process.stdout.write(x)); process.stdout.once('drain', go); }; go(); })",
    ];
    const error = await openFailure(
      { command: process.execPath, args, maxMessageBytes: MB },
      { protocol: 'legacy' },
    );
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    expect(error.message).toContain('maxMessageBytes');
  });

  it('200 MB on one line, with the limit that is the default', async () => {
    const spec = stdioSpec({ ...script, era: 'legacy', faults: { hugeLineBytes: 200 * MB } });
    const { session } = await open(spec, { protocol: 'legacy', reconnect: false });
    await expect.poll(() => session.status.state).toBe('failed');
    if (session.status.state !== 'failed') return;
    expect(session.status.error.message).toContain('maxMessageBytes');
    expect(session.status.error.message).toContain(String(64 * MB));
  });
});

describe('S9 messages that are large but fit', () => {
  it.each([
    { over: 'stdio' },
    { over: 'HTTP, JSON', answers: 'json' },
    { over: 'HTTP, SSE', answers: 'sse' },
  ] as const)('come whole over $over, in both directions', async ({ answers }) => {
    await using server = answers && (await serveHttp(script, { answers }));
    const { session, seen } = await open(server?.url ?? stdioSpec(script));
    expect(textOf(await session.callTool('big'))).toHaveLength(2 * MB);
    const text = 'ü'.repeat(MB);
    const result = jsonOf(await session.callTool('echo', { text })) as { text: string };
    expect(result.text === text).toBe(true);
    expect(seen('problem')).toEqual([]);
  });
});
