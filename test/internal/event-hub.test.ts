import { describe, expect, it } from 'vitest';
import { EventHub, type OverflowEvent } from '../../src/internal/event-hub.ts';

interface Tick {
  readonly type: 'tick';
  readonly n: number;
}

const tick = (n: number): Tick => ({ type: 'tick', n });

async function drain(events: AsyncIterable<Tick | OverflowEvent>): Promise<(Tick | OverflowEvent)[]> {
  const seen = [];
  for await (const event of events) seen.push(event);
  return seen;
}

describe('EventHub', () => {
  it('gives every reader every event in order, from the moment it was asked for', async () => {
    const hub = new EventHub<Tick>();
    hub.publish(tick(0));
    const first = hub.iterate();
    hub.publish(tick(1));
    const second = hub.iterate();
    hub.publish(tick(2));
    hub.end();
    expect(await drain(first)).toEqual([tick(1), tick(2)]);
    expect(await drain(second)).toEqual([tick(2)]);
  });

  it('wakes a reader that waits, and ends it when the hub ends', async () => {
    const hub = new EventHub<Tick>();
    const reader = hub.iterate();
    const next = reader.next();
    hub.publish(tick(1));
    expect(await next).toEqual({ value: tick(1), done: false });
    const last = reader.next();
    hub.end();
    expect(await last).toEqual({ value: undefined, done: true });
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });

  it('is over at once for a reader that comes after the end', async () => {
    const hub = new EventHub<Tick>();
    hub.end();
    hub.publish(tick(1));
    expect(await drain(hub.iterate())).toEqual([]);
  });

  it('keeps a bounded backlog for a slow reader and says how much it missed', async () => {
    const hub = new EventHub<Tick>();
    const reader = hub.iterate();
    for (let n = 0; n < 25_000; n++) hub.publish(tick(n));
    hub.end();
    const [overflow, ...rest] = await drain(reader);
    expect(overflow).toMatchObject({ type: 'overflow' });
    const dropped = overflow?.type === 'overflow' ? overflow.dropped : 0;
    expect(dropped + rest.length).toBe(25_000);
    expect(rest.length).toBeLessThanOrEqual(10_000);
    expect(rest.at(0)).toEqual(tick(dropped));
    expect(rest.at(-1)).toEqual(tick(24_999));
  });

  it('lets go of a reader that leaves its loop', async () => {
    const hub = new EventHub<Tick>();
    const reader = hub.iterate();
    hub.publish(tick(1));
    for await (const event of reader) {
      expect(event).toEqual(tick(1));
      break;
    }
    hub.publish(tick(2));
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });

  it('goes on to the others when a listener throws', () => {
    const hub = new EventHub<Tick>();
    const seen: number[] = [];
    hub.listen(() => {
      throw new Error('a guest');
    });
    const stop = hub.listen(({ n }) => seen.push(n));
    hub.publish(tick(1));
    stop();
    hub.publish(tick(2));
    expect(seen).toEqual([1]);
  });

  interface Parcel {
    readonly type: 'parcel';
    readonly n: number;
    readonly load: unknown;
  }

  const MIB = 1024 * 1024;

  it.each([
    ['a text', () => 'x'.repeat(MIB / 2)],
    ['an object of texts', () => ({ a: 'x'.repeat(MIB / 4), b: ['y'.repeat(MIB / 4)] })],
    ['many small parts', () => Array.from({ length: MIB / 16 }, (_, index) => index)],
    ['empty lists in lists', () => Array.from({ length: MIB / 32 }, () => [[]])],
    ['a long key', () => ({ ['k'.repeat(MIB / 2)]: 1 })],
    ['an error', () => new Error('x'.repeat(MIB / 2))],
    ['bytes', () => new Uint8Array(MIB)],
  ])('bounds the backlog in bytes: %s', async (_, load) => {
    const hub = new EventHub<Parcel>({ maxBytes: 8 * MIB });
    const reader = hub.iterate();
    for (let n = 0; n < 50; n++) hub.publish({ type: 'parcel', n, load: load() });
    hub.end();
    const seen: (Parcel | OverflowEvent)[] = [];
    for await (const event of reader) seen.push(event);
    const [overflow, ...rest] = seen;
    const dropped = overflow?.type === 'overflow' ? overflow.dropped : 0;
    expect(dropped + rest.length).toBe(50);
    expect(rest.length).toBeLessThanOrEqual(8);
    expect(rest.length).toBeGreaterThan(2);
    expect(rest.at(-1)).toMatchObject({ n: 49 });
  });

  it('keeps the newest event, however large it is', async () => {
    const hub = new EventHub<Parcel>({ maxBytes: 300 });
    const reader = hub.iterate();
    for (let n = 0; n < 3; n++) hub.publish({ type: 'parcel', n, load: 'x'.repeat(1_000) });
    expect(await reader.next()).toEqual({ value: { type: 'overflow', dropped: 2 }, done: false });
    expect(await reader.next()).toMatchObject({ value: { n: 2 } });
    // What was delivered counts no more.
    hub.publish({ type: 'parcel', n: 3, load: '' });
    hub.publish({ type: 'parcel', n: 4, load: '' });
    expect(await reader.next()).toMatchObject({ value: { type: 'parcel', n: 3 } });
  });

  it('measures what leads back to itself, and what throws when it is read', async () => {
    const hub = new EventHub<Parcel>({ maxBytes: 1_000 });
    const reader = hub.iterate();
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const hostile = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('read me not');
      },
    });
    for (const [n, load] of [circle, hostile, null, undefined, 1n, Symbol('s'), () => 1].entries())
      hub.publish({ type: 'parcel', n, load });
    hub.end();
    let last: unknown;
    for await (const event of reader) last = event;
    expect(last).toMatchObject({ n: 6 });
  });

  it('delivers in order to a reader that is sometimes behind', async () => {
    const hub = new EventHub<Tick>({ maxEvents: 5_000 });
    const reader = hub.iterate();
    const seen: number[] = [];
    let n = 0;
    for (let round = 0; round < 100; round++) {
      for (let count = 0; count < round; count++) hub.publish(tick(n++));
      for (let count = 0; count < round; count++) {
        const { value } = await reader.next();
        if (value?.type === 'tick') seen.push(value.n);
      }
    }
    expect(seen).toEqual(Array.from({ length: n }, (_, index) => index));
  });

  it('calls a function with each event, and tells once that it throws', async () => {
    const hub = new EventHub<Tick>();
    const failures: unknown[] = [];
    const seen: number[] = [];
    hub.call(
      ({ n }) => {
        seen.push(n);
        if (n === 2) return Promise.reject(new Error('later'));
        if (n > 2) throw new Error('at once');
        return undefined;
      },
      (error, event) => failures.push([String(error), event.n]),
    );
    for (let n = 1; n <= 5; n++) hub.publish(tick(n));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(failures).toHaveLength(1);
  });
});
