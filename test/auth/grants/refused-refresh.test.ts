import { describe, expect, it } from 'vitest';
import { SessionGroup } from '../../../src/index.ts';
import {
  openWith,
  personWith,
  startProtected,
  type TokenAnswer,
} from '../../support/sign-in/protected-server.ts';
import { failureOf } from '../../support/failures.ts';

const refusal = (status: number, error: string): TokenAnswer => ({ status, body: JSON.stringify({ error }) });
const page = (status: number, body = '<h1>Not here</h1>'): TokenAnswer => ({
  status,
  body,
  type: 'text/html',
});

const REFUSALS: [string, TokenAnswer][] = [
  ...[
    'invalid_grant',
    'invalid_request',
    'invalid_token',
    'access_denied',
    'invalid_scope',
    'invalid_target',
    'unsupported_grant_type',
    'unauthorized_client',
    'bad_refresh_token',
    'Not Found',
  ].map((code): [string, TokenAnswer] => [`400 ${code}`, refusal(400, code)]),
  ['401 invalid_client', refusal(401, 'invalid_client')],
  ['401 invalid_token', refusal(401, 'invalid_token')],
  ['403 access_denied', refusal(403, 'access_denied')],
  ['404 not_found', refusal(404, 'not_found')],
  ['200 with an error', refusal(200, 'bad_refresh_token')],
  ['500 invalid_grant', refusal(500, 'invalid_grant')],
  ['400 with a page', page(400)],
  ['401 with a page', page(401)],
  ['401 without a body', page(401, '')],
  ['403 with a page', page(403)],
  ['404 with a page', page(404)],
  ['410 without a body', page(410, '')],
  ['200 with a page', page(200)],
  ['200 without a body', page(200, '')],
  ['400 with an error that is an object', { status: 400, body: '{"error":{"code":"expired"}}' }],
  ['400 with an error that is null', { status: 400, body: '{"error":null}' }],
  ['400 with null', { status: 400, body: 'null' }],
  ['400 with a list', { status: 400, body: '["invalid_grant"]' }],
  [
    '400 with a description that is null',
    { status: 400, body: '{"error":"invalid_grant","error_description":null}' },
  ],
  ['200 with null', { status: 200, body: 'null' }],
  ['200 without tokens', { status: 200, body: '{}' }],
];

const OUTAGES: [string, TokenAnswer][] = [
  ['500 with a page', page(500)],
  ['502 with a page', page(502)],
  ['503 without a body', page(503, '')],
  ['503 with JSON that is not of OAuth', refusal(503, 'Service Unavailable')],
  ['500 server_error', refusal(500, 'server_error')],
  ['400 server_error', refusal(400, 'server_error')],
  ['400 temporarily_unavailable', refusal(400, 'temporarily_unavailable')],
  ['429 with a page', page(429)],
  ['429 with an unknown code', refusal(429, 'rate_limited')],
  ['408 without a body', page(408, '')],
];

describe('A5 a refresh token that is refused has the person asked again', () => {
  it.each(REFUSALS)('with %s', async (_, answer) => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    server.expireTokens();
    server.authorizationServer.tokenAnswers.push(answer);
    expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'authorization_code']);
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(2);
  });

  it.each(['invalid_client', 'unauthorized_client'])(
    'and the client registers again after %s, as its registration is gone',
    async (code) => {
      const server = await startProtected();
      const session = await openWith(server.url, personWith().auth);
      server.expireTokens();
      server.authorizationServer.tokenAnswers.push(refusal(401, code));
      await session.callTool('read');
      expect(new Set(server.authorizationServer.registrations).size).toBe(2);
    },
  );

  it('and the registration stays when only the token is dead', async () => {
    const server = await startProtected();
    const session = await openWith(server.url, personWith().auth);
    server.expireTokens();
    server.authorizationServer.tokenAnswers.push(refusal(400, 'invalid_request'));
    await session.callTool('read');
    expect(server.authorizationServer.registrations).toHaveLength(1);
  });

  it('once for twenty calls', async () => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    server.expireTokens();
    server.authorizationServer.tokenAnswers.push(page(404));
    await Promise.all(Array.from({ length: 20 }, () => session.callTool('read')));
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(2);
  });

  it('and where nobody may be asked, the call says so and the dead token is gone', async () => {
    const server = await startProtected();
    const { auth } = personWith();
    const session = await openWith(server.url, auth);
    await session.close();
    const unattended = personWith({ interactive: false });
    await unattended.auth.forServer(server.url).authorize();
    const other = await openWith(server.url, unattended.auth);
    server.expireTokens();
    server.authorizationServer.tokenAnswers.push(refusal(400, 'invalid_token'));
    const error = await failureOf(other.callTool('read'));
    expect([error.code, error.data]).toEqual([
      'AUTH_REQUIRED',
      expect.objectContaining({ reason: 'login_required' }),
    ]);
    expect(await unattended.auth.forServer(server.url).status()).toEqual({ signedIn: false });
    await other.authorize();
    expect(await other.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
  });

  it('and the other servers of the group notice nothing', async () => {
    const [one, two] = [await startProtected(), await startProtected()];
    const { auth, events } = personWith();
    const servers = { one: { url: one.url, auth }, two: { url: two.url, auth } };
    await using group = await SessionGroup.connect({ servers });
    await expect.poll(() => group.tools.size).toBe(4);
    one.expireTokens();
    one.authorizationServer.tokenAnswers.push(page(401));
    const results = await Promise.all(['one__read', 'two__read'].map((name) => group.callTool(name)));
    expect(results).toMatchObject([{ content: [{ text: 'read' }] }, { content: [{ text: 'read' }] }]);
    expect(two.authorizationServer.grants).toEqual(['authorization_code']);
    expect(events.filter((event) => event.type === 'authorize' && event.server === two.url)).toHaveLength(1);
  });
});

describe('A5 a refresh that fails in passing costs no login', () => {
  it.each(OUTAGES)('with %s', async (_, answer) => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    server.expireTokens();
    server.authorizationServer.tokenAnswers.push(answer);
    expect(await failureOf(session.callTool('read'))).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(await auth.forServer(server.url).status()).toMatchObject({ signedIn: true, refreshable: true });
    expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
  });
});
