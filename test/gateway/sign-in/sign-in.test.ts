import { Client, StreamableHTTPClientTransport, type ClientCapabilities } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApiKey, type Gateway, type GatewayOptions } from '../../../src/gateway/index.ts';
import { failureOf } from '../../support/failures.ts';
import { visit } from '../../support/sign-in/browser.mjs';
import { listening } from '../support.ts';
import { Browser, twoOfOneIssuer, visitUntil } from './support.ts';

type Era = 'legacy' | 'modern';

/** A client of a principal, that shows its user each URL that it is asked to. */
async function clientOf(
  url: string,
  { era = 'legacy', key, show }: { era?: Era; key?: string; show?: (url: string) => Promise<string | void> },
): Promise<Client> {
  const capabilities: ClientCapabilities = show === undefined ? {} : { elicitation: { url: {} } };
  const mode = era === 'modern' ? ({ pin: '2026-07-28' } as const) : 'legacy';
  const client = new Client({ name: era, version: '1' }, { capabilities, versionNegotiation: { mode } });
  if (show !== undefined)
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      const said = await show('url' in params ? params.url : 'no url');
      return { action: said === 'no' ? 'decline' : 'accept' };
    });
  const requestInit = key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  onTestFinished(() => client.close());
  return client;
}

/** A gateway whose servers are listed, as one principal has signed in; `ann` and `ben` have not. */
async function withTwoUsers(options: Partial<GatewayOptions> = {}) {
  const made = await twoOfOneIssuer();
  const [ann, ben, first] = ['ann', 'ben', 'first'].map((name) => createApiKey(name));
  if (ann === undefined || ben === undefined || first === undefined) throw new Error('No keys.');
  const records = [ann.record, ben.record, first.record];
  const { gateway, url } = await listening({ servers: made.servers, auth: { keys: records }, ...options });
  const { url: page, done } = await gateway.signIn(`key:${first.record.id}`, 'one');
  await new Browser().signIn(page);
  expect(await done).toBe(true);
  await listed(gateway);
  return { ...made, gateway, url, ann, ben };
}

async function listed(gateway: Gateway): Promise<void> {
  await expect.poll(() => gateway.group.catalog.tools.size, { timeout: 20_000 }).toBe(4);
}

/** Whose a token is: the authorization server knows every user by the same name, so the token itself tells. */
const last = (tokens: readonly string[]): string => tokens.at(-1) ?? '';

