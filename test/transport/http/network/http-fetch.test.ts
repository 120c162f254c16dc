import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { UrlServerSpec } from '../../../../src/server-spec.ts';
import { HttpFetch } from '../../../../src/transport/http/network/http-fetch.ts';
import { serve, type Handler, type Loopback } from '../../../support/loopback.ts';
import { failureOf } from '../../support/official-client.ts';

async function open(server: Loopback, spec: Partial<UrlServerSpec> = {}): Promise<HttpFetch> {
  const url = new URL(server.url);
  const http = new HttpFetch({ server: 'tested', url, spec: { url, ...spec }, openTimeoutMs: 10_000 });
  onTestFinished(() => http.destroy());
  await http.open();
  return http;
}

function redirect(status: number, target: () => string): Handler {
  return (request, response) => {
    if (request.url === '/target') return void response.end('arrived');
    response.writeHead(status, { location: target() });
    response.end();
  };
}

const post = { method: 'POST', body: '{"jsonrpc":"2.0"}', headers: { 'content-type': 'application/json' } };
const secrets = { headers: { authorization: 'Bearer secret', 'x-key': 'secret' } };

describe('T5 the headers of a spec', () => {
  it('go to the server and to nobody else', async () => {
    const server = await serve((_request, response) => void response.end());
    const stranger = await serve((_request, response) => void response.end());
    const http = await open(server, secrets);
    await http.fetch(server.url, post);
    await http.fetch(stranger.url, post);
    expect(server.seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-key': 'secret' });
    expect(stranger.seen[0]?.headers).not.toHaveProperty('authorization');
    expect(stranger.seen[0]?.headers).not.toHaveProperty('x-key');
  });

  it('a function that fails is named, with its cause', async () => {
    const server = await serve((_request, response) => void response.end());
    const headers = () => Promise.reject(new Error('vault is locked'));
    expect(await failureOf(open(server, { headers }))).toMatchObject({
      code: 'CONNECT_FAILED',
      message: 'Asking for the headers of server "tested": vault is locked',
    });
  });

  it('a value that HTTP cannot carry is not shown', async () => {
    const server = await serve((_request, response) => void response.end());
    const failure = await failureOf(open(server, { headers: { authorization: 'Bearer se\ncret' } }));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(failure.message).toContain('"authorization"');
    expect(failure.message).not.toContain('cret');
  });
});

describe('T5 redirects', () => {
  it.each([307, 308])('a POST follows a %i within its origin, whole', async (status) => {
    const server = await serve(redirect(status, () => '/target'));
    const response = await (await open(server, secrets)).fetch(server.url, post);
    expect(await response.text()).toBe('arrived');
    expect(server.seen[1]).toMatchObject({ method: 'POST', url: '/target', body: post.body });
    expect(server.seen[1]?.headers.authorization).toBe('Bearer secret');
  });

  it.each([301, 302, 303, 307, 308])('a GET follows a %i within its origin', async (status) => {
    const server = await serve(redirect(status, () => '/target'));
    const response = await (await open(server)).fetch(server.url);
    expect(await response.text()).toBe('arrived');
  });

  it.each([301, 302, 303])('a POST does not become a GET by a %i', async (status) => {
    const server = await serve(redirect(status, () => '/target'));
    const failure = await failureOf((await open(server)).fetch(server.url, post));
    expect(failure).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining(`HTTP ${status}`),
    });
    expect(server.seen).toHaveLength(1);
  });

  it.each([302, 307, 308])('a %i to another origin is refused, and nothing goes there', async (status) => {
    const stranger = await serve((_request, response) => void response.end());
    const server = await serve(redirect(status, () => `${stranger.origin}/target?stolen=1`));
    for (const init of [{}, post]) {
      const failure = await failureOf((await open(server, secrets)).fetch(server.url, init));
      expect(failure).toMatchObject({
        code: 'CONNECT_FAILED',
        message: expect.stringContaining(stranger.origin),
      });
      expect(failure.message).not.toMatch(/secret|stolen/);
    }
    expect(stranger.seen).toEqual([]);
  });

  it('a redirect without end is refused', async () => {
    const server = await serve(redirect(307, () => '/mcp'));
    const failure = await failureOf((await open(server)).fetch(server.url, post));
    expect(failure).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(server.seen).toHaveLength(6);
  });

  it('a redirect to nowhere is refused', async () => {
    const server = await serve((_request, response) => {
      response.statusCode = 307;
      response.end();
    });
    expect(await failureOf((await open(server)).fetch(server.url, post))).toMatchObject({
      code: 'CONNECT_FAILED',
    });
  });
});

describe('T5 the connections of a transport', () => {
  it('are reused', async () => {
    const server = await serve((_request, response) => void response.end('fine'));
    const http = await open(server);
    for (let count = 0; count < 20; count++) await (await http.fetch(server.url, post)).text();
    expect(server.openSockets()).toBeLessThan(5);
  });

  it('leave with it, whatever they are doing', async () => {
    const server = await serve((request, response) => {
      if (request.method === 'POST') return;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': hello\n\n');
    });
    const http = await open(server);
    const stream = await http.fetch(server.url);
    const waiting = failureOf(http.fetch(server.url, post));
    const reading = failureOf(stream.text());
    await expect.poll(() => server.seen).toHaveLength(2);
    await http.destroy();
    expect(await waiting).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(await reading).toMatchObject({ code: 'CONNECTION_LOST' });
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('an abort is passed on as it is', async () => {
    const server = await serve(() => {});
    const giveUp = new AbortController();
    const waiting = failureOf((await open(server)).fetch(server.url, { ...post, signal: giveUp.signal }));
    await expect.poll(() => server.seen).toHaveLength(1);
    giveUp.abort();
    expect(await waiting).toMatchObject({ name: 'AbortError' });
  });

  it('a fetch of the user takes their place, under the same rules', async () => {
    const stranger = await serve((_request, response) => void response.end());
    const server = await serve(redirect(307, () => stranger.url));
    const own = vi.fn(fetch);
    const http = await open(server, { fetch: own, ...secrets });
    expect(await failureOf(http.fetch(server.url, post))).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(own).toHaveBeenCalledTimes(1);
    expect(stranger.seen).toEqual([]);
  });
});
