import { PassThrough } from 'node:stream';
import { McpServer } from '@modelcontextprotocol/server';
import { expect, describe, it, onTestFinished } from 'vitest';
import { createGateway, type GatewayOptions } from '../../src/gateway/index.ts';
import { http } from '../support/servers.ts';

const META = (capabilities: object) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': capabilities,
});

/** A gateway with one client on a pair of streams. */
async function onStdio(options: GatewayOptions) {
  const gateway = await createGateway(options);
  onTestFinished(() => gateway.close());
  const [input, output] = [new PassThrough(), new PassThrough()];
  void gateway.serveStdio({ input, output });
  const written: Record<string, unknown>[] = [];
  let rest = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) written.push(JSON.parse(line));
  });
  const send = (method: string, params: object, id?: number): void =>
    void input.write(`${JSON.stringify({ jsonrpc: '2.0', ...(id && { id }), method, params })}\n`);
  const answer = async (id: number): Promise<unknown> => {
    await expect.poll(() => written.some((message) => message['id'] === id)).toBe(true);
    return written.find((message) => message['id'] === id);
  };
  return { gateway, send, answer, written };
}

describe('F a client of 2026-07-28 on stdio', () => {
  it('says with each request what it can do, and is not asked outside of one', async () => {
    const server = (): McpServer =>
      new McpServer({ name: 'silent', version: '1' }, { capabilities: { tools: {} } });
    const { gateway, send, answer } = await onStdio({ servers: { s: { server } } });
    send('tools/list', { _meta: META({}) }, 1);
    await answer(1);
    send('tools/list', { _meta: META({ elicitation: { form: {} } }) }, 2);
    await answer(2);
    const [[id = '', status] = []] = gateway.clients;
    expect(status).toMatchObject({ era: 'modern', capabilities: { elicitation: { form: {} } } });
    const client = gateway.client(id);
    const form = { message: '?', requestedSchema: { type: 'object' as const, properties: {} } };
    for (const asking of [
      client.elicit(form),
      client.createMessage({ messages: [], maxTokens: 1 }),
      client.listRoots(),
      client.ping(),
    ])
      await expect(asking).rejects.toMatchObject({
        code: 'NOT_CONNECTED',
        message: expect.stringContaining('input_required'),
      });
    await expect(client.log('error', 'x')).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });

  it('F9 is told of the resource that it listens for, until it cancels', async () => {
    const uri = 'test://watched';
    const server = await http({
      era: 'legacy',
      resources: [{ uri, name: 'watched', text: 'x' }],
      tools: [{ name: 'update', does: { type: 'control', command: { command: 'resourceUpdated', uri } } }],
    });
    const { send, answer, written } = await onStdio({ servers: { s: { url: server.url } } });
    const listen = (uris: string[], id: number): void =>
      send('subscriptions/listen', { notifications: { resourceSubscriptions: uris }, _meta: META({}) }, id);
    const told = (): number =>
      written.filter(({ method }) => method === 'notifications/resources/updated').length;
    send('tools/list', { _meta: META({}) }, 1);
    await answer(1);
    listen([uri], 3);
    await expect
      .poll(() => server.inspect().requests.some(({ method }) => method === 'resources/subscribe'))
      .toBe(true);
    send('tools/call', { name: 's__update', arguments: {}, _meta: META({}) }, 4);
    await answer(4);
    await expect.poll(told).toBe(1);
    send('notifications/cancelled', { requestId: 3, _meta: META({}) });
    await expect
      .poll(() => server.inspect().requests.some(({ method }) => method === 'resources/unsubscribe'))
      .toBe(true);
  });
});
