import type { Progress } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { inProcess, serveHttp, stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { ERAS, open } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';
import { fixture } from '../../support/fixtures.ts';
import { jsonOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [
    { name: 'three', does: { type: 'progress', steps: 3 } },
    { name: 'hundred', does: { type: 'progress', steps: 100 } },
  ],
};

const threeSteps = [1, 2, 3].map((progress) => ({ progress, total: 3, message: `step ${progress} of 3` }));

describe.each(ERAS)('S10 progress, in the $era era', ({ protocol }) => {
  it('reaches the callback of its own call, in order, with total and message', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const reports = await Promise.all(
      ['three', 'hundred', 'three'].map(async (tool) => {
        const seen: Progress[] = [];
        await session.callTool(tool, {}, { onProgress: (progress) => void seen.push(progress) });
        return seen;
      }),
    );
    expect(reports[0]).toEqual(threeSteps);
    expect(reports[2]).toEqual(threeSteps);
    expect(reports[1]?.map(({ progress }) => progress)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  });

  it('is not asked for without a callback', async () => {
    await using server = inProcess(script);
    const { session, events } = await open(server, { protocol });
    await session.callTool('three');
    const call = server.requests.find(({ method }) => method === 'tools/call');
    expect(JSON.stringify(call?.params)).not.toContain('progressToken');
    expect(events).toEqual([]);
  });

  it('to a callback that throws harms neither the call nor the session, and is reported', async () => {
    await using server = inProcess(script);
    const { session, seen } = await open(server, { protocol });
    const onProgress = (): never => {
      throw new Error('the progress bar broke');
    };
    const result = await session.callTool('three', { a: 1 }, { onProgress });
    expect(jsonOf(result)).toEqual({ a: 1 });
    await expect.poll(() => seen('problem').length).toBeGreaterThan(0);
    expect(seen('problem')[0]?.error.message).toContain('the progress bar broke');
    expect(seen('problem')[0]?.error.server).toBe('tested');
    await session.ping();
  });

  it('to a callback that rejects later is reported, not left unhandled', async () => {
    await using server = inProcess(script);
    const { session, seen } = await open(server, { protocol });
    const onProgress = (): Promise<void> => Promise.reject(new Error('the async progress bar broke'));
    await session.callTool('three', {}, { onProgress });
    await expect.poll(() => seen('problem').length).toBeGreaterThan(0);
    expect(seen('problem')[0]?.error.message).toContain('the async progress bar broke');
  });

  it('keeps the meta that the caller gave', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const reports: Progress[] = [];
    const onProgress = (progress: Progress): void => void reports.push(progress);
    await session.callTool('three', {}, { onProgress, meta: { 'example.org/trace': 'abc' } });
    const call = server.requests.find(({ method }) => method === 'tools/call');
    expect(call?.params['_meta']).toMatchObject({ 'example.org/trace': 'abc' });
    expect(reports).toEqual(threeSteps);
  });

  it.each([
    { over: 'stdio' },
    { over: 'HTTP with JSON answers', answers: 'json' },
    { over: 'HTTP with SSE answers', answers: 'sse' },
  ] as const)('over $over', async ({ answers }) => {
    await using server = answers && (await serveHttp(script, { answers }));
    const { session } = await open(server?.url ?? stdioSpec(script), { protocol });
    const seen: Progress[] = [];
    await session.callTool('three', {}, { onProgress: (progress) => void seen.push(progress) });
    expect(seen).toEqual(threeSteps);
  });
});

/** Answers every call; `before` may say something first, in the same breath. */
function answering(before: (token: unknown, server: RawServer) => void): RawServer {
  return new RawServer(({ method, params }, server) => {
    if (method !== 'tools/call') return undefined;
    const meta = params?.['_meta'] as { progressToken?: unknown } | undefined;
    before(meta?.progressToken, server);
    return { content: [] };
  });
}

describe('S10 progress at the edges', () => {
  it('the last report, sent together with the answer, is not lost', async () => {
    const server = answering((progressToken, connection) =>
      connection.notify('notifications/progress', { progressToken, progress: 1, total: 1 }),
    );
    const { session } = await open(server.spec, { protocol: 'legacy' });
    const seen: Progress[] = [];
    await session.callTool('any', {}, { onProgress: (progress) => void seen.push(progress) });
    expect(seen).toEqual([{ progress: 1, total: 1 }]);
  });

  it('the same over stdio, where both come in one chunk', async () => {
    const { session } = await open(fixture('session-last-words.mjs'), { protocol: 'legacy' });
    const seen: number[] = [];
    await session.callTool('any', {}, { onProgress: ({ progress }) => void seen.push(progress) });
    expect(seen).toEqual([1, 2, 3]);
  });

  it('of a call that is over, or was never made, is dropped', async () => {
    const tokens: unknown[] = [];
    const server = answering((token) => tokens.push(token));
    const { session } = await open(server.spec, { protocol: 'legacy' });
    const seen: Progress[] = [];
    await session.callTool('any', {}, { onProgress: (progress) => void seen.push(progress) });
    server.notify('notifications/progress', { progressToken: tokens[0], progress: 2 });
    server.notify('notifications/progress', { progressToken: 'nobody', progress: 3 });
    await expect(session.callTool('any')).resolves.toBeDefined();
    expect(seen).toEqual([]);
    expect(session.status.state).toBe('ready');
  });
});
