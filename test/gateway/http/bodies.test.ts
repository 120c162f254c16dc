import { describe, expect, it } from 'vitest';
import { local, tools } from '../../support/servers.ts';
import { INITIALIZE, listening, official, openSession, post, raw, rawConnection } from '../support.ts';

const echo = () => ({ servers: { s: { server: local({ tools: tools('echo') }) } } });
const initialize = JSON.stringify(INITIALIZE);
const head = (url: string, more: Record<string, string>, method = 'POST', path = '/mcp'): string => {
  const fields = {
    host: new URL(url).host,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...more,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
};

describe('a body', () => {
  const refused: [string, Record<string, string>, number][] = [
    ['a foreign host', { host: 'evil.example.com' }, 403],
    ['a foreign origin', { origin: 'https://evil.example.com' }, 403],
    ['nobody', { authorization: 'Bearer nobody' }, 401],
    ['another content type', { authorization: 'Bearer ada', 'content-type': 'text/plain' }, 415],
    ['too many bytes', { authorization: 'Bearer ada', 'content-length': '99999999' }, 413],
  ];
  for (const [what, headers, status] of refused)
    it(`is not waited for when its head is refused: ${what}`, async () => {
      let asked = 0;
      const verify = (request: Request) => {
        asked++;
        return request.headers.get('authorization') === 'Bearer ada' ? { principal: 'ada' } : undefined;
      };
      const { url } = await listening({ ...echo(), auth: { verify } });
      const connection = rawConnection(url);
      connection.socket.write(head(url, { 'content-length': '2000', ...headers }));
      expect(await connection.status()).toBe(status);
      if (status === 403) expect(asked).toBe(0);
    });

  it('that comes in pieces is read, and a connection is good for the next request', async () => {
    const { url } = await listening(echo());
    const connection = rawConnection(url);
    for (let again = 0; again < 3; again++) {
      connection.clear();
      connection.socket.write(head(url, { 'transfer-encoding': 'chunked' }));
      for (const piece of initialize.match(/[^]{1,40}/g) ?? []) {
        connection.socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      connection.socket.write('0\r\n\r\n');
      expect(await connection.status()).toBe(200);
      await expect.poll(connection.received).toContain('"protocolVersion"');
      // The end of the answer.
      await expect.poll(connection.received).toMatch(/\r\n0\r\n\r\n$/);
    }
  });

  it('without an end costs its own connection, and others are served meanwhile', async () => {
    const { gateway, url } = await listening(echo());
    const client = await official(url);
    const connection = rawConnection(url);
    connection.socket.write(head(url, { 'transfer-encoding': 'chunked' }));
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    let written = 0;
    const more = (): void => {
      while (!connection.isClosed() && connection.socket.write(chunk)) written += chunk.length;
    };
    connection.socket.on('drain', more);
    more();
    expect(await connection.status()).toBe(413);
    const result = await client.callTool({ name: 's__echo', arguments: { still: 'here' } });
    expect(JSON.stringify(result)).toContain('still');
    await expect.poll(connection.isClosed, { timeout: 30_000 }).toBe(true);
    expect(written).toBeLessThan(100_000_000);
    expect(gateway.clients.size).toBe(1);
  });

  it('that breaks off is no request', async () => {
    const { gateway, url } = await listening(echo());
    const connection = rawConnection(url);
    connection.socket.end(head(url, { 'content-length': '2000' }) + initialize);
    await expect.poll(connection.isClosed, { timeout: 30_000 }).toBe(true);
    expect(connection.received()).not.toContain('200');
    expect(gateway.clients.size).toBe(0);
  });

  it('of a client that waits to be told to send it comes when it is wanted, and only then', async () => {
    const { url } = await listening(echo());
    const wanted = rawConnection(url);
    wanted.socket.write(head(url, { expect: '100-continue', 'content-length': String(initialize.length) }));
    await expect.poll(wanted.received).toContain('HTTP/1.1 100 Continue');
    wanted.clear();
    wanted.socket.write(initialize);
    expect(await wanted.status()).toBe(200);
    const unwanted = rawConnection(url);
    unwanted.socket.write(
      head(url, { expect: '100-continue', 'content-length': '50', host: 'evil.example.com' }),
    );
    expect(await unwanted.status()).toBe(403);
    await expect.poll(unwanted.isClosed, { timeout: 30_000 }).toBe(true);
    expect(unwanted.received()).not.toContain('100 Continue');
    const odd = rawConnection(url);
    odd.socket.write(head(url, { expect: 'a miracle', 'content-length': '0' }));
    expect(await odd.status()).toBe(417);
  });

  it('can be read by the function that says who sent it', async () => {
    const verify = async (request: Request) => ({ principal: (await request.clone().text()).slice(0, 9) });
    const { gateway, url } = await listening({ ...echo(), auth: { verify } });
    const opened = await post(url, INITIALIZE);
    expect(opened.status).toBe(200);
    await opened.text();
    expect(gateway.clients.size).toBe(0); // Not initialized yet.
  });
});

describe('a request line that is odd', () => {
  const lines: [string, string, number][] = [
    ['HEAD', '/mcp', 405],
    ['PUT', '/mcp', 405],
    ['PATCH', '/mcp', 405],
    ['TRACE', '/mcp', 405],
    ['OPTIONS', '/mcp', 405],
    ['OPTIONS', '*', 404],
    ['POST', '/healthz', 405],
    ['DELETE', '/readyz', 405],
    ['HEAD', '/healthz', 200],
    ['POST', '/mcp/', 404],
    ['POST', '/MCP', 404],
    ['POST', '//mcp', 404],
    ['POST', '/mcp%2f', 404],
    ['POST', '/mcp;x', 404],
    ['POST', '/mcp/..', 404],
    ['POST', '/', 404],
    ['GET', '/healthz/', 404],
    ['POST', '/mcp?a=b', 400],
  ];
  it('is answered with its status, and the next one on the same connection is served', async () => {
    const { url } = await listening(echo());
    for (const [method, path, status] of lines) {
      const connection = rawConnection(url);
      connection.socket.write(
        head(url, { 'content-length': method === 'POST' ? '2' : '0' }, method, path) +
          (method === 'POST' ? '{}' : ''),
      );
      expect(await connection.status(), `${method} ${path}`).toBe(status);
      if (method === 'HEAD') continue;
      connection.clear();
      connection.socket.write(head(url, {}, 'GET', '/healthz'));
      expect(await connection.status(), `after ${method} ${path}`).toBe(200);
    }
  });
});

describe('a header that stands twice', () => {
  it.each([
    ['host', 'evil.example.com'],
    ['content-type', 'application/json'],
    ['content-length', '3'],
    ['authorization', 'Bearer eve'],
    ['mcp-session-id', 'another'],
    ['mcp-method', 'tools/list'],
    ['mcp-name', 'other'],
    ['mcp-protocol-version', '2025-06-18'],
    ['origin', 'http://localhost'],
    ['last-event-id', '7_b'],
  ])('is refused where nobody could tell which of the two is meant: %s', async (name, value) => {
    const { url } = await listening({ ...echo(), auth: { verify: () => ({ principal: 'ada' }) } });
    const id = await openSession(url);
    const once = head(url, {
      [name]: name === 'host' ? new URL(url).host : value,
      'mcp-session-id': id,
      'content-length': '2',
    });
    const twice = once.replace(/\r\n\r\n$/, `\r\n${name}: ${value}\r\nconnection: close\r\n\r\n{}`);
    expect(await raw(url, twice)).toMatch(/^HTTP\/1.1 400/);
    expect(
      (await post(url, { jsonrpc: '2.0', id: 2, method: 'ping' }, { 'mcp-session-id': id })).status,
    ).toBe(200);
  });
});
