import { describe, expect, it } from 'vitest';
import { createGateway } from '../../src/gateway/index.ts';
import { local, tools } from '../support/servers.ts';
import { INITIALIZE, listening, official, openSession, post, raw } from './support.ts';

const echo = () => ({ servers: { s: { server: local({ tools: tools('echo', 'other') }) } } });
const list = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} };
const statusAt = async (url: string, host: string): Promise<string> =>
  (await raw(url, `GET /mcp HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).slice(9, 12);

describe('settings that change while a gateway runs', () => {
  it('hold for what comes next, and no session is lost', async () => {
    const { gateway, url } = await listening(echo());
    const client = await official(url);
    const mine = { 'mcp-session-id': await openSession(url) };
    expect(await statusAt(url, 'tools.example.com')).toBe('403');
    gateway.configure({
      hosts: ['tools.example.com'],
      origins: ['https://app.example.com'],
      instructions: 'Be kind.',
      serverInfo: { name: 'ours', version: '7' },
      sessions: { maxPerPrincipal: 3 },
      limits: { pageSize: 1, bodyBytes: 1_000 },
    });
    expect(await statusAt(url, 'tools.example.com')).toBe('400');
    expect(await statusAt(url, 'localhost')).toBe('403');
    // The host that it listens on stays its own.
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example.com' } });
    expect(preflight.status).toBe(204);
    const opened = await (await post(url, INITIALIZE)).text();
    expect(opened).toContain('Be kind.');
    expect(opened).toContain('"name":"ours"');
    expect((await post(url, INITIALIZE)).status).toBe(429);
    expect((await post(url, { ...list, pad: 'x'.repeat(1_000) }, mine)).status).toBe(413);
    expect(await (await post(url, list, mine)).text()).toContain('nextCursor');
    expect(JSON.stringify(await client.callTool({ name: 's__echo', arguments: { a: 1 } }))).toContain('a');

    // What is not said any more has its default again.
    gateway.configure({});
    expect(await statusAt(url, 'localhost')).toBe('400');
    expect(await statusAt(url, 'tools.example.com')).toBe('403');
    const again = await (await post(url, INITIALIZE)).text();
    expect(again).not.toContain('Be kind.');
    expect(await (await post(url, list, mine)).text()).not.toContain('nextCursor');
    expect(gateway.clients.size).toBe(2);
  });

  it('end sessions that are idle already, once they may not be idle so long', async () => {
    const { gateway, url } = await listening(echo());
    await openSession(url);
    expect(gateway.clients.size).toBe(1);
    gateway.configure({ sessions: { idleMs: 50 } });
    await expect.poll(() => gateway.clients.size).toBe(0);
  });

  it('bound sessions with servers anew, in both directions', async () => {
    const server = () => local({ tools: tools('echo') });
    const { gateway, url } = await listening({
      servers: { s: { server }, t: { server } },
      limits: { upstreamSessions: 1, upstreamIdleMs: Infinity },
    });
    const [ada, bob] = [await official(url), await official(url)];
    const call = (client: typeof ada, name = 's__echo') => client.callTool({ name, arguments: {} });
    await call(ada);
    await call(bob); // Takes the place of the other's session, which is told so once.
    await expect(call(ada)).rejects.toThrow();
    gateway.configure({ limits: { upstreamSessions: 10 } });
    await call(ada);
    await call(bob);
    for (let again = 0; again < 3; again++)
      for (const client of [ada, bob]) {
        await call(client);
        await call(client, 't__echo');
      }
  });

  it('that are none, or cannot change, are refused, and change nothing', async () => {
    const { gateway, url } = await listening(echo());
    for (const settings of [
      { hosts: ['http://x'] },
      { origins: 'x' },
      { instructions: 'new', limits: { pageSize: 0 } },
      { instructions: 'new', trustProxy: true },
      { instructions: 'new', auth: {} },
    ])
      expect(() => gateway.configure(JSON.parse(JSON.stringify(settings)))).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    expect(await (await post(url, INITIALIZE)).text()).not.toContain('new');
    await gateway.close();
    expect(() => gateway.configure({})).toThrow(expect.objectContaining({ code: 'SESSION_CLOSED' }));
  });

  it('may change before it listens', async () => {
    await using gateway = await createGateway(echo());
    gateway.configure({ hosts: ['tools.example.com'] });
    const { url } = await gateway.listen({ port: 0 });
    expect(await statusAt(url, 'tools.example.com')).toBe('400');
    expect(await statusAt(url, new URL(url).host)).toBe('400');
    expect(await statusAt(url, 'localhost')).toBe('403');
  });
});
