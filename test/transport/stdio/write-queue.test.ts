import { setImmediate as nextTurn } from 'node:timers/promises';
import { Writable } from 'node:stream';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { createTextCodec } from '../../../src/transport/stdio/text-codec.ts';
import { WriteQueue } from '../../../src/transport/stdio/write-queue.ts';

/** A pipe that takes a write when `take` is called. */
function createPipe(automatic = false) {
  const writes: string[] = [];
  let callback: ((error?: Error) => void) | undefined;
  const stdin = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      writes.push(chunk);
      if (automatic) done();
      else callback = done;
    },
    // As a socket does: a write under way calls back without an error.
    destroy(error, done) {
      callback?.();
      done(error);
    },
  });
  const take = async (error?: Error): Promise<void> => {
    callback?.(error);
    await nextTurn();
  };
  return { stdin, writes, take };
}

function createQueue(stdin: Writable) {
  const broken: Error[] = [];
  const queue = new WriteQueue(stdin, {
    server: 's',
    codec: createTextCodec(),
    onBroken: (error) => broken.push(error),
  });
  return { queue, broken };
}

const request = (id: number | string, text = ''): JSONRPCMessage => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { text },
});

const cancel = (requestId: number | string): JSONRPCMessage => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});

/** What became of each promise so far. */
function watch(...promises: Promise<void>[]): string[] {
  const states = promises.map(() => 'pending');
  promises.forEach((promise, i) => {
    promise.then(
      () => (states[i] = 'sent'),
      (error: { maybeExecuted?: boolean }) => (states[i] = `lost, maybe executed: ${error.maybeExecuted}`),
    );
  });
  return states;
}

const lines = (text: string): JSONRPCMessage[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JSONRPCMessage);

describe('T1 stdio writes', () => {
  it('are one line a message', async () => {
    const { stdin, writes } = createPipe(true);
    await createQueue(stdin).queue.send(request(1, 'two\nlines'));
    expect(writes).toEqual([`${JSON.stringify(request(1, 'two\nlines'))}\n`]);
  });

  it('are one for all messages of a turn, in the order of sending', async () => {
    const { stdin, writes } = createPipe(true);
    const { queue } = createQueue(stdin);
    // From a callback of the event loop, where ticks come before microtasks.
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        const later = Promise.resolve()
          .then(() => {})
          .then(() => queue.send(request(3)));
        void Promise.all([queue.send(request(1)), queue.send(request(2)), later]).then(() => resolve());
      });
    });
    expect(writes).toHaveLength(1);
    expect(lines(writes[0] ?? '')).toEqual([request(1), request(2), request(3)]);
  });

  it('happen one at a time, and resolve when the pipe has taken them', async () => {
    const { stdin, writes, take } = createPipe();
    const { queue } = createQueue(stdin);
    const states = watch(queue.send(request(1)));
    await nextTurn();
    states.push(...watch(queue.send(request(2)), queue.send(request(3))));
    await nextTurn();
    expect(writes).toHaveLength(1);
    expect(states[0]).toBe('pending');
    await take();
    expect(states[0]).toBe('sent');
    expect(writes).toHaveLength(2);
    expect(lines(writes[1] ?? '')).toEqual([request(2), request(3)]);
    await take();
  });

  it('are not larger than a pipe takes, except for a message that is', async () => {
    const { stdin, writes } = createPipe(true);
    const { queue } = createQueue(stdin);
    const big = 'x'.repeat(40_000);
    await Promise.all([
      queue.send(request(1, big)),
      queue.send(request(2, big)),
      queue.send(request(3, big.repeat(3))),
      queue.send(request(4)),
    ]);
    expect(writes.map((text) => lines(text).length)).toEqual([1, 1, 1, 1]);
  });

  it('refuse a message that is not JSON, and go on', async () => {
    const { stdin, writes } = createPipe(true);
    const { queue } = createQueue(stdin);
    const round: Record<string, unknown> = {};
    round['self'] = round;
    const bad = queue.send({ jsonrpc: '2.0', id: 1, method: 'x', params: round });
    await expect(bad).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS', server: 's' });
    await queue.send(request(2));
    expect(writes).toHaveLength(1);
  });
});

