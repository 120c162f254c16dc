import { SdkHttpError } from '@modelcontextprotocol/client';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ScriptedTool } from '../../../src/testing/index.ts';
import { http } from '../../support/servers.ts';
import { listening, official, openSession, post } from '../support.ts';

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
    error: { code: -32603, data: { code: 'POOL_EXHAUSTED', server: 's', maybeExecuted: false } },
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
