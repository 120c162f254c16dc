import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../src/session/open-session.ts';
import type { Session } from '../../src/session/session.ts';
import type { UrlServerSpec } from '../../src/server-spec.ts';
import { serveHttp, serveSse, serveWebSocket } from '../../src/testing/index.ts';
import { forwardProxy } from '../transport/support/forward-proxy.ts';
import { failureOf } from '../transport/support/official-client.ts';
import { authority, clientIdentity, tlsFront } from '../transport/support/tls-front.ts';

const script = { tools: [{ name: 'echo' }] };

async function open(spec: UrlServerSpec): Promise<Session> {
  const session = await openSession(spec, { reconnect: false, name: 'tested' });
  onTestFinished(() => session.destroy());
  return session;
}

async function served(kind: 'http' | 'sse'): Promise<URL> {
  const server = kind === 'http' ? await serveHttp(script) : await serveSse(script);
  onTestFinished(() => server.close());
  return new URL(server.url);
}

describe('T5 a proxy', () => {
  it.each(['http', 'sse'] as const)('carries every request of %s', async (type) => {
    const url = await served(type);
    const proxy = await forwardProxy();
    const session = await open({ url, type, proxy: proxy.url });
    await session.callTool('echo', { text: 'a' });
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(new Set(proxy.asked)).toEqual(new Set([url.host]));
  });

  it('gets the credentials of its URL, and they stand in no error', async () => {
    const url = await served('http');
    const proxy = await forwardProxy('user:s3cret');
    await (await open({ url, type: 'http', proxy: proxy.url })).ping();
    const wrong = await failureOf(open({ url, type: 'http', proxy: proxy.url.replace('s3cret', 'wr0ng') }));
    expect(wrong).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(String(wrong)).not.toContain('wr0ng');
  });

  it('tunnels to a server behind TLS', async () => {
    const origin = await tlsFront(await served('http'));
    const proxy = await forwardProxy();
    const session = await open({
      url: `${origin}/mcp`,
      type: 'http',
      proxy: proxy.url,
      tls: { ca: authority },
    });
    await session.callTool('echo', {});
    expect(proxy.asked).toContain(new URL(origin).host);
  });

  it('that is no HTTP proxy is refused before anything is opened, without being shown', async () => {
    const failure = await failureOf(open({ url: 'http://127.0.0.1:9/mcp', proxy: 'socks5://user:s3cret@x' }));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(failure.message).toContain('"proxy"');
    expect(failure.message).not.toContain('s3cret');
  });

  it.each([
    { url: 'ws://127.0.0.1:9/mcp', proxy: 'http://127.0.0.1:9' },
    { url: 'http://127.0.0.1:9/mcp', proxy: 'http://127.0.0.1:9', fetch },
    { url: 'http://127.0.0.1:9/mcp', tls: {}, fetch },
  ])('does not go with everything: %j', async (spec) => {
    expect(await failureOf(open(spec))).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('T5 TLS', () => {
  it.each(['http', 'sse'] as const)('trusts the authorities that are given, over %s', async (type) => {
    const inner = await served(type);
    const url = new URL(inner.pathname, await tlsFront(inner));
    const session = await open({ url, type, tls: { ca: [authority] } });
    await session.callTool('echo', {});
    expect(await failureOf(open({ url, type }))).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('certificate'),
    });
  });

  it('trusts the authorities that are given, over WebSocket', async () => {
    const server = await serveWebSocket(script);
    onTestFinished(() => server.close());
    const inner = new URL(server.url);
    const front = new URL(inner.pathname, await tlsFront(inner));
    const url = front.href.replace('https:', 'wss:');
    await (await open({ url, tls: { ca: authority } })).ping();
    expect(await failureOf(open({ url }))).toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('shows the certificate that a server asks for', async () => {
    const inner = await served('http');
    const url = new URL(inner.pathname, await tlsFront(inner, { asksForIdentity: true }));
    await (await open({ url, type: 'http', tls: { ca: authority, ...clientIdentity } })).ping();
    expect(await failureOf(open({ url, type: 'http', tls: { ca: authority } }))).toMatchObject({
      code: 'CONNECT_FAILED',
    });
  });
});
