import { PassThrough, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { forward } from '../../../src/transport/stdio/stderr.ts';

/** A stream that takes one chunk and no more until it is told. */
function slowTarget(): { target: Writable; taken: string[]; release: () => void } {
  const taken: string[] = [];
  const waiting: (() => void)[] = [];
  const target = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, callback) {
      taken.push(chunk.toString());
      waiting.push(callback);
    },
  });
  return { target, taken, release: () => waiting.splice(0).forEach((callback) => callback()) };
}

const listeners = (target: Writable): number =>
  target.eventNames().reduce((count, name) => count + target.listenerCount(name), 0);

describe("T1 stdio standard error to the caller's stream", () => {
  it('arrives in order and does not end the stream', async () => {
    const source = new PassThrough();
    const target = new PassThrough();
    forward(source, target);
    source.write('one ');
    source.end('two');
    await nextTurn();
    expect(String(target.read())).toBe('one two');
    expect(target.writable).toBe(true);
  });

  it('goes at the pace of the stream', async () => {
    const source = new PassThrough();
    const { target, taken, release } = slowTarget();
    const before = listeners(target);
    forward(source, target);
    source.write('one');
    await nextTurn();
    source.write('two');
    await nextTurn();
    expect(taken).toEqual(['one']);
    expect(source.isPaused()).toBe(true);
    release();
    await nextTurn();
    expect(taken).toEqual(['one', 'two']);
    release();
    await nextTurn();
    expect(listeners(target)).toBe(before);
  });

  it('is dropped, and does not hold up the server, when the stream has gone', async () => {
    const source = new PassThrough();
    const { target } = slowTarget();
    forward(source, target);
    source.write('one');
    await nextTurn();
    expect(source.isPaused()).toBe(true);
    target.destroy();
    await nextTurn();
    expect(source.isPaused()).toBe(false);
    source.write('two');
    await nextTurn();
    expect(source.readableLength).toBe(0);
  });

  it('does not hold up a server that is being stopped', async () => {
    const source = new PassThrough();
    const { target, taken } = slowTarget();
    const before = listeners(target);
    const hurry = forward(source, target);
    source.write('one');
    await nextTurn();
    hurry();
    for (const text of ['two', 'three', 'four']) {
      source.write(text);
      await nextTurn();
    }
    expect(source.readableLength).toBe(0);
    expect(taken).toEqual(['one']);
    expect(listeners(target)).toBe(before);
  });
});
