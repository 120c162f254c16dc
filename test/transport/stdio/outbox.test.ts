import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { Outbox, type Outgoing } from '../../../src/transport/stdio/write-queue.ts';

const outgoing = (message: JSONRPCMessage, line = 'x'): Outgoing => ({
  message,
  line,
  resolve: () => {},
  reject: () => {},
});
const request = (id: number | string, line?: string): Outgoing =>
  outgoing({ jsonrpc: '2.0', id, method: 'ping' }, line);
const answer = (id: number): Outgoing => outgoing({ jsonrpc: '2.0', id, result: {} });

function fill(...all: Outgoing[]): Outbox {
  const outbox = new Outbox();
  for (const each of all) outbox.push(each);
  return outbox;
}

const idsOf = (batch: readonly Outgoing[]): unknown[] =>
  batch.map(({ message }) => ('id' in message ? message.id : undefined));

describe('T1 stdio messages that wait', () => {
  it('go out in the order of sending, as many as fit', () => {
    const outbox = fill(request(1, 'four'), request(2, 'four'), request(3, 'four'));
    expect(idsOf(outbox.next(8))).toEqual([1, 2]);
    expect(idsOf(outbox.next(8))).toEqual([3]);
    expect(outbox.isEmpty).toBe(true);
    expect(outbox.next(8)).toEqual([]);
  });

  it('go out one by one when none of them fits', () => {
    const outbox = fill(request(1, 'four'), request(2, 'four'));
    expect(idsOf(outbox.next(3))).toEqual([1]);
    expect(outbox.isEmpty).toBe(false);
    expect(idsOf(outbox.next(3))).toEqual([2]);
  });

  it('go out in order when there are thousands of them', () => {
    const outbox = new Outbox();
    const sent: unknown[] = [];
    for (let id = 0; id < 10_000; id++) {
      outbox.push(request(id));
      // Slower than they come.
      if (id % 3 === 0) sent.push(...idsOf(outbox.next(2)));
    }
    while (!outbox.isEmpty) sent.push(...idsOf(outbox.next(100)));
    expect(sent).toEqual(Array.from({ length: 10_000 }, (_, id) => id));
  });
});

describe('S4 taking back a request that waits', () => {
  it('leaves the others as they are', () => {
    const outbox = fill(request(1), request('1'), request(3));
    expect(outbox.takeBack(1)).toMatchObject({ message: { id: 1 } });
    expect(outbox.takeBack(1)).toBeUndefined();
    outbox.push(request(4));
    expect(idsOf(outbox.next(100))).toEqual(['1', 3, 4]);
  });

  it('finds none that has gone out, was never there, or is an answer', () => {
    const outbox = fill(request(1), answer(2), request(3));
    expect(idsOf(outbox.next(1))).toEqual([1]);
    expect(outbox.takeBack(1)).toBeUndefined();
    expect(outbox.takeBack(2)).toBeUndefined();
    expect(outbox.takeBack(7)).toBeUndefined();
    expect(idsOf(outbox.next(100))).toEqual([2, 3]);
  });

  it('empties it when it was the only one', () => {
    const outbox = fill(request(1));
    outbox.takeBack(1);
    expect(outbox.isEmpty).toBe(true);
    outbox.push(request(2));
    expect(outbox.takeBack(1)).toBeUndefined();
    expect(idsOf(outbox.next(100))).toEqual([2]);
  });

  it('finds each of thousands, also after many have gone out', () => {
    const outbox = new Outbox();
    for (let id = 0; id < 20_000; id++) outbox.push(request(id));
    expect(outbox.takeBack(19_999)).toBeDefined();
    for (let gone = 0; gone < 15_000; gone += 100) outbox.next(100);
    outbox.push(request(20_000));
    const ids = Array.from({ length: 4_999 }, (_, index) => 15_000 + index);
    expect(idsOf(ids.flatMap((id) => outbox.takeBack(id) ?? []))).toEqual(ids);
    expect(outbox.takeBack(14_999)).toBeUndefined();
    expect(idsOf(outbox.next(100))).toEqual([20_000]);
    expect(outbox.isEmpty).toBe(true);
  });
});
