import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { connectBeside } from '../../support/neighbour.ts';
import { open } from '../support/open.ts';
import { CASES, said, serveForgetful, SURE, times, WAYS, WORDLESS } from './forgetful.ts';

const protocol = 'legacy';
const reconnect = { delayMs: 10, maxDelayMs: 20 };

describe.each(CASES)('R2 an answer that says nothing of the session ($way, $answers)', ({ way, answers }) => {
  const cases = Object.entries(WORDLESS);
  it.each(cases)('%s: a session that is gone is opened anew, and no call runs twice', async (how, words) => {
    const server = await serveForgetful(answers);
    const { group, expectUntouched } = await connectBeside({
      servers: { peer: { url: server.url, type: 'http', ...WAYS[way] } },
      protocol,
      reconnect,
    });
    const session = group.session('peer');
    await session.callTool('any');
    server.forget(words);
    const first = await session.callTool('any').catch((error: unknown) => error);
    if (first instanceof PlenumError) {
      expect(first.maybeExecuted).not.toBe(false);
      // On a stream each event is read by itself, so that it is not known whose words they are.
      if (answers === 'json') expect(how).not.toMatch(SURE);
      await eventually('the new session', () => server.sessions.size === 1);
      await session.callTool('any');
    }
    expect(server.ran).toBe(2);
    expect(session.status.state).toBe('ready');
    expect(server.sessions.size).toBe(1);
    expect(times(server, 'ping')).toBe(1);
    await expectUntouched();
  });

  it.each(cases)('%s: a session that is known is kept, for a ping a second', async (_how, words) => {
    const server = await serveForgetful(answers);
    const { session, states } = await open(
      { url: server.url, type: 'http', ...WAYS[way] },
      { protocol, reconnect, timeoutMs: words.status === 202 ? 3_000 : 30_000 },
    );
    server.refuse = ({ method }) => (method === 'tools/call' ? words : undefined);
    const calls = words.status === 202 ? 1 : 20;
    for (let call = 0; call < calls; call++) {
      const outcome = await session.callTool('any').catch((error: unknown) => error);
      if (!(outcome instanceof PlenumError)) expect(outcome).toMatchObject({ isError: true });
    }
    expect(times(server, 'initialize')).toBe(1);
    expect(times(server, 'ping')).toBeGreaterThanOrEqual(1);
    expect(times(server, 'ping')).toBeLessThan(10);
    expect(states()).toEqual([]);
    server.refuse = () => undefined;
    await session.callTool('any');
    expect(server.ran).toBe(1);
  });
});

describe('R2 a server that accepts each request and answers it on the stream of the session', () => {
  it('is pinged once for a slow call, and its session is kept', async () => {
    const server = await serveForgetful('json');
    const { session, states } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    await eventually('the stream', () => server.streams.size === 1);
    const answer = (id: unknown, result: object): void => {
      for (const stream of server.streams)
        stream.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`);
    };
    let called: unknown;
    server.refuse = ({ id, method }) => {
      if (method === 'ping') answer(id, {});
      else called = id;
      return { status: 202, body: said('') };
    };
    const call = session.callTool('any');
    await eventually('the ping', () => times(server, 'ping') === 1);
    answer(called, { content: [{ type: 'text', text: 'late' }] });
    expect(await call).toMatchObject({ content: [{ text: 'late' }] });
    expect(states()).toEqual([]);
    expect(times(server, 'initialize')).toBe(1);
  });
});
