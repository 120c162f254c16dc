import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway } from '../../../src/gateway/index.ts';
import { local, tools } from '../../support/servers.ts';
import { INITIALIZE, listening, official, raw } from '../support.ts';

const echo = () => ({ servers: { s: { server: local({ tools: tools('echo') }) } } });
const ask = (url: string, headers: Record<string, string>): Promise<string> =>
  raw(
    url,
    `POST /mcp HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n${Object.entries(
      headers,
    )
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n{}`,
  );
const statusOf = (answer: string): number => Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]);

describe('an IPv6 address', () => {
  const hasIPv6 = Object.values(networkInterfaces()).some((each) =>
    each?.some(({ address }) => address === '::1'),
  );
  it.runIf(hasIPv6).each(['::1', '[::1]'])('is listened on: %s', async (host) => {
    const gateway = await createGateway(echo());
    onTestFinished(() => gateway.close());
    const { url } = await gateway.listen({ port: 0, host });
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/mcp$/);
    const client = await official(url);
    expect(JSON.stringify(await client.callTool({ name: 's__echo', arguments: { a: 1 } }))).toContain('a');
  });

  it('is taken for a Host with and without a port, in any spelling', async () => {
    const { url } = await listening({
      ...echo(),
      hosts: ['[2001:DB8::0:1]', 'Tools.Example.com', 'localhost'],
    });
    for (const host of [
      '[2001:db8::1]',
      '[2001:db8::1]:8931',
      '[2001:0db8:0:0::1]:1',
      'tools.example.com',
      'TOOLS.EXAMPLE.COM:80',
      'localhost:1',
    ])
      expect(statusOf(await ask(url, { host })), host).toBe(400);
    for (const host of ['[2001:db8::2]', '[::1]', 'example.com', 'tools.example.com.evil.test', ''])
      expect(statusOf(await ask(url, { host })), host).toBe(403);
    for (const host of ['2001:db8::1', 'a b', 'localhost:port'])
      expect(statusOf(await ask(url, { host })), host).toBe(400);
  });

  it('that others reach needs to know who comes in', async () => {
    await using gateway = await createGateway(echo());
    for (const host of [
      '::',
      '[::]',
      '2001:db8::1',
      '0.0.0.0',
      '192.0.2.1',
      'example.com',
      '127.0.0.1.evil.test',
    ])
      await expect(gateway.listen({ port: 0, host }), host).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        data: { option: 'auth' },
      });
  });
});

describe('what a proxy says', () => {
  const seen: { url: string; headers: Record<string, string> }[] = [];
  const auth = {
    verify: (request: Request) => {
      seen.push({ url: request.url, headers: Object.fromEntries(request.headers) });
      return { principal: 'ada' };
    },
  };
  const said = {
    'x-forwarded-host': 'tools.example.com',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '198.51.100.7, 203.0.113.9',
    forwarded: 'for=198.51.100.7',
    'x-real-ip': '198.51.100.7',
  };

  it('counts for nothing unless the gateway is told', async () => {
    const { url } = await listening({ ...echo(), auth, hosts: ['tools.example.com', 'localhost'] });
    expect(statusOf(await ask(url, { host: 'evil.example.com', ...said }))).toBe(403);
    seen.length = 0;
    expect(statusOf(await ask(url, { host: 'localhost', ...said }))).toBe(400);
    expect(seen[0]?.url).toBe('http://localhost/mcp');
    expect(seen[0]?.headers['x-forwarded-for']).toMatch(/^(::ffff:)?127\.0\.0\.1$/);
    for (const name of ['forwarded', 'x-real-ip', 'x-forwarded-host', 'x-forwarded-proto'])
      expect(seen[0]?.headers).not.toHaveProperty(name);
  });

  it('is believed when the gateway is told, and of several entries the one that the proxy added', async () => {
    const { url } = await listening({ ...echo(), auth, hosts: ['tools.example.com'], trustProxy: true });
    seen.length = 0;
    expect(statusOf(await ask(url, { host: 'inner:80', ...said }))).toBe(400);
    expect(seen[0]).toMatchObject({
      url: 'https://tools.example.com/mcp',
      headers: { 'x-forwarded-for': '203.0.113.9' },
    });
    const lies = { ...said, 'x-forwarded-host': 'tools.example.com, evil.example.com' };
    expect(statusOf(await ask(url, { host: 'tools.example.com', ...lies }))).toBe(403);
    expect(statusOf(await ask(url, { host: 'tools.example.com' }))).toBe(400);
  });

  it('is believed by fetch, too, when the gateway is told', async () => {
    const options = { ...echo(), hosts: ['tools.example.com'] };
    const send = async (trustProxy: boolean): Promise<number> => {
      await using gateway = await createGateway({ ...options, trustProxy });
      const headers = {
        host: 'inner',
        'x-forwarded-host': 'tools.example.com',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      };
      const init = { method: 'POST', headers, body: JSON.stringify(INITIALIZE) };
      return (await gateway.fetch(new Request('http://inner/mcp', init))).status;
    };
    expect(await send(false)).toBe(403);
    expect(await send(true)).toBe(200);
  });
});

describe('HTTPS', () => {
  const folder = resolve(import.meta.dirname, '../../fixtures/tls');
  const pem = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8');
  const ca = pem('authority.pem');

  it.each([
    ['texts', { key: pem('server-key.pem'), cert: pem('server.pem') }],
    ['bytes', { key: Buffer.from(pem('server-key.pem')), cert: Buffer.from(pem('server.pem')) }],
    ['paths', { key: `${folder}/server-key.pem`, cert: `${folder}/server.pem` }],
  ])('is spoken with key and certificate as %s', async (_, tls) => {
    const { url } = await listening({ ...echo(), tls });
    expect(url).toMatch(/^https:\/\//);
    const answer = await new Promise<string>((done, fail) => {
      const request = httpsRequest(
        url,
        {
          method: 'POST',
          ca,
          agent: false,
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () => done(text));
        },
      );
      request.on('error', fail);
      request.end(JSON.stringify(INITIALIZE));
    });
    expect(answer).toContain('"protocolVersion"');
  });

  it('that cannot be is refused, and no error holds the key', async () => {
    const key = pem('server-key.pem');
    const flat = key.replace(/-----[^-]+-----|\n/g, '');
    for (const tls of [
      { key: flat, cert: pem('server.pem') },
      { key, cert: pem('client.pem') },
      { key: '-----BEGIN PRIVATE KEY-----\nswordfish\n-----END PRIVATE KEY-----', cert: pem('server.pem') },
      { key, cert: '/no/such/file.pem' },
    ]) {
      await using gateway = await createGateway({ ...echo(), tls });
      const failure: unknown = await gateway.listen({ port: 0 }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
      const told = `${String(failure)}${JSON.stringify(failure)}${String(failure instanceof Error && failure.cause)}`;
      expect(told).not.toContain(flat.slice(0, 30));
      expect(told).not.toContain('swordfish');
    }
  });

  it.each([[{ key: 'a' }], [{ cert: 'a' }], [{ key: 'a', cert: 'b', ca: 'c' }], ['a']])(
    'options that are none are refused: %j',
    async (tls) => {
      const options = JSON.parse(JSON.stringify({ tls }));
      await expect(createGateway({ ...echo(), ...options })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
    },
  );
});
