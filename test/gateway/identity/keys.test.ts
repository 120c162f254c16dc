import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createApiKey, createGateway, type ApiKeyRecord } from '../../../src/gateway/index.ts';
import { changeKeyFile } from '../../../src/gateway/identity/key-file.ts';
import { newFolder } from '../../support/folders.ts';
import { INITIALIZE, listening, openSession, post } from '../support.ts';
import { bearer, callOf, echo, modernCall } from './support.ts';

async function keyFile(...records: ApiKeyRecord[]): Promise<string> {
  const path = join(newFolder(), 'keys.json');
  await changeKeyFile(path, () => records);
  return path;
}

describe('API keys', () => {
  it('let in whoever has one, with its name and scopes, and nobody else', async () => {
    const ada = createApiKey('ada', { scopes: ['read'] });
    const { gateway, url } = await listening({ ...echo(), auth: { keys: await keyFile(ada.record) } });
    const id = await openSession(url, bearer(ada.key));
    expect(gateway.clients.get(id)?.identity).toEqual({
      principal: `key:${ada.record.id}`,
      key: 'ada',
      scopes: ['read'],
    });
    const [body, headers] = modernCall({ a: 1 });
    expect(await (await post(url, body, { ...headers, ...bearer(ada.key) })).text()).toContain('\\"a\\":1');
    const others: Record<string, string>[] = [
      {},
      bearer(createApiKey('ada').key),
      bearer(ada.record.hash),
      bearer(ada.record.id),
      { authorization: ada.key },
      { authorization: `Basic ${Buffer.from(`ada:${ada.key}`).toString('base64')}` },
      { authorization: `Bearer ${createApiKey('x').key}, Bearer ${ada.key}` },
      { authorization: `Bearer ${ada.key} ${ada.key}` },
      { 'x-api-key': ada.key },
      { cookie: `key=${ada.key}` },
    ];
    for (const shown of others) {
      for (const [message, more] of [
        [INITIALIZE, {}],
        [body, headers],
      ] as const) {
        const response = await post(url, message, { ...more, ...shown });
        expect(response.status, JSON.stringify(Object.keys(shown))).toBe(401);
        expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
        expect(await response.text()).not.toContain(ada.key);
      }
      expect((await fetch(url, { headers: { ...shown, 'mcp-session-id': id } })).status).toBe(401);
      expect(
        (await fetch(url, { method: 'DELETE', headers: { ...shown, 'mcp-session-id': id } })).status,
      ).toBe(401);
    }
    expect((await post(`${url}?key=${ada.key}&access_token=${ada.key}`, INITIALIZE)).status).toBe(401);
    expect(gateway.clients.size).toBe(1);
  });

  it('I3 a session belongs to the key that opened it, on POST, GET and DELETE', async () => {
    const [ada, eve] = [createApiKey('ada'), createApiKey('eve')];
    const { gateway, url } = await listening({ ...echo(), auth: { keys: [ada.record, eve.record] } });
    const id = await openSession(url, bearer(ada.key));
    const theirs = { ...bearer(eve.key), 'mcp-session-id': id };
    expect((await post(url, callOf(1), theirs)).status).toBe(404);
    const accept = { accept: 'text/event-stream' };
    expect((await fetch(url, { headers: { ...theirs, ...accept } })).status).toBe(404);
    expect((await fetch(url, { method: 'DELETE', headers: theirs })).status).toBe(404);
    expect(gateway.clients.has(id)).toBe(true);
    const mine = { ...bearer(ada.key), 'mcp-session-id': id };
    expect(await (await post(url, callOf(2), mine)).text()).toContain('"content"');
  });

  it('are added, changed and removed in the file while the gateway serves', async () => {
    const [ada, eve] = [createApiKey('ada'), createApiKey('eve')];
    const path = await keyFile(ada.record);
    const { gateway, url } = await listening({ ...echo(), auth: { keys: path } });
    const status = async (key: string) => (await post(url, INITIALIZE, bearer(key))).status;
    expect([await status(ada.key), await status(eve.key)]).toEqual([200, 401]);
    const id = await openSession(url, bearer(ada.key));
    const mine = { ...bearer(ada.key), 'mcp-session-id': id };
    const stream = await fetch(url, { headers: { ...mine, accept: 'text/event-stream' } });
    const ended = stream.text();
    await changeKeyFile(path, (records) => [...records, eve.record]);
    await expect.poll(() => status(eve.key)).toBe(200);
    // The scopes that hold are those of the latest request.
    await changeKeyFile(path, ([first, ...rest]) =>
      first ? [{ ...first, scopes: ['more'] }, ...rest] : rest,
    );
    await expect
      .poll(async () => {
        await (await post(url, callOf(1), mine)).text();
        return gateway.clients.get(id)?.identity.scopes;
      })
      .toEqual(['more']);
    await changeKeyFile(path, (records) => records.filter(({ name }) => name !== 'ada'));
    await expect.poll(() => status(ada.key)).toBe(401);
    expect(await status(eve.key)).toBe(200);
    // What it has heard over its open stream ends, too.
    expect(await ended).toBe('');
    expect((await post(url, callOf(2), mine)).status).toBe(401);
  });

  it('go on when their file becomes useless, with an event, and end when it is gone', async () => {
    const ada = createApiKey('ada');
    const path = await keyFile(ada.record);
    const { gateway, url } = await listening({ ...echo(), auth: { keys: path } });
    const problems: string[] = [];
    const events = gateway.events();
    const listen = (async () => {
      for await (const event of events) if (event.type === 'problem') problems.push(event.error.message);
    })();
    const status = async () => (await post(url, INITIALIZE, bearer(ada.key))).status;
    writeFileSync(path, '{ half');
    await expect.poll(() => problems).toEqual([expect.stringContaining('is not JSON')]);
    expect(await status()).toBe(200);
    if (process.platform !== 'win32') {
      chmodSync(path, 0o644);
      await expect.poll(() => problems.at(-1)).toContain('is open to other users');
      expect(await status()).toBe(200);
    }
    rmSync(path);
    await expect.poll(status).toBe(401);
    await gateway.close();
    await listen;
  });

  it('that expire end the streams that they opened, and their sessions are nobody’s', async () => {
    const ada = createApiKey('ada', { expiresAt: Date.now() + 2_000 });
    const { url } = await listening({ ...echo(), auth: { keys: [ada.record] } });
    const mine = { ...bearer(ada.key), 'mcp-session-id': await openSession(url, bearer(ada.key)) };
    const stream = await fetch(url, { headers: { ...mine, accept: 'text/event-stream' } });
    expect(stream.status).toBe(200);
    expect(await stream.text()).toBe('');
    await expect.poll(async () => (await post(url, callOf(1), mine)).status).toBe(401);
  });

  it('that cannot be read keep a gateway from starting', async () => {
    const { record } = createApiKey('ada');
    for (const keys of ['/nowhere/keys.json', [record, record], ['x'], [{ ...record, hash: 'x' }], 7, '']) {
      const auth = JSON.parse(JSON.stringify({ keys }));
      await expect(createGateway({ ...echo(), auth })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    for (const auth of [{}, { verify: 'x' }, { keys: undefined }])
      await expect(createGateway({ ...echo(), auth: auth as never })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
  });

  it('S2 let a gateway listen on other addresses', async () => {
    const gateway = await createGateway({ ...echo(), auth: { keys: [createApiKey('a').record] } });
    await expect(gateway.listen({ port: 0, host: '0.0.0.0' })).resolves.toMatchObject({
      url: expect.stringContaining('http://0.0.0.0:'),
    });
    await gateway.close();
  });
});

describe('keys beside a function', () => {
  it('decide alone about what looks like one, and the function about the rest', async () => {
    const ada = createApiKey('ada');
    const asked: (string | null)[] = [];
    const verify = (request: Request) => {
      const shown = request.headers.get('authorization');
      asked.push(shown);
      return shown === null ? undefined : { principal: shown.slice('Bearer '.length), scopes: ['x'] };
    };
    const { gateway, url } = await listening({ ...echo(), auth: { keys: [ada.record], verify } });
    await openSession(url, bearer(ada.key));
    expect((await post(url, INITIALIZE, bearer(createApiKey('ada').key))).status).toBe(401);
    expect(asked).toEqual([]);
    const id = await openSession(url, bearer('bob'));
    expect(gateway.clients.get(id)?.identity).toEqual({ principal: 'bob', scopes: ['x'] });
    // It can make nobody the holder of a key, or of a token.
    for (const principal of [`key:${ada.record.id}`, 'key:', 'oauth:https://id.example.com ada']) {
      const response = await post(url, INITIALIZE, { authorization: `Bearer ${principal}` });
      expect(response.status, principal).toBe(401);
    }
  });
});
