import { gzipSync } from 'node:zlib';
import type { Socket } from 'node:net';
import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpPool } from '../../../../src/transport/http/network/http-pool.ts';
import { fetchThrough } from '../../../../src/transport/http/network/pool-fetch.ts';
import { eventStreamHead, head, httpChunk, serveRaw, type RawServer } from '../../support/raw-http.ts';
import { rejectionOf } from '../../../support/failures.ts';
import { eventually, settled } from '../../../support/eventually.ts';

function fetchOf(server: RawServer) {
  const pool = new HttpPool({ origin: server.origin, openTimeoutMs: 10_000 });
  onTestFinished(() => pool.destroy());
  return { pool, fetch: fetchThrough(pool) };
}

/** A server whose every answer is these bytes, or written by a function. */
async function answering(answer: string | Buffer | ((socket: Socket) => void)) {
  const server = await serveRaw((_request, socket) => {
    if (typeof answer === 'function') answer(socket);
    else socket.write(answer);
  });
  return { server, ...fetchOf(server) };
}

const plain = (body: string): string =>
  head(200, { 'content-length': String(Buffer.byteLength(body)) }) + body;

describe('T5 fetch on a pool', () => {
  it('a body of text, of bytes, of a form, or none', async () => {
    const { server, fetch } = await answering(plain('fine'));
    const form = new URLSearchParams({ grant_type: 'x y' });
    for (const body of ['žluť', new Uint8Array([104, 105]), form, null])
      expect(await (await fetch(server.url, { method: 'POST', body })).text()).toBe('fine');
    expect(await (await fetch(server.url)).text()).toBe('fine');
    expect(server.seen.map(({ method, body }) => [method, body])).toEqual([
      ['POST', 'žluť'],
      ['POST', 'hi'],
      ['POST', 'grant_type=x+y'],
      ['POST', ''],
      ['GET', ''],
    ]);
    expect(server.seen[2]?.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
  });

  it('another kind of body is refused', async () => {
    const { server, fetch } = await answering(plain('fine'));
    expect(await rejectionOf(fetch(server.url, { method: 'POST', body: new FormData() }))).toBeInstanceOf(
      TypeError,
    );
    expect(server.seen).toEqual([]);
  });

  it('headers in every form, over the defaults', async () => {
    const { server, fetch } = await answering(plain('fine'));
    const given = { 'X-One': '1', 'User-Agent': 'mine', Accept: 'text/plain' };
    for (const headers of [given, Object.entries(given), new Headers(given)])
      await (await fetch(server.url, { headers })).text();
    await (await fetch(server.url)).text();
    const seen = server.seen.map(({ headers }) =>
      ['x-one', 'user-agent', 'accept'].map((name) => headers.get(name)),
    );
    expect(seen.slice(0, 3)).toEqual([1, 2, 3].map(() => ['1', 'mine', 'text/plain']));
    expect(seen[3]).toEqual([undefined, expect.any(String), '*/*']);
  });

  it('the query is sent, the fragment is not', async () => {
    const { server, fetch } = await answering(plain('fine'));
    await (await fetch(`${server.origin}/a%20b?c=d&e=%C3%A9#secret`)).text();
    expect(server.seen[0]?.path).toBe('/a%20b?c=d&e=%C3%A9');
  });

  it('a redirect is an answer like any other', async () => {
    const { server, fetch } = await answering(head(307, { location: '/there', 'content-length': '0' }));
    const response = await fetch(server.url);
    expect([response.status, response.headers.get('location')]).toEqual([307, '/there']);
    await response.text();
    expect(server.seen).toHaveLength(1);
  });

  it('a header that comes twice, one that no header can hold, and an odd reason phrase', async () => {
    const { server, fetch } = await answering(
      'HTTP/1.1 200 \xe9\x80\r\nx-two: a\r\nx-two: b\r\nx-odd: \x80\xff\r\ncontent-length: 0\r\n\r\n',
    );
    const response = await fetch(server.url);
    expect(response.headers.get('x-two')).toBe('a, b');
    expect(await response.text()).toBe('');
  });

  it.each([204, 205, 304])('HTTP %i has no body', async (status) => {
    const { server, fetch } = await answering(head(status, status === 205 ? { 'content-length': '0' } : {}));
    const response = await fetch(server.url);
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it('a status that is none', async () => {
    const { server, fetch } = await answering(head(999, { 'content-length': '0' }));
    await rejectionOf(fetch(server.url));
    await expect.poll(() => server.closed).toContain(0);
  });
});

describe('T5 the body of an answer', () => {
  it('that ends with its connection', async () => {
    const { server, fetch } = await answering((socket) =>
      socket.end(`${head(200, { connection: 'close' })}all of it`),
    );
    expect(await (await fetch(server.url)).text()).toBe('all of it');
  });

  it('that has a length and comes in two parts', async () => {
    const { server, fetch } = await answering((socket) => {
      socket.write(head(200, { 'content-length': '8' }));
      socket.write('half', () => setTimeout(() => socket.write('half'), 20));
    });
    expect(await (await fetch(server.url)).text()).toBe('halfhalf');
  });

  it('that comes in two parts of one HTTP chunk', async () => {
    const { server, fetch } = await answering((socket) => {
      const chunk = httpChunk('halfhalf');
      socket.write(head(200, { 'transfer-encoding': 'chunked' }));
      socket.write(chunk.subarray(0, 7), () =>
        setTimeout(() => socket.write(Buffer.concat([chunk.subarray(7), httpChunk('')])), 20),
      );
    });
    expect(await (await fetch(server.url)).text()).toBe('halfhalf');
  });

  it('of 20 MB', async () => {
    const body = Buffer.alloc(20 * 1024 * 1024, 'x');
    const { server, fetch } = await answering((socket) => {
      socket.write(head(200, { 'content-length': String(body.length) }));
      socket.write(body);
    });
    expect((await (await fetch(server.url)).arrayBuffer()).byteLength).toBe(body.length);
  });

  it('is taken from the socket as fast as it is read', async () => {
    const much = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    let stalled = false;
    const { server, fetch } = await answering((socket) => {
      socket.write(eventStreamHead());
      const more = (): void => {
        while (sent < 200) {
          sent++;
          if (socket.write(much)) continue;
          stalled = true;
          return void socket.once('drain', more);
        }
        socket.end();
      };
      more();
    });
    const response = await fetch(server.url);
    await eventually('the server has stalled', () => stalled);
    await settled(() => sent);
    expect(sent).toBeLessThan(100);
    let bytes = 0;
    for await (const chunk of response.body ?? []) bytes += chunk.byteLength;
    expect(bytes).toBe(200 * much.length);
  });

  it.each([
    ['with its length', head(200, { connection: 'close', 'content-length': '1000' }) + 'x'.repeat(1_000)],
    ['without its length', head(200, { connection: 'close' }) + 'x'.repeat(1_000)],
    [
      'in chunks',
      head(200, { connection: 'close', 'transfer-encoding': 'chunked' }) +
        httpChunk('x'.repeat(1_000)) +
        httpChunk(''),
    ],
  ])('whose connection ends before it is read is whole: %s', async (_, bytes) => {
    const { server, fetch } = await answering((socket) => socket.end(bytes));
    const response = await fetch(server.url);
    await expect.poll(() => server.closed.size).toBe(1);
    expect(await response.text()).toHaveLength(1_000);
  });

  it('whose connection is reset before it is read fails its reader only', async () => {
    let socket: Socket | undefined;
    const { server, fetch } = await answering((open) => {
      socket = open;
      open.write(`${head(200, { connection: 'close', 'content-length': '2000' })}${'x'.repeat(1_000)}`);
    });
    const response = await fetch(server.url);
    socket?.resetAndDestroy();
    await expect.poll(() => server.closed.size).toBe(1);
    await rejectionOf(response.text());
  });

  it('that is coded and has no end is read as far as it goes', async () => {
    const whole = gzipSync('all of it');
    const { server, fetch } = await answering((socket) =>
      socket.end(
        Buffer.concat([Buffer.from(head(200, { 'content-encoding': 'gzip' })), whole.subarray(0, -8)]),
      ),
    );
    expect(await (await fetch(server.url)).text()).toBe('all of it');
  });

  it('in a coding that nobody knows is left as it is', async () => {
    const { server, fetch } = await answering(
      head(200, { 'content-encoding': 'gzip, rot13', 'content-length': '4' }) + 'grkg',
    );
    expect(await (await fetch(server.url)).text()).toBe('grkg');
  });

  it('that breaks off is an error of its reader', async () => {
    const { server, fetch } = await answering((socket) =>
      socket.end(`${head(200, { 'content-length': '100' })}half of it`),
    );
    const response = await fetch(server.url);
    expect(await rejectionOf(response.text())).toBeInstanceOf(Error);
  });

  it('that nobody wants any more ends its connection', async () => {
    for (const coding of ['identity', 'gzip']) {
      const { server, fetch } = await answering((socket) =>
        socket.write(
          Buffer.concat([
            Buffer.from(eventStreamHead({ 'content-encoding': coding })),
            gzipSync('x').subarray(0, 12),
          ]),
        ),
      );
      const response = await fetch(server.url);
      await response.body?.cancel();
      await expect.poll(() => server.closed).toContain(0);
    }
  });
});

describe('S4 a fetch that is given up', () => {
  it('before it began', async () => {
    const { server, fetch } = await answering(plain('fine'));
    const reason = new Error('too late');
    expect(await rejectionOf(fetch(server.url, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(server.seen).toEqual([]);
  });

  it('before its answer', async () => {
    const { server, fetch } = await answering('');
    const giveUp = new AbortController();
    const failed = rejectionOf(fetch(server.url, { signal: giveUp.signal }));
    await expect.poll(() => server.seen).toHaveLength(1);
    const reason = new Error('enough');
    giveUp.abort(reason);
    expect(await failed).toBe(reason);
    await expect.poll(() => server.closed).toContain(0);
    expect(getEventListeners(giveUp.signal, 'abort')).toEqual([]);
  });

  it('within its body', async () => {
    const { server, fetch } = await answering(`${eventStreamHead()}a part`);
    const giveUp = new AbortController();
    const response = await fetch(server.url, { signal: giveUp.signal });
    const failed = rejectionOf(response.text());
    const reason = new Error('enough');
    giveUp.abort(reason);
    expect(await failed).toBe(reason);
    await expect.poll(() => server.closed).toContain(0);
    expect(getEventListeners(giveUp.signal, 'abort')).toEqual([]);
  });

  it('when it is over, its signal is left alone', async () => {
    const { server, fetch } = await answering(plain('fine'));
    const { signal } = new AbortController();
    await (await fetch(server.url, { signal })).text();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('an address that is none leaves its signal alone', async () => {
    const { server, fetch } = await answering(plain('fine'));
    const { signal } = new AbortController();
    await rejectionOf(fetch(`${server.origin}999999`, { signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
