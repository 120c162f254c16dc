import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createGateway } from '../../src/gateway/index.ts';
import { local, tools } from '../support/servers.ts';
import { INITIALIZE, listening, official, openSession, post } from './support.ts';

const echo = () => ({ servers: { files: { server: local({ tools: tools('echo') }) } } });
const call = (id: number, args: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'files__echo', arguments: args },
});

/** `fetch` sets Host itself; this one does not. */
function statusOf(
  url: string,
  headers: Record<string, string>,
  method = 'POST',
  body = '{}',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('what is no request of MCP', () => {
  const bad: [string, unknown, Record<string, string>, number][] = [
    ['no JSON', '{', {}, 400],
    ['an empty body', '', {}, 400],
    ['another content type', '{}', { 'content-type': 'text/plain' }, 415],
    ['5 MB', JSON.stringify({ pad: 'x'.repeat(5_000_000) }), {}, 413],
    ['no session id', call(1), {}, 400],
    ['an unknown session id', call(1), { 'mcp-session-id': 'nobody' }, 404],
    ['a number', '7', {}, 400],
    ['a JSON text', '"hello"', {}, 400],
    ['a list of nothing', '[]', {}, 400],
  ];
  for (const [what, body, headers, status] of bad) {
    it(`is refused: ${what}`, async () => {
      const { url } = await listening(echo());
      const client = await official(url);
      const response = await post(url, body, headers);
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toContain('application/json');
      await response.text();
      const result = await client.callTool({ name: 'files__echo', arguments: { still: 'here' } });
      expect(JSON.stringify(result)).toContain('still');
    });
  }

  it('a revision that nobody knows gets one that the gateway speaks', async () => {
    const { url } = await listening(echo());
    const response = await post(url, {
      ...INITIALIZE,
      params: { ...INITIALIZE.params, protocolVersion: '1999-01-01' },
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"protocolVersion":"2025-11-25"');
  });

  it('other paths and methods are not there', async () => {
    const { url } = await listening(echo());
    expect(await statusOf(new URL('/other', url).href, {})).toBe(404);
    expect(await statusOf(url, {}, 'PUT')).toBe(405);
  });
});

describe('S1 where a request comes from', () => {
  it('a foreign host or origin is refused, and an allowed one gets CORS', async () => {
    const { url } = await listening({ ...echo(), origins: ['https://app.example.com'] });
    const { host } = new URL(url);
    const json = { 'content-type': 'application/json' };
    expect(await statusOf(url, { ...json, host: 'evil.example.com' })).toBe(403);
    expect(await statusOf(url, { ...json, host: `evil.example.com:${new URL(url).port}` })).toBe(403);
    expect(await statusOf(url, { ...json, host, origin: 'https://evil.example.com' })).toBe(403);
    expect(await statusOf(url, { ...json, host, origin: 'null' })).toBe(403);
    const asks = 'content-type, Mcp-Param-Region, x-anything';
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-headers': asks },
    });
    const allowed = preflight.headers.get('access-control-allow-headers')?.split(', ');
    expect(allowed).toContain('mcp-param-region');
    expect(allowed).not.toContain('x-anything');
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    const opened = await post(url, INITIALIZE, { origin: 'https://app.example.com' });
    expect(opened.headers.get('access-control-expose-headers')).toContain('mcp-session-id');
    await opened.text();
  });

  it('S2 other addresses than loopback need to know who comes in', async () => {
    const gateway = await createGateway(echo());
    await expect(gateway.listen({ port: 0, host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      data: { option: 'auth' },
    });
    await gateway.close();
  });

  it('fetch needs the host names that are its own', async () => {
    const without = await createGateway(echo());
    await expect(without.fetch(new Request('http://app.test/mcp'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    await without.close();
    await using gateway = await createGateway({ ...echo(), hosts: ['app.test'] });
    const headers = {
      host: 'app.test',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    const init = { method: 'POST', headers, body: JSON.stringify(INITIALIZE) };
    const response = await gateway.fetch(new Request('http://app.test/mcp', init));
    expect(response.status).toBe(200);
    await response.text();
    const foreign = await gateway.fetch(
      new Request('http://other.test/mcp', { ...init, headers: { ...headers, host: 'other.test' } }),
    );
    expect(foreign.status).toBe(403);
  });
});

describe('who comes in', () => {
  const auth = {
    verify: (request: Request) => {
      const token = request.headers.get('authorization');
      if (token === 'Bearer boom') throw new Error('the secret is swordfish');
      return token === null ? undefined : { principal: token };
    },
  };

  it('nobody without an identity, and no error tells why', async () => {
    const { url } = await listening({ ...echo(), auth });
    for (const headers of [{}, { authorization: 'Bearer boom' }]) {
      const response = await post(url, INITIALIZE, headers);
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain('swordfish');
    }
  });

  it('I3 a session of one principal is unknown to another, on POST, GET and DELETE', async () => {
    const { url } = await listening({ ...echo(), auth });
    const mine = { authorization: 'Bearer ada' };
    const id = await openSession(url, mine);
    const theirs = { authorization: 'Bearer eve', 'mcp-session-id': id, accept: 'text/event-stream' };
    expect(
      (await post(url, call(2), { ...theirs, accept: 'application/json, text/event-stream' })).status,
    ).toBe(404);
    expect((await fetch(url, { headers: theirs })).status).toBe(404);
    expect((await fetch(url, { method: 'DELETE', headers: theirs })).status).toBe(404);
    const response = await post(url, call(3, { a: 1 }), { ...mine, 'mcp-session-id': id });
    expect(await response.text()).toContain('\\"a\\":1');
  });
});

describe('R sessions that clients leave', () => {
  it('R4 are bounded in number, in all and for each principal', async () => {
    const auth = { verify: (request: Request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) };
    const { gateway, url } = await listening({ ...echo(), auth, sessions: { max: 5, maxPerPrincipal: 2 } });
    for (const user of ['a', 'a', 'b', 'b', 'c']) await openSession(url, { 'x-user': user });
    const busy = await post(url, INITIALIZE, { 'x-user': 'd' });
    expect(busy.status).toBe(503);
    expect(busy.headers.get('retry-after')).not.toBeNull();
    expect(gateway.clients.size).toBe(5);
  });

  it('one principal cannot have more than its share', async () => {
    const { url } = await listening({ ...echo(), sessions: { maxPerPrincipal: 2 } });
    await openSession(url);
    await openSession(url);
    expect((await post(url, INITIALIZE)).status).toBe(429);
  });

  it('R3 end when they are not used, but not while a stream is open', async () => {
    const { gateway, url } = await listening({ ...echo(), sessions: { idleMs: 200 } });
    const left = await openSession(url);
    const kept = await openSession(url);
    const stream = await fetch(url, { headers: { 'mcp-session-id': kept, accept: 'text/event-stream' } });
    await expect.poll(() => gateway.clients.has(left)).toBe(false);
    expect(gateway.clients.has(kept)).toBe(true);
    expect((await post(url, call(2), { 'mcp-session-id': left })).status).toBe(404);
    await stream.body?.cancel();
    await expect.poll(() => gateway.clients.has(kept)).toBe(false);
  });

  it('end with DELETE, and their sessions with servers, too', async () => {
    const { gateway, url } = await listening(echo());
    const id = await openSession(url);
    await (await post(url, call(2), { 'mcp-session-id': id })).text();
    expect((await fetch(url, { method: 'DELETE', headers: { 'mcp-session-id': id } })).status).toBe(200);
    expect(gateway.clients.size).toBe(0);
  });
});

describe('health', () => {
  it('answers without identity, and says when the gateway drains', async () => {
    const { gateway, url } = await listening({ ...echo(), auth: { verify: () => undefined } });
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
    expect((await fetch(new URL('/readyz', url))).status).toBe(200);
    await gateway.drain();
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
    expect((await fetch(new URL('/readyz', url))).status).toBe(503);
  });
});