describe('GW-S4 a user signs in to servers behind a gateway', () => {
  it.each<Era>(['legacy', 'modern'])(
    'once for all servers of an issuer, while a call of a %s client waits',
    async (era) => {
      const { url, ann, ben, authorizationServer, one, other } = await withTwoUsers();
      const before = authorizationServer.grants.length;
      const shown: string[] = [];
      const show = async (page: string): Promise<void> => {
        shown.push(page);
        expect(await new Browser().signIn(page)).toContain('Signed in');
      };
      const annClient = await clientOf(url, { era, key: ann.key, show });
      expect(await annClient.callTool({ name: 'one__read' })).toMatchObject({ content: [{ text: 'read' }] });
      const annToken = last(one.calls);
      expect(await annClient.callTool({ name: 'other__read' })).toMatchObject({
        content: [{ text: 'read' }],
      });
      expect(shown).toHaveLength(1);
      expect(authorizationServer.grants.slice(before)).toEqual(['authorization_code', 'refresh_token']);
      // Each server gets a token that is for it alone.
      expect(last(other.calls)).not.toBe(annToken);

      const benClient = await clientOf(url, { era, key: ben.key, show });
      expect(await benClient.callTool({ name: 'one__read' })).toMatchObject({ content: [{ text: 'read' }] });
      expect(shown).toHaveLength(2);
      expect(last(one.calls)).not.toBe(annToken);
      expect(await annClient.callTool({ name: 'one__read' })).toMatchObject({ content: [{ text: 'read' }] });
      expect(last(one.calls)).toBe(annToken);
      // Nothing that a client shows goes on to a server.
      for (const token of [...one.tokens, ...other.tokens]) expect([ann.key, ben.key]).not.toContain(token);
    },
  );

  it.each<Era>(['legacy', 'modern'])(
    'or gets an error with the URL, by a %s client that cannot show it',
    async (era) => {
      const { url, ann } = await withTwoUsers();
      const client = await clientOf(url, { era, key: ann.key });
      const failed = client.callTool({ name: 'one__read' });
      await expect(failed).rejects.toMatchObject({
        data: {
          code: 'AUTH_REQUIRED',
          server: 'one',
          maybeExecuted: false,
          url: expect.stringContaining('/mcp/sign-in/'),
        },
      });
      const again = client.callTool({ name: 'one__read' });
      const { data } = (await again.catch((error: unknown) => error)) as { data: { url: string } };
      await new Browser().signIn(data.url);
      expect(await client.callTool({ name: 'one__read' })).toMatchObject({ content: [{ text: 'read' }] });
    },
  );

  it.each<Era>(['legacy', 'modern'])('and a %s client whose user declines gets an error', async (era) => {
    const { url, ann, one } = await withTwoUsers();
    const client = await clientOf(url, { era, key: ann.key, show: async () => 'no' });
    const before = one.tokens.length;
    await expect(client.callTool({ name: 'one__read' })).rejects.toMatchObject({
      data: { code: 'AUTH_REQUIRED' },
    });
    expect(one.tokens).toHaveLength(before);
  });

  it('without being asked for whom, where nobody else can be', async () => {
    const { servers } = await twoOfOneIssuer();
    const { gateway, url } = await listening({ servers });
    expect(gateway.group.catalog.tools.size).toBe(0);
    const { url: page, done } = await gateway.signIn('local', 'other');
    expect(await visit(page)).toContain('Signed in');
    expect(await done).toBe(true);
    await listed(gateway);
    const client = await clientOf(url, {});
    expect(await client.callTool({ name: 'one__read' })).toMatchObject({ content: [{ text: 'read' }] });
  });

  it.each<Era>(['legacy', 'modern'])(
    'by a tool of the gateway’s, while nobody has, with a %s client',
    async (era) => {
      const { servers } = await twoOfOneIssuer();
      const { gateway, url } = await listening({ servers });
      const show = async (page: string): Promise<void> => void (await visit(page));
      const client = await clientOf(url, { era, show });
      const names = async () => (await client.listTools()).tools.map(({ name }) => name);
      expect(await names()).toEqual(['one__sign_in', 'other__sign_in']);
      expect(await client.callTool({ name: 'one__sign_in' })).toMatchObject({
        content: [{ text: expect.stringContaining('signed in') }],
      });
      await listed(gateway);
      expect(await names()).toEqual(['one__read', 'one__write', 'other__read', 'other__write']);
      expect(await client.callTool({ name: 'other__read' })).toMatchObject({ content: [{ text: 'read' }] });
      await expect(client.callTool({ name: 'one__sign_in' })).rejects.toMatchObject({
        data: { code: 'UNKNOWN_TOOL' },
      });
    },
  );

  it('until signing out, for this principal only', async () => {
    const { gateway, url, ann, ben, authorizationServer, one } = await withTwoUsers();
    const show = async (page: string): Promise<void> => void (await new Browser().signIn(page));
    const [annClient, benClient] = [
      await clientOf(url, { key: ann.key, show }),
      await clientOf(url, { key: ben.key, show }),
    ];
    await annClient.callTool({ name: 'one__read' });
    await benClient.callTool({ name: 'one__read' });
    await gateway.signOut(`key:${ann.record.id}`, 'https://elsewhere.example.com');
    const annToken = last(one.calls);
    await gateway.signOut(`key:${ann.record.id}`, authorizationServer.issuer);
    const plain = await clientOf(url, { key: ann.key });
    await expect(plain.callTool({ name: 'one__read' })).rejects.toMatchObject({
      data: { code: 'AUTH_REQUIRED' },
    });
    await expect(plain.callTool({ name: 'other__read' })).rejects.toMatchObject({
      data: { code: 'AUTH_REQUIRED' },
    });
    expect(await benClient.callTool({ name: 'one__read' })).toMatchObject({ content: [{ text: 'read' }] });
    expect(last(one.calls)).toBe(annToken);
  });
});

