import { describe, expect, it } from 'vitest';
import { local, tools } from '../../support/servers.ts';
import { listening, official, rawConnection } from '../support.ts';

const servers = () => ({ s: { server: local({ tools: tools('echo') }) } });
const wait = { timeout: 30_000 };

/** Sends a byte now and then, until the connection is closed. */
function trickle(connection: ReturnType<typeof rawConnection>, bytes: string): void {
  const timer = setInterval(() => {
    if (connection.isClosed()) clearInterval(timer);
    else connection.socket.write(bytes);
  }, 50);
  connection.socket.once('close', () => clearInterval(timer));
}

describe('a connection', () => {
  it('whose request does not come to its end is closed, and others are served meanwhile', async () => {
    const { url } = await listening({ servers: servers(), limits: { headersMs: 500, requestMs: 1_000 } });
    const client = await official(url);
    const { host } = new URL(url);
    const silent = rawConnection(url);
    const slowHead = rawConnection(url);
    slowHead.socket.write(`POST /mcp HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `);
    trickle(slowHead, 'x');
    const slowBody = rawConnection(url);
    slowBody.socket.write(
      `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n`,
    );
    trickle(slowBody, ' ');
    for (const connection of [silent, slowHead, slowBody])
      while (!connection.isClosed()) {
        const result = await client.callTool({ name: 's__echo', arguments: { still: 'here' } });
        expect(JSON.stringify(result)).toContain('still');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    for (const connection of [slowHead, slowBody]) expect(connection.received()).not.toContain(' 200 ');
  });

  it('without a request is closed after a time, which can be changed', async () => {
    const { gateway, url } = await listening({ servers: servers() });
    const get = `GET /healthz HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`;
    const kept = rawConnection(url);
    kept.socket.write(get);
    expect(await kept.status()).toBe(200);
    gateway.configure({ limits: { keepAliveMs: 100 } });
    // The change is applied in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    const short = rawConnection(url);
    short.socket.write(get);
    await expect.poll(short.isClosed, wait).toBe(true);
    expect(short.received()).toContain(' 200 ');
    expect(kept.isClosed()).toBe(false);
  });

  it('that is one too many is closed at once, until another one ends', async () => {
    const { url } = await listening({ servers: servers(), limits: { connections: 2 } });
    const get = `GET /healthz HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`;
    const two = [rawConnection(url), rawConnection(url)];
    for (const connection of two) {
      connection.socket.write(get);
      expect(await connection.status()).toBe(200);
    }
    const third = rawConnection(url);
    await expect.poll(third.isClosed, wait).toBe(true);
    expect(third.received()).toBe('');
    two[0]?.socket.destroy();
    await expect
      .poll(async () => {
        const next = rawConnection(url);
        next.socket.write(get);
        await expect.poll(() => next.isClosed() || next.received() !== '', wait).toBe(true);
        return next.received();
      }, wait)
      .toContain(' 200 ');
  });

  it('that is cut in the middle of a request, or of many, leaves nothing', async () => {
    const { gateway, url } = await listening({ servers: servers() });
    const { host } = new URL(url);
    const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
    const post = `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${call.length}\r\n\r\n${call}`;
    for (let at = 0; at < 50; at++) {
      const connection = rawConnection(url);
      const text = post.repeat(3);
      connection.socket.write(text.slice(0, Math.floor((text.length * at) / 50)), () =>
        connection.socket.destroy(),
      );
      await expect.poll(connection.isClosed, wait).toBe(true);
    }
    const client = await official(url);
    expect(await client.callTool({ name: 's__echo', arguments: {} })).toHaveProperty('content');
    expect(gateway.clients.size).toBe(1);
  });
});
