import { ProtocolError, SdkError, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadOfficial } from '../../../src/transport/official.ts';
import { DirectCalls, type DirectCaller } from '../../../src/session/connection/direct-calls.ts';

const params = { name: 'echo', arguments: { a: 1 } };
const result = { content: [{ type: 'text', text: 'hello' }] };
const NEVER = { timeout: 60_000 };
/** Takes any result. */
const CALLER: DirectCaller = { check: (given) => given };

beforeAll(loadOfficial);

/** Calls, and what they sent. */
function connect(send: (message: JSONRPCMessage) => Promise<void> = async () => {}) {
  const sent: JSONRPCMessage[] = [];
  const note = (message: JSONRPCMessage): Promise<void> => {
    sent.push(message);
    return send(message);
  };
  const calls = new DirectCalls({ send: note, notify: note, explain: (_, error) => error });
  const idOf = (index: number): number => {
    const message = sent[index];
    return message !== undefined && 'id' in message ? Number(message.id) : NaN;
  };
  return { calls, sent, idOf };
}

describe('a call that goes past the official client', () => {
  it('is a request like any other, with a number of its own', async () => {
    const { calls, sent, idOf } = connect();
    const [first, second] = [calls.call(params, NEVER, CALLER), calls.call(params, NEVER, CALLER)];
    expect(sent).toEqual([0, 1].map((i) => ({ jsonrpc: '2.0', id: idOf(i), method: 'tools/call', params })));
    expect(idOf(0)).toBeGreaterThanOrEqual(1_000_000_000);
    expect(calls.accept({ jsonrpc: '2.0', id: idOf(1), result })).toBe(true);
    expect(calls.accept({ jsonrpc: '2.0', id: idOf(0), result: { ...result, isError: true } })).toBe(true);
    await expect(second).resolves.toEqual(result);
    await expect(first).resolves.toEqual({ ...result, isError: true });
  });

  it('leaves answers to others alone, and its own when they come again', async () => {
    const { calls, idOf } = connect();
    const call = calls.call(params, NEVER, CALLER);
    const answer = { jsonrpc: '2.0', id: idOf(0), result } as const;
    expect(calls.accept({ ...answer, id: 0 })).toBe(false);
    expect(calls.accept({ ...answer, id: 'x' })).toBe(false);
    expect(calls.accept(answer)).toBe(true);
    expect(calls.accept(answer)).toBe(false);
    await call;
  });

  it('knows its number when a server gives it back as text', async () => {
    const { calls, idOf } = connect();
    const call = calls.call(params, NEVER, CALLER);
    expect(calls.accept({ jsonrpc: '2.0', id: String(idOf(0)), result })).toBe(true);
    await expect(call).resolves.toEqual(result);
  });

  it('rejects with the error that a server answered', async () => {
    const { calls, idOf } = connect();
    const call = calls.call(params, NEVER, CALLER);
    calls.accept({ jsonrpc: '2.0', id: idOf(0), error: { code: -32_000, message: 'no', data: 7 } });
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: -32_000, data: 7 });
  });

  it('rejects when the answer is no tool result', async () => {
    const { calls, idOf } = connect();
    const call = calls.call(params, NEVER, CALLER);
    calls.accept({ jsonrpc: '2.0', id: idOf(0), result: { content: [{ type: 'text' }] } });
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SdkError);
    expect(error).toMatchObject({ code: 'INVALID_RESULT' });
  });

  it('leaves out a result type, which these revisions do not know', async () => {
    const { calls, idOf } = connect();
    const call = calls.call(params, NEVER, CALLER);
    calls.accept({ jsonrpc: '2.0', id: idOf(0), result: { ...result, resultType: 'odd' } });
    await expect(call).resolves.toStrictEqual(result);
  });

  it('rejects when it cannot be sent', async () => {
    const { calls } = connect(() => Promise.reject(new Error('broken pipe')));
    await expect(calls.call(params, NEVER, CALLER)).rejects.toThrow('broken pipe');
  });

  it('rejects when the connection ends', async () => {
    const { calls } = connect();
    const pending = [calls.call(params, NEVER, CALLER), calls.call(params, NEVER, CALLER)];
    calls.end();
    for (const call of pending) await expect(call).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });
});

describe('S3 S4 a call that goes past the official client and is given up', () => {
  it('tells the server when its time is over, and does not know the answer any more', async () => {
    const { calls, sent, idOf } = connect();
    await expect(calls.call(params, { timeout: 1 }, CALLER)).rejects.toMatchObject({
      code: 'REQUEST_TIMEOUT',
    });
    expect(sent[1]).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: idOf(0), reason: expect.any(String) },
    });
    expect(calls.accept({ jsonrpc: '2.0', id: idOf(0), result })).toBe(false);
  });

  it('tells the server when its caller gives up', async () => {
    const { calls, sent, idOf } = connect();
    const giveUp = new AbortController();
    const call = calls.call(params, { ...NEVER, signal: giveUp.signal }, CALLER);
    giveUp.abort(new Error('enough'));
    await expect(call).rejects.toBeInstanceOf(SdkError);
    expect(sent[1]).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: idOf(0), reason: 'Error: enough' },
    });
  });

  it('is over with its answer: giving up then says nothing', async () => {
    const { calls, sent, idOf } = connect();
    const giveUp = new AbortController();
    const call = calls.call(params, { ...NEVER, signal: giveUp.signal }, CALLER);
    calls.accept({ jsonrpc: '2.0', id: idOf(0), result });
    giveUp.abort();
    await call;
    expect(sent).toHaveLength(1);
  });
});