describe('GW-S4 the page of a sign-in', () => {
  const pageFor = async (options: Partial<GatewayOptions> = {}) => {
    const made = await withTwoUsers(options);
    const principal = `key:${made.ann.record.id}`;
    return { ...made, principal, ...(await made.gateway.signIn(principal, 'one')) };
  };

  it('says whom it is for, and is not cached, framed or named to others', async () => {
    const { url: page, principal } = await pageFor();
    const response = await new Browser().get(page);
    const text = await response.text();
    expect(text).toContain(`This lets <b>${principal}</b> use the server <b>one</b> in your name`);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'set-cookie': expect.stringMatching(/HttpOnly; SameSite=Lax/),
    });
  });

  it('does not let one browser go on with the link of another, nor come back for it', async () => {
    const { url: page } = await pageFor();
    const [attacker, victim] = [new Browser(), new Browser()];
    const [, go = ''] = /href="([^"]+)"/.exec(await (await attacker.get(page)).text()) ?? [];
    // The victim is sent past the page that asks: it is shown all the same.
    const shown = await victim.get(new URL(go, page));
    expect([shown.status, shown.headers.get('location')]).toEqual([200, null]);
    const authorize = await attacker.leave(page);
    const back = await visitUntil(authorize, new URL(page).origin);
    expect((await victim.get(back)).status).toBe(403);
    expect((await new Browser().get(back)).status).toBe(403);
    // Whoever began can end it, once.
    expect(await (await attacker.get(back)).text()).toContain('Signed in');
    expect((await attacker.get(back)).status).toBe(400);
    expect((await attacker.get(page)).status).toBe(404);
  });

  it('is refused to a browser that has not begun, once another has', async () => {
    const { url: page } = await pageFor();
    await new Browser().leave(page);
    const other = new Browser();
    const [, go = ''] = /href="([^"]+)"/.exec(await (await other.get(page)).text()) ?? [];
    expect((await other.get(new URL(go, page))).status).toBe(403);
  });

  it.each([
    ['a state that nobody gave', (back: URL) => back.searchParams.set('state', 'x'), 400],
    ['no state', (back: URL) => back.searchParams.delete('state'), 400],
    ['two states', (back: URL) => back.searchParams.append('state', 'x'), 400],
  ])('takes no answer with %s', async (_, spoil, status) => {
    const { url: page } = await pageFor();
    const browser = new Browser();
    const back = new URL(await visitUntil(await browser.leave(page), new URL(page).origin));
    spoil(back);
    expect((await browser.get(back)).status).toBe(status);
  });

  it('takes no answer of another authorization server', async () => {
    const { url: page, done } = await pageFor();
    const browser = new Browser();
    const back = new URL(await visitUntil(await browser.leave(page), new URL(page).origin));
    back.searchParams.set('iss', 'https://evil.example.com');
    expect(await (await browser.get(back)).text()).toContain('Not signed in');
    expect(await done).toBe(false);
  });

  it('lets in only the principal whose browser it is, where that is known', async () => {
    let user: string | undefined = 'key:somebody-else';
    const { servers } = await twoOfOneIssuer();
    const { record } = createApiKey('ann');
    const principal = `key:${record.id}`;
    const signIn = { identify: () => user };
    const { gateway } = await listening({ servers, auth: { keys: [record] }, signIn });
    const { url: page, done } = await gateway.signIn(principal, 'one');
    const browser = new Browser();
    expect((await browser.get(page)).status).toBe(403);
    user = undefined;
    expect((await browser.get(page)).status).toBe(403);
    user = principal;
    const redirect = await browser.get(page);
    expect(redirect.status).toBe(302);
    const back = await visitUntil(redirect.headers.get('location') ?? '', new URL(page).origin);
    expect(await (await browser.get(back)).text()).toContain('Signed in');
    expect(await done).toBe(true);
  });

  it('is over when its time is, and there are only so many', async () => {
    const { servers } = await twoOfOneIssuer();
    const { gateway } = await listening({ servers, signIn: { max: 1, timeoutMs: 300 } });
    const { url: page, done } = await gateway.signIn('ann', 'one');
    expect((await gateway.signIn('ann', 'one')).url).toBe(page);
    await expect(gateway.signIn('ben', 'one')).rejects.toMatchObject({ code: 'AUTH_REQUIRED' });
    await new Browser().get(page);
    expect(await done).toBe(false);
    expect((await new Browser().get(page)).status).toBe(404);
    const next = await gateway.signIn('ben', 'one');
    await gateway.close();
    expect(await next.done).toBe(false);
  });
});

describe('GW-S4 a gateway refuses', () => {
  it.each([
    [
      'users that sign in to a shared session',
      { url: 'http://127.0.0.1:9/mcp', isolation: 'shared' as const },
      'isolation',
    ],
    ['users that sign in over WebSocket', { url: 'ws://127.0.0.1:9/mcp' }, 'upstreamAuth'],
    ['users that sign in to a process', { command: 'true' }, 'upstreamAuth'],
  ])('%s', async (_, server, option) => {
    const error = await failureOf(listening({ servers: { s: { ...server, upstreamAuth: 'user' } } }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', data: { option } });
  });
});
