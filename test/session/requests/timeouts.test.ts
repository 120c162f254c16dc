import { describe, expect, it } from 'vitest';
import { inProcess, serveHttp, stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { ERAS, open, openFailure } from '../support/open.ts';
import { failureOf } from '../../support/failures.ts';
import { textOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'hang', does: { type: 'sleepUntilCancelled' } },
    { name: 'slow', does: { type: 'slow', ms: 150 } },
    { name: 'busy', does: { type: 'progress', steps: 8, everyMs: 60 } },
    { name: 'endless', does: { type: 'progress', steps: 10_000, everyMs: 50 } },
  ],
  resources: [{ uri: 'memo://one' }],
};

describe.each(ERAS)('S3 timeouts, in the $era era', ({ protocol }) => {
  it("the request's own timeout wins over the session's, in both directions", async () => {
    await using server = inProcess(script);
    const { session: patient } = await open(server, { protocol, timeoutMs: 60_000 });
    const error = await failureOf(patient.callTool('hang', {}, { timeoutMs: 50 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', server: 'tested' });
    expect(error.message).toContain('hang');
    expect(error.message).toContain('50');

    const { session: hasty } = await open(server, { protocol, timeoutMs: 50 });
    expect((await failureOf(hasty.callTool('hang'))).code).toBe('TIMEOUT');
    await expect(hasty.callTool('slow', {}, { timeoutMs: 15_000 })).resolves.toBeDefined();
  });

  it('Infinity never times out, on a request or on the session', async () => {
    await using server = inProcess(script);
    const { session: hasty } = await open(server, { protocol, timeoutMs: 50 });
    await expect(hasty.callTool('slow', {}, { timeoutMs: Infinity })).resolves.toBeDefined();
    const { session: patient } = await open(server, { protocol, timeoutMs: Infinity });
    await expect(patient.callTool('slow')).resolves.toBeDefined();
    expect((await failureOf(patient.callTool('hang', {}, { timeoutMs: 50 }))).code).toBe('TIMEOUT');
  });

  it('a timeout that no timer can hold is as good as none', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const calls = [{ timeoutMs: 2 ** 40 }, { maxTotalTimeoutMs: 2 ** 40 }].map((options) =>
      session.callTool('slow', {}, options),
    );
    await expect(Promise.all(calls)).resolves.toHaveLength(2);
  });

  it('progress starts the timeout over when asked to, and only then', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const onProgress = () => {};
    const kept = session.callTool('busy', {}, { timeoutMs: 300, resetTimeoutOnProgress: true, onProgress });
    const lost = failureOf(session.callTool('busy', {}, { timeoutMs: 300, onProgress }));
    await expect(kept).resolves.toBeDefined();
    expect((await lost).code).toBe('TIMEOUT');
  });

  it('progress starts the timeout over without a callback too', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const options = { timeoutMs: 300, resetTimeoutOnProgress: true };
    await expect(session.callTool('busy', {}, options)).resolves.toBeDefined();
  });

  it('the total limit holds however much progress there is', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    let reports = 0;
    const error = await failureOf(
      session.callTool(
        'endless',
        {},
        {
          timeoutMs: 5_000,
          resetTimeoutOnProgress: true,
          maxTotalTimeoutMs: 250,
          onProgress: () => void reports++,
        },
      ),
    );
    expect(error.code).toBe('TIMEOUT');
    expect(error.message).toContain('250');
    expect(reports).toBeGreaterThan(0);
    await expect.poll(() => server.running - listens(server)).toBe(0);
  });

  it('the total limit holds without any progress, and without a timeout', async () => {
    await using server = inProcess(script);
    const { session } = await open(server, { protocol });
    const options = { timeoutMs: Infinity, maxTotalTimeoutMs: 100 };
    expect((await failureOf(session.callTool('hang', {}, options))).code).toBe('TIMEOUT');
  });

  it('every kind of request has the timeout', async () => {
    const ignore = ['ping', 'tools/list', 'resources/list', 'resources/read', 'prompts/get', 'no/such'];
    await using server = inProcess({ ...script, prompts: [{ name: 'p' }], faults: { ignore } });
    const { session } = await open(server, { protocol, timeoutMs: 50 });
    const calls = [
      session.listTools(),
      session.listResources(),
      session.readResource('memo://one'),
      session.getPrompt('p'),
      session.request({ method: 'no/such' }),
      ...(protocol === 'legacy' ? [session.ping()] : []),
    ];
    const codes = (await Promise.all(calls.map(failureOf))).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['TIMEOUT']));
  });
});

/** Subscriptions that are open: requests that run as long as the session. */
function listens(server: { requests: readonly { method: string }[] }): number {
  return server.requests.filter(({ method }) => method === 'subscriptions/listen').length;
}

describe('S3 a timed-out call leaves the session usable', () => {
  it.each(['json', 'sse'] as const)('over HTTP with %s answers', async (answers) => {
    await using server = await serveHttp(script, { answers });
    const { session, seen } = await open(server.url, { protocol: 'legacy' });
    expect((await failureOf(session.callTool('hang', {}, { timeoutMs: 100 }))).code).toBe('TIMEOUT');
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
    expect(seen('problem')).toEqual([]);
  });

  it('over stdio', async () => {
    const { session, seen } = await open(stdioSpec(script));
    expect((await failureOf(session.callTool('hang', {}, { timeoutMs: 100 }))).code).toBe('TIMEOUT');
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
    expect(seen('problem')).toEqual([]);
  });
});

describe('S3 connecting has its own timeout', () => {
  it.each([{ protocol: 'legacy' }, { protocol: '2026-07-28' }, { protocol: 'auto' }] as const)(
    '$protocol: a server that never answers the handshake',
    async ({ protocol }) => {
      const spec = stdioSpec({ faults: { neverInitialize: true } });
      const error = await openFailure(spec, { protocol, connectTimeoutMs: 300 });
      expect(error).toMatchObject({ code: 'TIMEOUT', server: 'tested' });
      expect(error.message).toContain('300');
      expect(error.message).toContain('connectTimeoutMs');
    },
  );

  it("is not the requests' timeout", async () => {
    await using server = inProcess({ ...script, startDelayMs: 300 });
    const { session } = await open(server, { timeoutMs: 50 });
    expect(session.status.state).toBe('ready');
  });
});
