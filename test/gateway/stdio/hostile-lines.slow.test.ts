import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway } from '../../../src/gateway/index.ts';
import { http } from '../../support/servers.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const LONG = 'x'.repeat(11_000_000);

/** A gateway with one client of an era on a pair of streams. */
async function served(era: 'legacy' | 'modern') {
  const server = await http({ era: 'legacy', tools: [{ name: 'echo' }] });
  const gateway = await createGateway({ servers: { s: { url: server.url } } });
  onTestFinished(() => gateway.close());
  const [input, output] = [new PassThrough(), new PassThrough()];
  const over = gateway.serveStdio({ input, output });
  let written = '';
  output.setEncoding('utf8').on('data', (text: string) => (written += text));
  const meta = era === 'modern' ? { _meta: META } : {};
  const request = (id: unknown, method: string, params: object = {}) => ({
    jsonrpc: '2.0',
    id,
    method,
    params: { ...params, ...meta },
  });
  const say = (line: unknown): void =>
    void input.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
  const call = (id: unknown) => request(id, 'tools/call', { name: 's__echo', arguments: {} });
  const answer = async (id: string | number): Promise<unknown> => {
    const find = () =>
      written
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { id?: unknown })
        .find((message) => message.id === id);
    await expect.poll(find).toBeDefined();
    return find();
  };
  if (era === 'legacy') {
    const clientInfo = { name: 'raw', version: '1' };
    say(request(0, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }));
    say({ jsonrpc: '2.0', method: 'notifications/initialized' });
  } else say(request(0, 'tools/list'));
  await answer(0);
  return { input, say, call, request, answer, over, meta, server };
}

describe.each(['legacy', 'modern'] as const)('a %s client on stdio', (era) => {
  it('that writes what is no message is served on', async () => {
    const { say, call, request, answer, meta } = await served(era);
    const uris = Array.from({ length: 5_000 }, (_, at) => `test://${at}`);
    const lines: unknown[] = [
      '',
      '{',
      'null',
      '[]',
      '[[]]',
      '"x"',
      '\u0000\u0001',
      { jsonrpc: '1.0', id: 1, method: 'ping' },
      { id: 1 },
      request(null, 'tools/list'),
      request({ a: 1 }, 'tools/list'),
      [request(71, 'tools/list')],
      { jsonrpc: '2.0', id: 5, result: {} },
      { jsonrpc: '2.0', id: 'x', error: { code: 1, message: 'x' } },
      { jsonrpc: '2.0', id: 72, method: 'initialize', params: {} },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99, ...meta } },
      { jsonrpc: '2.0', method: 'notifications/cancelled' },
      request(73, 'subscriptions/listen', { notifications: { resourceSubscriptions: uris } }),
      request(74, 'subscriptions/listen', { notifications: 7 }),
      { jsonrpc: '2.0', id: 75, method: 'subscriptions/listen' },
    ];
    for (const [at, line] of lines.entries()) {
      say(line);
      say(call(`after ${at}`));
      expect(await answer(`after ${at}`), JSON.stringify(line)).toHaveProperty('result.content');
    }
  });

  it.each<[string, string, unknown]>([
    ['a request', `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"x":"${LONG}"}}`, 7],
    ['one with a text as its id', `{"id":"a\\"b","jsonrpc":"2.0","method":"x","params":"${LONG}"}`, 'a"b'],
    ['none', LONG, undefined],
    ['one whose id is in its params', `{"params":{"id":8,"x":"${LONG}"},"id":9}`, undefined],
  ])('whose line is too long is told so, and served on: %s', async (_, line, id) => {
    const { input, say, call, answer } = await served(era);
    // In pieces, as they come from a pipe.
    for (let at = 0; at < line.length; at += 1_000_000) input.write(line.slice(at, at + 1_000_000));
    input.write('\n');
    say(call('after'));
    expect(await answer('after')).toHaveProperty('result.content');
    if (typeof id === 'string' || typeof id === 'number')
      expect(await answer(id)).toMatchObject({ error: { code: -32600 } });
  });

  it('is served long lines that are not too long, and many in one piece', async () => {
    const { input, say, call, request, answer } = await served(era);
    const text = 'x'.repeat(3_000_000);
    say(request('long', 'tools/call', { name: 's__echo', arguments: { text } }));
    expect(JSON.stringify(await answer('long'))).toContain(text);
    input.write([1, 2, 3].map((id) => `${JSON.stringify(call(id))}\n`).join(''));
    for (const id of [1, 2, 3]) expect(await answer(id)).toHaveProperty('result.content');
  });

  it('that floods with changes of its roots, and then ends, ends the gateway’s part', async () => {
    const { input, say, call, answer, over, meta } = await served(era);
    say(call(1));
    await answer(1);
    for (let at = 0; at < 5_000; at++)
      say({ jsonrpc: '2.0', method: 'notifications/roots/list_changed', params: meta });
    say(call(2));
    expect(await answer(2)).toHaveProperty('result.content');
    input.end();
    await over;
    expect(input.isPaused() || input.readableEnded).toBe(true);
  });
});
