import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryTokenStore, oauth } from '../../../src/auth/index.ts';
import { createApiKey, createGateway, type Gateway } from '../../../src/gateway/index.ts';
import { failureOf } from '../../support/failures.ts';
import { newFolder } from '../../support/folders.ts';
import { listening, official } from '../support.ts';
import { visit } from '../../support/sign-in/browser.mjs';
import { Browser, twoOfOneIssuer } from './support.ts';

async function listed(gateway: Gateway): Promise<void> {
  await expect.poll(() => gateway.group.catalog.tools.size, { timeout: 20_000 }).toBe(4);
}

describe('GW-S4 tokens of users', () => {
  it('are kept in an encrypted file, and good after a restart without another sign-in', async () => {
    const { servers, authorizationServer } = await twoOfOneIssuer();
    const file = join(newFolder(), 'tokens.json');
    const signIn = { file, key: randomBytes(32).toString('base64') };
    const before = await listening({ servers, signIn });
    const { url: page, done } = await before.gateway.signIn('local', 'one');
    await visit(page);
    expect(await done).toBe(true);
    await listed(before.gateway);
    await before.gateway.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    for (const secret of [...authorizationServer.issued, 'local', 'refresh_token'])
      expect(text).not.toContain(secret);

    const after = await listening({ servers, signIn });
    await listed(after.gateway);
    const client = await official(after.url);
    expect(await client.callTool({ name: 'other__read' })).toMatchObject({ content: [{ text: 'read' }] });
    expect(authorizationServer.grants.filter((grant) => grant === 'authorization_code')).toHaveLength(1);
  });

  it('are refreshed once, however many calls need it', async () => {
    const { servers, authorizationServer, one, other } = await twoOfOneIssuer();
    const { gateway, url } = await listening({ servers });
    const { url: page } = await gateway.signIn('local', 'one');
    await visit(page);
    await listed(gateway);
    const clients = await Promise.all([official(url), official(url, 'modern'), official(url)]);
    const call = (tool: string) => Promise.all(clients.map((client) => client.callTool({ name: tool })));
    await call('one__read');
    await call('other__read');
    const before = authorizationServer.grants.length;
    one.expireTokens();
    other.expireTokens();
    await Promise.all([call('one__read'), call('other__read')]);
    expect(authorizationServer.grants.slice(before)).toEqual(['refresh_token', 'refresh_token']);
    expect(authorizationServer.refusals).toEqual([]);
  });

  it('that are revoked lead to a new sign-in', async () => {
    const { servers, authorizationServer, one, other } = await twoOfOneIssuer();
    const { gateway, url } = await listening({ servers });
    await visit((await gateway.signIn('local', 'one')).url);
    await listed(gateway);
    await authorizationServer.revokeRefreshTokens();
    one.expireTokens();
    other.expireTokens();
    const client = await official(url, 'legacy', { capabilities: { elicitation: { url: {} } } }, (made) =>
      made.setRequestHandler('elicitation/create', async ({ params }) => {
        await visit('url' in params ? params.url : '');
        return { action: 'accept' };
      }),
    );
    expect(await client.callTool({ name: 'one__read' })).toMatchObject({ content: [{ text: 'read' }] });
    expect(authorizationServer.grants.filter((grant) => grant === 'authorization_code')).toHaveLength(2);
  });

  it('stand in no error, event or snapshot, and a client’s key reaches no server', async () => {
    const { servers, authorizationServer, one, other } = await twoOfOneIssuer();
    const { key, record } = createApiKey('ann');
    const { gateway, url } = await listening({ servers, auth: { keys: [record] } });
    const said: unknown[] = [];
    const events = gateway.events();
    void (async () => {
      for await (const event of events) said.push(event);
    })();
    const call = async (name: string): Promise<unknown> => {
      const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } };
      const meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      };
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          authorization: `Bearer ${key}`,
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': name,
        },
        body: JSON.stringify({ ...body, params: { ...body.params, _meta: meta } }),
      });
      return response.text();
    };
    const { url: page, done } = await gateway.signIn(`key:${record.id}`, 'one');
    await new Browser().signIn(page);
    expect(await done).toBe(true);
    await listed(gateway);
    said.push(await call('one__read'), await call('other__read'));
    await authorizationServer.revokeRefreshTokens();
    one.expireTokens();
    other.expireTokens();
    said.push(await call('one__read'), await call('other__read'));
    said.push(await failureOf(gateway.signIn('x', 'nowhere')), gateway.servers, gateway.clients, gateway);
    await gateway.close();
    const all = inspect(said, {
      depth: 20,
      maxArrayLength: 1_000,
      maxStringLength: 1_000_000,
      showHidden: true,
    });
    for (const secret of [key, ...authorizationServer.issued]) expect(all).not.toContain(secret);
    for (const token of [...one.tokens, ...other.tokens]) expect(token).not.toBe(key);
  });

  it('are got by a port of the loopback where the gateway listens nowhere', async () => {
    const { servers } = await twoOfOneIssuer();
    const gateway = await createGateway({ servers });
    onTestFinished(() => gateway.close());
    const { url: page, done } = await gateway.signIn('local', 'one');
    expect(await visit(page)).toContain('Signed in');
    expect(await done).toBe(true);
    await listed(gateway);
  });

  it('are asked for by the client that oauth() names, at the URL that browsers know', async () => {
    const { servers } = await twoOfOneIssuer();
    const auth = oauth({ clientId: 'known-client', scope: 'mcp:write' });
    const one = { ...servers.one, auth };
    const { gateway, url } = await listening({
      servers: { one },
      signIn: { url: 'http://127.0.0.1:1/outside/mcp/' },
    });
    const { url: page } = await gateway.signIn('local', 'one');
    expect(page).toMatch(/^http:\/\/127.0.0.1:1\/outside\/mcp\/sign-in\//);
    const here = new URL(new URL(page).pathname, url);
    const response = await fetch(here, { redirect: 'manual' });
    const asked = new URL(response.headers.get('location') ?? '').searchParams;
    expect(asked.get('client_id')).toBe('known-client');
    expect(asked.get('scope')).toContain('mcp:write');
    expect(asked.get('redirect_uri')).toBe('http://127.0.0.1:1/outside/mcp/sign-in/callback');
    expect(asked.get('code_challenge_method')).toBe('S256');
  });

  it.each([
    ['a store and a file', { store: memoryTokenStore(), file: 'tokens.json' }, 'store'],
    ['a key without a file', { key: randomBytes(32) }, 'key'],
    ['a key that is too short', { file: 'tokens.json', key: randomBytes(16) }, 'signIn.key'],
    ['no way to be reached', { url: 'ftp://gw.example.com' }, 'signIn.url'],
  ])('are not kept with %s', async (_, signIn, option) => {
    const error = await failureOf(createGateway({ servers: {}, signIn }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(JSON.stringify(error.data)).toContain(option.split('.').at(-1));
  });

  it('are asked for one resource at a time where the issuer allows no more', async () => {
    const { servers, authorizationServer } = await twoOfOneIssuer();
    const { gateway } = await listening({ servers });
    const first = await gateway.signIn('local', 'one');
    const response = await fetch(first.url, { redirect: 'manual' });
    const authorize = new URL(response.headers.get('location') ?? '');
    expect(authorize.searchParams.getAll('resource').toSorted()).toEqual(
      [servers.one.url, servers.other.url].toSorted(),
    );
    expect(authorize.origin).toBe(new URL(authorizationServer.issuer).origin);
    const state = authorize.searchParams.get('state') ?? '';
    const back = `${authorize.searchParams.get('redirect_uri')}?error=invalid_target&state=${state}`;
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const iss = encodeURIComponent(authorizationServer.issuer);
    expect(await (await fetch(`${back}&iss=${iss}`, { headers: { cookie } })).text()).toContain(
      'Not signed in',
    );
    expect(await first.done).toBe(false);
    const next = await gateway.signIn('local', 'one');
    const again = await fetch(next.url, { redirect: 'manual' });
    const single = new URL(again.headers.get('location') ?? '').searchParams.getAll('resource');
    expect(single).toEqual([servers.one.url]);
  });
});
