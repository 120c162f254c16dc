import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/gateway/http/event-log.ts';

const note = (pad: string) => ({ jsonrpc: '2.0' as const, method: 'notifications/x', params: { pad } });

async function replayed(log: EventLog, after: string): Promise<string[]> {
  const ids: string[] = [];
  await log.replayEventsAfter(after, { send: async (id) => void ids.push(id) });
  return ids;
}

describe('the events of a session that are kept', () => {
  it('come again for the stream that broke, in order, from the one after the last', async () => {
    const log = new EventLog(100_000);
    const first = await log.storeEvent('a', note('1'));
    await log.storeEvent('b', note('2'));
    const third = await log.storeEvent('a', note('3'));
    const fourth = await log.storeEvent('a', note('4'));
    expect(await replayed(log, first)).toEqual([third, fourth]);
    expect(await replayed(log, fourth)).toEqual([]);
  });

  it.each([
    ['large ones', 'é'.repeat(1_000), 20_000],
    ['small ones', '', 20_000],
    ['one that is larger than all may be', 'x'.repeat(50_000), 20_000],
  ])('are bounded in bytes: %s', async (_, pad, maxBytes) => {
    const log = new EventLog(maxBytes);
    const first = await log.storeEvent('a', note(pad));
    for (let at = 0; at < 1_000; at++) await log.storeEvent('a', note(pad));
    const kept = (await replayed(log, first)).length;
    expect(kept * Buffer.byteLength(JSON.stringify(note(pad)))).toBeLessThanOrEqual(maxBytes);
    expect(kept).toBeLessThan(200);
  });

  it('an id that was never given brings nothing', async () => {
    const log = new EventLog(1_000);
    for (const id of ['', 'x', '7_a', '-1_a', `${'9'.repeat(40)}_a`])
      expect(await replayed(log, id)).toEqual([]);
  });
});
