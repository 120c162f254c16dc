import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { describe, expect, it } from 'vitest';
import { asSent, relationIn, withStandIns } from '../../../../src/transport/http/official/as-sent.ts';

/** What the reader of a stream with this text gets: events, and in how many turns of the event loop they came. */
async function read(text: string): Promise<{ events: EventSourceMessage[]; turns: number; body: string }> {
  const headers = { 'content-type': 'text/event-stream' };
  const response = await withStandIns(new Response(text, { headers }), 7);
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => void events.push(event) });
  const decoder = new TextDecoder();
  const turns = new Set<number>();
  let turn = 0;
  let body = '';
  const count = (): void => {
    turn++;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  for await (const chunk of response.body ?? []) {
    turns.add(turn);
    body += decoder.decode(chunk, { stream: true });
  }
  clearImmediate(next);
  parser.feed(body);
  return { events, turns: turns.size, body };
}

const messageIn = ({ data }: EventSourceMessage): JSONRPCMessage => JSON.parse(data) as JSONRPCMessage;
const notification = (step: number): object => ({
  jsonrpc: '2.0',
  method: 'notifications/x',
  params: { step },
});
const LONG = {
  jsonrpc: '2.0',
  id: 1,
  result: { numbers: Array.from({ length: 5_000 }, (_, index) => index) },
};
const LONG_LINES = JSON.stringify(LONG, null, 2).split('\n');

describe('the events that the official transport reads', () => {
  it('come in their order and in many turns of the event loop, whatever they are, when they are thousands', async () => {
    const sent = Array.from({ length: 3_000 }, (_, step) =>
      step % 3 === 0 ? 'not JSON' : JSON.stringify(notification(step)),
    );
    const { events, turns } = await read(sent.map((data) => `data: ${data}\n\n`).join('\n\n'));
    const came = events.map((event) =>
      event.data === 'not JSON' ? event.data : JSON.stringify(asSent(messageIn(event))),
    );
    expect(came).toEqual(sent);
    expect(turns).toBeGreaterThan(10);
    const [, second] = events;
    expect(second && relationIn(messageIn(second))).toBe(7);
  });

  it('have few lines, with what the last ones say, when they had thousands', async () => {
    const lines = LONG_LINES.flatMap((line, index) => [`id: ${index}`, `: ${index}`, `data: ${line}`]);
    const { events, body } = await read(`retry: 5\n${lines.join('\n')}\n\n`);
    expect(body.split('\n').length).toBeLessThan(10);
    expect(events.map(({ id, event }) => ({ id, event }))).toEqual([
      { id: String(LONG_LINES.length - 1), event: undefined },
    ]);
    expect(events.map(messageIn)).toEqual([LONG]);
    expect(body).toContain('retry: 5\n');
  });

  it.each([
    ['of another type', `event: other\n${LONG_LINES.map((line) => `data: ${line}`).join('\n')}\n\n`],
    ['without data', `${'id: 1\n'.repeat(5_000)}${': comment\n'.repeat(5_000)}\n`],
    ['with data that is no JSON', `${'data: x\n'.repeat(5_000)}\n`],
    ['that are blank', '\n'.repeat(50_000)],
  ])('have few lines, when they had thousands: one %s', async (_, text) => {
    const { body } = await read(`${text}data: ${JSON.stringify(notification(1))}\n\n`);
    expect(body.split('\n').length).toBeLessThan(20);
    expect(body).toContain('"step":1');
  });

  it('are left as they are with a few lines', async () => {
    const text = 'event: other\ndata: x\nid: 1\n\n: hello\n\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n';
    expect((await read(text)).body).toBe(text);
  });
});
