import type { LookupFunction } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OAuthFetch } from '../../../src/auth/network/oauth-fetch.ts';
import { PlenumError } from '../../../src/index.ts';
import type { ConnectionFetch } from '../../../src/server-spec.ts';
import { HttpFetch } from '../../../src/transport/http/network/http-fetch.ts';
import { serve } from '../../support/loopback.ts';

const SERVER = new URL('https://mcp.example.com/mcp');
const PUBLIC = '203.0.113.7';
const PRIVATE = '10.0.0.7';

/** DNS that answers as it is told; a name that is not there is unknown. */
function dns(names: Record<string, readonly string[]>): LookupFunction {
  return (hostname, _options, callback) => {
    const found = (names[hostname] ?? []).map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    if (found.length > 0) callback(null, found);
    else callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []);
  };
}

/** The `fetch` of a connection whose sockets lead to these addresses. */
function connectedTo(peers: readonly string[] | undefined): ConnectionFetch {
  const fetch = async (): Promise<Response> => new Response();
  return Object.assign(fetch, { peerAddresses: () => peers });
}

interface Situation {
  peers?: readonly string[] | undefined;
  names?: Record<string, readonly string[]>;
  wasPrivate?: boolean;
}

/** Whether the flow refuses `target` for its address; a request that is sent and fails was not refused. */
async function refuses(target: string, { peers, names = {}, wasPrivate }: Situation): Promise<boolean> {
  const viaTransport = connectedTo(peers);
  const lookup = dns(names);
  const asking = new OAuthFetch({ server: SERVER, viaTransport, allowPrivateAddresses: false, lookup });
  asking.wasPrivate = wasPrivate;
  onTestFinished(() => asking.close());
  const stop = AbortSignal.timeout(300);
  const error = await asking.fetch(target, { signal: stop }).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return isRefusal(error);
}

function isRefusal(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if (each instanceof PlenumError && each.code === 'AUTH_REQUIRED') return true;
  return false;
}

const TARGETS = [
  'https://10.1.2.3/token',
  'https://127.0.0.1:47123/token',
  'https://login.example.com:47123/token',
];

describe('A2 a private authorization server, named by a server', () => {
  const mixed = { 'mcp.example.com': [PUBLIC, PRIVATE], 'login.example.com': ['127.0.0.1'] };

  it.each<[string, Situation]>([
    [
      'is connected to at a public address, and has a private one in its DNS',
      { peers: [PUBLIC], names: mixed },
    ],
    ['has two connections, one to a public address', { peers: [PUBLIC, PRIVATE], names: mixed }],
    ['has a public address of IPv6', { peers: ['2606:4700::1'], names: mixed }],
    [
      'was private when it was discovered, and is now connected to at a public one',
      { peers: [PUBLIC], wasPrivate: true, names: mixed },
    ],
    [
      'was public when it was discovered, and is not connected to',
      { peers: undefined, wasPrivate: false, names: { ...mixed, 'mcp.example.com': [PRIVATE] } },
    ],
    ['is connected to by a proxy, and has both in its DNS', { peers: undefined, names: mixed }],
    [
      'is connected to by a proxy, and is not in our DNS',
      { peers: undefined, names: { 'login.example.com': ['127.0.0.1'] } },
    ],
  ])('that %s, is not asked', async (_, situation) => {
    for (const target of TARGETS) expect([target, await refuses(target, situation)]).toEqual([target, true]);
  });

  it('is not asked under another port of the very name that the server has', async () => {
    const names = { 'mcp.example.com': [PUBLIC, '127.0.0.1'] };
    expect(await refuses('https://mcp.example.com:47123/token', { peers: [PUBLIC], names })).toBe(true);
  });

  it.each<[string, Situation]>([
    ['is connected to at a private address', { peers: ['127.0.0.1'], names: mixed }],
    ['is connected to at a private address of IPv6', { peers: ['::1'], names: mixed }],
    [
      'was private when it was discovered, and is not connected to',
      { peers: [], wasPrivate: true, names: mixed },
    ],
    [
      'is connected to by a proxy, and has a private address only',
      { peers: undefined, names: { ...mixed, 'mcp.example.com': [PRIVATE] } },
    ],
  ])('that %s, may be asked', async (_, situation) => {
    for (const target of TARGETS.slice(1)) expect(await refuses(target, situation)).toBe(false);
  });
});

describe('T4 whom a connection is connected to', () => {
  it('is known from its sockets', async () => {
    const server = await serve((_, response) => void response.end('{}'));
    const http = new HttpFetch({
      server: 'x',
      url: new URL(server.url),
      spec: { url: server.url },
      openTimeoutMs: 5_000,
    });
    onTestFinished(() => http.destroy());
    const fetch = http.forConnection((url, init) => http.fetch(url, init));
    expect(fetch.peerAddresses?.()).toEqual([]);
    await (await fetch(server.url)).text();
    server.dropSockets();
    await (await fetch(server.url)).text().catch(() => {});
    expect(fetch.peerAddresses?.()).toEqual(['127.0.0.1']);
  });

  it('is not known behind a proxy, nor with a fetch of the user', async () => {
    const url = 'http://127.0.0.1:1/mcp';
    for (const spec of [
      { url, proxy: 'http://127.0.0.1:2' },
      { url, fetch: globalThis.fetch },
    ]) {
      const http = new HttpFetch({ server: 'x', url: new URL(url), spec, openTimeoutMs: 5_000 });
      onTestFinished(() => http.destroy());
      expect(
        http.forConnection((target, init) => http.fetch(target, init)).peerAddresses?.(),
      ).toBeUndefined();
    }
  });

  it('a detached fetch goes on after the end of the connection, and leaves no socket when it is closed', async () => {
    const server = await serve((_, response) => void response.end('{}'));
    const spec = { url: server.url };
    const http = new HttpFetch({ server: 'x', url: new URL(server.url), spec, openTimeoutMs: 5_000 });
    const detached = http.forConnection((url, init) => http.fetch(url, init)).detach?.();
    await http.destroy();
    const response = await detached?.fetch(server.url);
    expect(await response?.text()).toBe('{}');
    await detached?.close();
    await expect.poll(() => server.openSockets()).toBe(0);
  });
});
