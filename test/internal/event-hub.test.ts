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
});
