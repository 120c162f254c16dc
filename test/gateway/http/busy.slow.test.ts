import { SdkHttpError } from '@modelcontextprotocol/client';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ScriptedTool } from '../../../src/testing/index.ts';
import { http } from '../../support/servers.ts';
import { Browser, twoOfOneIssuer } from '../sign-in/support.ts';
import { INITIALIZE, listening, official, openSession, post } from '../support.ts';

const sleeping: ScriptedTool[] = [{ name: 'sleep', does: { type: 'sleepUntilCancelled' } }, { name: 'echo' }];
const call = (id: number | string, name: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
});
const modernCall = (id: number | string, name: string) => {
  const { params, ...rest } = call(id, name);
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return { ...rest, params: { ...params, _meta } };
};
const modernHeaders = (name: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': name,
});

/** A gateway on whose server one session may be open, and a client of it that uses that one. */
async function exhausted() {
  const server = await http({ era: 'legacy', tools: sleeping });
  const other = await http({ era: 'legacy', tools: [{ name: 'echo' }] });
  const { url } = await listening({
    servers: { s: { url: server.url }, other: { url: other.url } },
    limits: { upstreamSessionsPerServer: 1 },
  });
  const mine = { 'mcp-session-id': await openSession(url) };
  const sleeps = post(url, call(2, 's__sleep'), mine);
  // Its end cancels the call, for which the gateway would wait when it closes.
  onTestFinished(async () => {
    await fetch(url, { method: 'DELETE', headers: mine });
    await (await sleeps).text();
  });
  await expect.poll(() => server.inspect().running).toBe(1);
  return url;
}

async function expectBusy(response: Response, id: number | string): Promise<void> {
  expect(response.status).toBe(503);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(response.headers.get('content-type')).toContain('application/json');
  expect(await response.json()).toMatchObject({
    jsonrpc: '2.0',
    id,
    error: {
      code: -32603,
      data: { code: 'POOL_EXHAUSTED', server: 's', maybeExecuted: false, retryAfterMs: 5_000 },
    },
  });
}

describe('a call for which no session with its server is free', () => {
  it('is answered with 503, when to come again, and the error, in both eras; others are served', async () => {
    const url = await exhausted();
    const session = { 'mcp-session-id': await openSession(url) };
    for (const id of [7, 'seven']) {
      await expectBusy(await post(url, call(id, 's__echo'), session), id);
      await expectBusy(await post(url, modernCall(id, 's__echo'), modernHeaders('s__echo')), id);
    }
    // The session goes on, and so do other servers.
    const served = await post(url, call(8, 'other__echo'), session);
    expect(served.status).toBe(200);
    expect(await served.text()).toContain('"content"');
    const modern = await post(url, modernCall(9, 'other__echo'), modernHeaders('other__echo'));
    expect(modern.status).toBe(200);
    await modern.text();
  });

  it('in a batch stays an error of its own, and the other requests of the batch are answered', async () => {
    const url = await exhausted();
    const session = { 'mcp-session-id': await openSession(url) };
    const response = await post(url, [call(3, 's__echo'), call(4, 'other__echo')], session);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('POOL_EXHAUSTED');
    expect(text).toContain('"content"');
  });

  it('fails in the official clients with the status and the error, and the client goes on', async () => {
    const url = await exhausted();
    for (const era of ['legacy', 'modern'] as const) {
      const client = await official(url, era);
      const failure: unknown = await client
        .callTool({ name: 's__echo', arguments: {} })
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SdkHttpError);
      expect(failure).toMatchObject({
        data: { status: 503 },
        message: expect.stringContaining('POOL_EXHAUSTED'),
      });
      expect(await client.callTool({ name: 'other__echo', arguments: {} })).toHaveProperty('content');
    }
    const first = new FirstClient({ name: 'first', version: '1' });
    await first.connect(new FirstTransport(new URL(url)));
    onTestFinished(() => first.close());
    await expect(first.callTool({ name: 's__echo', arguments: {} })).rejects.toMatchObject({
      code: 503,
      message: expect.stringContaining('POOL_EXHAUSTED'),
    });
    expect(await first.callTool({ name: 'other__echo', arguments: {} })).toHaveProperty('content');
  });
});

describe('a call that had to wait for its user', () => {
  it('fails with an error on its stream that says when to come again, if no session is free then', async () => {
    const { servers } = await twoOfOneIssuer();
    const plain = await http({ era: 'legacy', tools: sleeping });
    const { gateway, url } = await listening({
      servers: { ...servers, plain: { url: plain.url } },
      auth: { verify: (request) => ({ principal: request.headers.get('x-user') ?? 'first' }) },
      limits: { upstreamSessions: 1 },
    });
    const { url: page, done } = await gateway.signIn('first', 'one');
    await new Browser().signIn(page);
    expect(await done).toBe(true);
    await expect.poll(() => gateway.group.catalog.tools.has('one__read'), { timeout: 20_000 }).toBe(true);
    const { params } = INITIALIZE;
    const opening = { ...INITIALIZE, params: { ...params, capabilities: { elicitation: { url: {} } } } };
    const open = async (user: string) => {
      const mine = { 'x-user': user };
      return { ...mine, 'mcp-session-id': await openSession(url, mine, opening) };
    };
    const [ann, ben] = [await open('ann'), await open('ben')];
    const response = await post(url, call('mine', 'one__read'), ann);
    expect(response.status).toBe(200);
    const messages: { id?: unknown; method?: string; params?: { url: string } }[] = [];
    const ended = (async () => {
      let text = '';
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        const found = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => JSON.parse(data));
        messages.splice(0, messages.length, ...found);
      }
    })();
    const question = () => messages.find(({ method }) => method === 'elicitation/create');
    await expect.poll(question).toBeDefined();
    const sleeps = post(url, call(2, 'plain__sleep'), ben);
    await expect.poll(() => plain.inspect().running).toBe(1);
    const accept = { jsonrpc: '2.0', id: question()?.id, result: { action: 'accept' } };
    await (await post(url, accept, ann)).text();
    await new Browser().signIn(question()?.params?.url ?? '');
    await ended;
    expect(messages.at(-1)).toEqual({
      jsonrpc: '2.0',
      id: 'mine',
      error: {
        code: -32603,
        message: 'No session with the server is free.',
        data: { code: 'POOL_EXHAUSTED', server: 'one', maybeExecuted: false, retryAfterMs: 5_000 },
      },
    });
    await fetch(url, { method: 'DELETE', headers: ben });
    await (await sleeps).text();
    expect(await (await post(url, call(3, 'one__read'), ann)).text()).toContain('"content"');
  });
});
