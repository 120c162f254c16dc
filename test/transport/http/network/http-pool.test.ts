import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpPool, type HttpPoolOptions } from '../../../../src/transport/http/network/http-pool.ts';
import { fetchThrough } from '../../../../src/transport/http/network/pool-fetch.ts';
import { head, serveRaw, type RawServer } from '../../support/raw-http.ts';

const FINE = head(200, { 'content-length': '4' }) + 'fine';

function poolTo(server: RawServer, options: Partial<HttpPoolOptions> = {}) {
  const pool = new HttpPool({ origin: server.origin, openTimeoutMs: 10_000, ...options });
  onTestFinished(() => pool.destroy());
  const fetch = fetchThrough(pool);
  const read = async (url = server.url): Promise<string> =>
    (await fetch(url, { method: 'POST', body: '{}' })).text();
  return { pool, read };
}

/** A few turns of the event loop: a socket is free for the next request a turn after its answer. */
async function aMoment(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('T5 the sockets of a connection', () => {
  it('are kept for the next request', async () => {
    const server = await serveRaw((_request, socket) => void socket.write(FINE));
    const { read } = poolTo(server);
    for (let count = 0; count < 5; count++) {
      expect(await read()).toBe('fine');
      await aMoment();
    }
    expect(new Set(server.seen.map(({ connection }) => connection)).size).toBe(1);
  });

  it('that the server closes between two requests cost no request', async () => {
    const server = await serveRaw((_request, socket) => void socket.end(FINE));
    const { read } = poolTo(server);
    for (let count = 1; count <= 20; count++) {
      expect(await read()).toBe('fine');
      await expect.poll(() => server.closed.size).toBe(count);
    }
    expect(server.seen).toHaveLength(20);
  });

  it('a request on a socket that closes at that moment fails or is answered, and is never sent twice', async () => {
    let count = 0;
    const server = await serveRaw((_request, socket) => {
      count++;
      socket.write(FINE, () => setImmediate(() => socket.destroy()));
    });
    const { read } = poolTo(server);
    const outcomes: boolean[] = [];
    for (let tries = 0; tries < 200; tries++) {
      outcomes.push(
        await read().then(
          () => true,
          () => false,
        ),
      );
    }
    // What was answered was sent once; what failed at most once.
    expect(count).toBeGreaterThanOrEqual(outcomes.filter(Boolean).length);
    expect(count).toBeLessThanOrEqual(outcomes.length);
  });

  it('are as many as there are requests, up to 1,024; the rest waits and is answered, too', async () => {
    const waiting: Socket[] = [];
    let isOpen = false;
    const server = await serveRaw((_request, socket) => {
      if (isOpen) socket.write(FINE);
      else waiting.push(socket);
    });
    const { read } = poolTo(server);
    const all = Promise.all(Array.from({ length: 1_100 }, () => read()));
    await expect.poll(() => waiting).toHaveLength(1_024);
    expect(server.openSockets()).toBe(1_024);
    isOpen = true;
    for (const socket of waiting) socket.write(FINE);
    expect(await all).toHaveLength(1_100);
    expect(server.seen).toHaveLength(1_100);
  });

  it('go to other origins, too', async () => {
    const [own, other] = [
      await serveRaw((_request, socket) => void socket.write(FINE)),
      await serveRaw((_request, socket) => void socket.write(FINE)),
    ];
    const { pool, read } = poolTo(own);
    expect([await read(), await read(other.url)]).toEqual(['fine', 'fine']);
    await pool.destroy();
    await expect.poll(() => own.openSockets() + other.openSockets()).toBe(0);
  });
});

describe('T5 the end of a pool', () => {
  it('fails what is under way and what waits, and leaves no socket', async () => {
    const server = await serveRaw(() => {});
    const { pool, read } = poolTo(server);
    const all = Promise.allSettled(Array.from({ length: 1_100 }, () => read()));
    await expect.poll(() => server.seen.length).toBeGreaterThan(500);
    await pool.destroy();
    expect((await all).filter(({ status }) => status === 'fulfilled')).toEqual([]);
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('comes while a socket is being opened', async () => {
    const server = await serveRaw(() => {});
    const { pool, read } = poolTo(server);
    const failed = read().catch(() => 'failed');
    await pool.destroy();
    expect(await failed).toBe('failed');
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('may be asked for again', async () => {
    const server = await serveRaw(() => {});
    const { pool, read } = poolTo(server);
    const failed = read().catch(() => 'failed');
    await Promise.all([pool.destroy(), pool.destroy()]);
    await pool.destroy();
    expect(await failed).toBe('failed');
  });

  it('is one for requests to every origin, whether or not one had been there', async () => {
    const [own, other] = [
      await serveRaw((_request, socket) => void socket.write(FINE)),
      await serveRaw((_request, socket) => void socket.write(FINE)),
    ];
    const { pool, read } = poolTo(own);
    await pool.destroy();
    expect(await read().catch(() => 'failed')).toBe('failed');
    expect(await read(other.url).catch(() => 'failed')).toBe('failed');
    expect([...own.seen, ...other.seen]).toEqual([]);
  });
});

describe('T5 opening a socket', () => {
  it.each([Infinity, 2 ** 31, 10_000])('may take up to %d milliseconds', async (openTimeoutMs) => {
    const server = await serveRaw((_request, socket) => void socket.write(FINE));
    expect(await poolTo(server, { openTimeoutMs }).read()).toBe('fine');
  });
});

describe('T5 a proxy', () => {
  it('carries the requests to every origin, with its own credentials', async () => {
    const tunnels = new Set<Socket>();
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, downstream: Socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
      const [host = '', port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        downstream.write('HTTP/1.1 200 Connected\r\n\r\n');
        downstream.pipe(upstream).pipe(downstream);
      });
      for (const socket of [upstream, downstream]) {
        tunnels.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => tunnels.delete(socket));
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of tunnels) socket.destroy();
      proxy.close();
    });
    const [own, other] = [
      await serveRaw((_request, socket) => void socket.write(FINE)),
      await serveRaw((_request, socket) => void socket.write(FINE)),
    ];
    const { port } = proxy.address() as AddressInfo;
    const { pool, read } = poolTo(own, { proxy: `http://user:pass%20word@127.0.0.1:${port}` });
    expect([await read(), await read(other.url)]).toEqual(['fine', 'fine']);
    const credentials = `Basic ${Buffer.from('user:pass word').toString('base64')}`;
    expect(asked).toEqual([own, other].map(({ origin }) => `${new URL(origin).host} ${credentials}`));
    for (const { headers } of [...own.seen, ...other.seen])
      expect(headers.has('proxy-authorization')).toBe(false);
    await pool.destroy();
    await expect.poll(() => tunnels.size).toBe(0);
  });
});
