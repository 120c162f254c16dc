import { expect } from 'vitest';
import { PlenumError, type SessionOptions } from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newSession } from '../../support/groups.ts';
import { desk } from './desk.ts';
import { testRows } from './rows.ts';

const open = (options?: SessionOptions) => newSession({ server: desk() }, options);
const TIMEOUT = { code: 'TIMEOUT', maybeExecuted: true };

testRows('Python SDK: timeouts', (row) => {
  row('`read_timeout_seconds=…` of a session; none by default', async () => {
    const session = await open({ timeoutMs: 100 });
    expect(await failureOf(session.callTool('hang'))).toMatchObject(TIMEOUT);
    const group = await connectGroup({
      servers: { desk: { server: desk(), timeoutMs: 100 } },
      timeoutMs: Infinity,
    });
    expect(await failureOf(group.callTool('desk__hang'))).toMatchObject(TIMEOUT);
  });

  row('`read_timeout_seconds=5` of a call', async () => {
    const session = await open();
    expect(await failureOf(session.callTool('hang', {}, { timeoutMs: 100 }))).toMatchObject(TIMEOUT);
  });

  row('`with anyio.fail_after(5):`', async () => {
    const server = desk();
    const session = await newSession({ server });
    const signal = AbortSignal.timeout(100);
    expect(await failureOf(session.callTool('hang', {}, { signal }))).toMatchObject({ code: 'ABORTED' });
    await expect.poll(() => server.cancelled).toHaveLength(1);
  });

  row('progress does not extend the time', async () => {
    const steps = { type: 'progress', steps: 1_000, everyMs: 50 } as const;
    const session = await newSession({ server: desk({ tools: [{ name: 'steps', does: steps }] }) });
    const options = { timeoutMs: 10_000, resetTimeoutOnProgress: true, maxTotalTimeoutMs: 300 };
    expect(await failureOf(session.callTool('steps', {}, options))).toMatchObject(TIMEOUT);
  });

  row('`with anyio.fail_after(30): await session.initialize()`', async () => {
    const server = desk({ faults: { neverInitialize: true } });
    const opening = newSession({ server }, { connectTimeoutMs: 200, reconnect: false });
    expect(await failureOf(opening)).toMatchObject({ code: 'TIMEOUT' });
  });

  row('`MCPError` with code `-32001` or 408', async () => {
    const session = await open();
    const error = await failureOf(session.callTool('hang', {}, { timeoutMs: 100 }));
    expect(error).toBeInstanceOf(PlenumError);
    expect(error).toMatchObject(TIMEOUT);
  });
});