describe('S4 cancelling a request that has not left', () => {
  it('sends neither in the same turn', async () => {
    const { stdin, writes } = createPipe(true);
    const { queue } = createQueue(stdin);
    await Promise.all([
      queue.send(request(1)),
      queue.send(request('1')),
      queue.send(cancel(1)),
      queue.send(request(3)),
    ]);
    expect(lines(writes.join(''))).toEqual([request('1'), request(3)]);
  });

  it('sends neither while the pipe is full', async () => {
    const { stdin, writes, take } = createPipe();
    const { queue } = createQueue(stdin);
    const first = queue.send(request(1));
    await nextTurn();
    await Promise.all([queue.send(request(2)), queue.send(cancel(2))]);
    await take();
    await first;
    expect(lines(writes.join(''))).toEqual([request(1)]);
  });

  it('is sent when the request is in the pipe, or was never sent', async () => {
    const { stdin, writes, take } = createPipe();
    const { queue } = createQueue(stdin);
    const states = watch(queue.send(request(1)));
    await nextTurn();
    states.push(...watch(queue.send(cancel(1)), queue.send(cancel(7))));
    await take();
    await take();
    expect(lines(writes.join(''))).toEqual([request(1), cancel(1), cancel(7)]);
    expect(states[0]).toBe('sent');
  });

  it('takes back requests only, not an answer with the same id', async () => {
    const { stdin, writes } = createPipe(true);
    const { queue } = createQueue(stdin);
    const answer: JSONRPCMessage = { jsonrpc: '2.0', id: 1, result: {} };
    await Promise.all([queue.send(answer), queue.send(cancel(1))]);
    expect(lines(writes.join(''))).toEqual([answer, cancel(1)]);
  });
});

describe('T4 stdio writes that fail', () => {
  it('say what has left and what has not', async () => {
    const { stdin, take } = createPipe();
    const { queue, broken } = createQueue(stdin);
    const done = queue.send(request(1));
    await nextTurn();
    await take();
    await done;
    const half = queue.send(request(2));
    await nextTurn();
    const never = queue.send(request(3));
    const states = watch(done, half, never);
    await take(new Error('EPIPE'));
    expect(states).toEqual(['sent', 'lost, maybe executed: true', 'lost, maybe executed: false']);
    expect(broken.map((error) => error.message)).toEqual(['EPIPE']);
    await expect(never).rejects.toMatchObject({ code: 'CONNECTION_LOST', server: 's' });
    await expect(never).rejects.toThrow(
      'Could not send tools/call to server "s": the server does not take its input any more.',
    );
  });

  it('know when the pipe refused the write as a whole', async () => {
    const stdin = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const { queue } = createQueue(stdin);
    await expect(queue.send(request(1))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: false,
    });
  });

  it('settle when the pipe is closed under them', async () => {
    const { stdin } = createPipe();
    const { queue, broken } = createQueue(stdin);
    const inPipe = watch(queue.send(request(1)));
    await nextTurn();
    const waiting = watch(queue.send(request(2)));
    stdin.destroy();
    await nextTurn();
    expect(inPipe).toEqual(['lost, maybe executed: true']);
    expect(waiting).toEqual(['lost, maybe executed: false']);
    expect(broken).toHaveLength(1);
  });

  it('are refused afterwards', async () => {
    const { stdin, writes } = createPipe(true);
    const { queue } = createQueue(stdin);
    queue.fail('the server closed its standard output');
    queue.fail('the server exited with code 1');
    await expect(queue.send(request(1))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: false,
    });
    await expect(queue.send(cancel(1))).rejects.toThrow('the server exited with code 1');
    expect(writes).toEqual([]);
    expect(stdin.destroyed).toBe(true);
  });
});

describe('T2 stdio stop: the queue', () => {
  it('is written out before the pipe is closed', async () => {
    const { stdin, writes, take } = createPipe();
    const { queue, broken } = createQueue(stdin);
    const states = watch(queue.send(request(1)));
    const ended = queue.end('closing');
    await expect(queue.send(request(2))).rejects.toThrow('closing.');
    await nextTurn();
    expect(stdin.writableEnded).toBe(false);
    await take();
    await ended;
    expect(states).toEqual(['sent']);
    expect(writes).toHaveLength(1);
    expect(stdin.writableEnded).toBe(true);
    expect(broken).toEqual([]);
  });

  it('ends at once when it is empty', async () => {
    const { stdin } = createPipe();
    await createQueue(stdin).queue.end('closing');
    expect(stdin.writableEnded).toBe(true);
  });

  it('ends when it fails on the way', async () => {
    const { stdin } = createPipe();
    const { queue } = createQueue(stdin);
    const states = watch(queue.send(request(1)));
    const ended = queue.end('closing');
    await nextTurn();
    stdin.destroy();
    await ended;
    expect(states).toEqual(['lost, maybe executed: true']);
  });
});
