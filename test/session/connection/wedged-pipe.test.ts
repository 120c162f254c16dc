import { describe, expect, it } from 'vitest';
import { open } from '../support/open.ts';
import { fixture } from '../../support/fixtures.ts';
import { failureOf } from '../../support/failures.ts';

/** More than any pipe holds. */
const text = 'x'.repeat(1024 * 1024);

/** A server that is alive and does not read its input any more. */
const deaf = { ...fixture('session-deaf.mjs'), closeGraceMs: 100, terminateGraceMs: 100 };
const protocol = 'legacy';

describe('S4 a pipe that nobody reads', () => {
  it('does not hold up a timeout or an abort', async () => {
    const { session } = await open(deaf, { protocol });
    const controller = new AbortController();
    const timedOut = failureOf(session.callTool('any', { text }, { timeoutMs: 100 }));
    const aborted = failureOf(session.callTool('any', { text }, { signal: controller.signal }));
    expect((await timedOut).code).toBe('TIMEOUT');
    controller.abort();
    expect((await aborted).code).toBe('ABORTED');
  });

  it("does not hold up a notification for longer than the session's timeout", async () => {
    const { session } = await open(deaf, { protocol, timeoutMs: 200 });
    const params = { text };
    const sent = [1, 2, 3].map(() => failureOf(session.notify({ method: 'notifications/example', params })));
    sent.push(failureOf(session.sendProgress({ progressToken: 1, progress: 1 })));
    for (const error of await Promise.all(sent))
      expect(error).toMatchObject({ code: 'TIMEOUT', server: 'tested' });
  });

  it.each([{ what: 'a call' }, { what: 'a notification' }])(
    'does not hold up close(), after $what',
    async ({ what }) => {
      const { session } = await open(deaf, { protocol, timeoutMs: 200 });
      const params = { text };
      const sent =
        what === 'a call'
          ? session.callTool('any', params).catch(() => {})
          : session.notify({ method: 'notifications/example', params }).catch(() => {});
      await session.close();
      await sent;
      expect(session.status.state).toBe('closed');
    },
  );

  it('does not hold up destroy(), whatever waits', async () => {
    const { session } = await open(deaf, { protocol, timeoutMs: Infinity });
    const params = { text };
    const call = failureOf(session.callTool('any', params));
    const notification = failureOf(session.notify({ method: 'notifications/example', params }));
    await session.destroy();
    expect((await call).code).toBe('SESSION_CLOSED');
    expect((await notification).code).toBe('SESSION_CLOSED');
    await expect.poll(() => session.status.state).toBe('closed');
  });
});
