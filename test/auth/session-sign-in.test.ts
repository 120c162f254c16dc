import { setTimeout as sleep } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, SessionGroup, SessionManager, type GroupConnectOptions } from '../../src/index.ts';
import { bearer, fileTokenStore, memoryTokenStore, type OAuth } from '../../src/auth/index.ts';
import { createDeferred } from '../../src/internal/deferred.ts';
import { watch } from '../session/support/open.ts';
import { visit } from '../support/sign-in/browser.mjs';
import { openWith, personWith, startProtected } from '../support/sign-in/protected-server.ts';
import { startResourceServer } from '../support/sign-in/resource-server.ts';
import { failureOf } from '../support/failures.ts';
import { newFolder } from '../support/folders.ts';

const read = { content: [{ type: 'text', text: 'read' }] };

async function connect(options: GroupConnectOptions): Promise<SessionGroup> {
  const group = await SessionGroup.connect(options);
  onTestFinished(() => group.destroy());
  return group;
}

/** A person who signs in when they are told to. */
function slowPerson(options: Parameters<typeof personWith>[0] = {}) {
  const shown = createDeferred<URL>();
  const person = personWith({ onAuthorize: (url) => shown.resolve(url), ...options });
  return { ...person, shown: shown.promise };
}

/** A session that is up, whose credentials are then worth nothing. */
async function openAndRevoke(options: Parameters<typeof personWith>[0] = {}) {
  const server = await startProtected();
  const store = memoryTokenStore();
  await personWith({ store }).auth.forServer(server.url).authorize();
  const person = personWith({ store, interactive: false, ...options });
  const session = await openWith(server.url, person.auth);
  await server.authorizationServer.revokeRefreshTokens();
  server.expireTokens();
  return { server, store, session, ...person };
}

describe('A3 a login outside of connecting', () => {
  it('openSession waits for a person for longer than connectTimeoutMs', async () => {
    const server = await startProtected();
    const { auth, shown, events } = slowPerson();
    const opening = openWith(server.url, auth, { connectTimeoutMs: 3_000 });
    const url = await shown;
    await sleep(3_500);
    await visit(url);
    expect(await (await opening).callTool('read')).toMatchObject(read);
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
  });

  it('openSession that is given up stops waiting', async () => {
    const server = await startProtected();
    const { auth, shown } = slowPerson();
    const giving = new AbortController();
    const opening = failureOf(openSession({ url: server.url, auth }, { signal: giving.signal }));
    await shown;
    giving.abort(new Error('bored'));
    expect((await opening).code).toBe('ABORTED');
  });

  it('openSession rejects with why the login failed', async () => {
    const server = await startProtected();
    const { auth } = slowPerson({ loginTimeoutMs: 200 });
    const error = await failureOf(openSession({ url: server.url, auth }, { name: 'tested' }));
    expect([error.code, error.server, error.data]).toEqual([
      'AUTH_REQUIRED',
      'tested',
      expect.objectContaining({ reason: 'login_abandoned', issuer: server.authorizationServer.issuer }),
    ]);
  });

  it('a server that is content with no token asks nobody twice', async () => {
    const one = await startProtected();
    const other = await startProtected();
    // It takes tokens of another authorization server than the one that it names.
    const server = await startResourceServer({
      issuer: other.authorizationServer.issuer,
      authorizationServers: [one.authorizationServer.issuer],
    });
    const { auth, events } = personWith();
    const group = await connect({ servers: { s: { url: server.url, auth } } });
    expect(group.servers.get('s')).toMatchObject({ state: 'failed', error: { code: 'AUTH_REQUIRED' } });
    const shown = server.tokens.length;
    expect((await failureOf(group.session('s').callTool('read'))).code).toBe('AUTH_REQUIRED');
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
    expect(server.tokens).toHaveLength(shown);
  });

  it('a group does not wait for a person, and has the server as soon as they have signed in', async () => {
    const server = await startProtected();
    const { auth, shown } = slowPerson();
    const group = await connect({
      servers: { slow: { url: server.url, auth } },
      connectTimeoutMs: 1_000,
    });
    const status = group.servers.get('slow');
    expect([status?.state, status?.error?.code, status?.error?.data]).toEqual([
      'failed',
      'AUTH_REQUIRED',
      expect.objectContaining({ reason: 'login_required' }),
    ]);
    const call = group.session('slow').callTool('read');
    await visit(await shown);
    expect(await call).toMatchObject(read);
    await expect.poll(() => [...group.tools.keys()]).toEqual(['slow__read', 'slow__write']);
  });

  it('a manager lends a session after the login that its opening began', async () => {
    const server = await startProtected();
    const { auth, shown } = slowPerson();
    const manager = new SessionManager({
      servers: { slow: { url: server.url, auth, connectTimeoutMs: 1_000 } },
    });
    onTestFinished(() => manager.destroy());
    const result = manager.run('slow', (session) => session.callTool('read'), { timeoutMs: 30_000 });
    await visit(await shown);
    expect(await result).toMatchObject(read);
  });

  it('closing a group ends the wait', async () => {
    const server = await startProtected();
    const { auth, shown } = slowPerson();
    const group = await connect({ servers: { slow: { url: server.url, auth } }, connectTimeoutMs: 500 });
    await shown;
    const call = failureOf(group.session('slow').callTool('read'));
    await group.close();
    expect((await call).code).toBe('SESSION_CLOSED');
  });
});

describe('A3 session.authorize', () => {
  it('brings a session back that failed for want of a login', async () => {
    const { session, events } = await openAndRevoke();
    const seen = watch(session);
    const error = await failureOf(session.callTool('read'));
    expect(error).toMatchObject({ code: 'AUTH_REQUIRED', data: { reason: 'login_required' } });
    await failureOf(session.reconnect());
    expect(session.status).toMatchObject({ state: 'failed', error: { code: 'AUTH_REQUIRED' } });
    const again = await failureOf(session.callTool('read'));
    expect([again.code, again.maybeExecuted]).toEqual(['AUTH_REQUIRED', false]);

    await Promise.all([session.authorize(), session.authorize(), session.authorize()]);
    expect(session.status.state).toBe('ready');
    expect(await session.callTool('read')).toMatchObject(read);
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
    expect(seen.states()).toContain('failed');
  });

  it('leaves a session that is well as it is', async () => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    const { client } = session;
    await session.authorize();
    expect(session.client).toBe(client);
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
  });

  it('gets the wider scope that a call was refused for', async () => {
    const server = await startProtected({ writeScope: 'mcp:write' });
    const store = memoryTokenStore();
    await personWith({ store }).auth.forServer(server.url).authorize();
    const session = await openWith(server.url, personWith({ store, interactive: false }).auth);
    const { client } = session;
    expect((await failureOf(session.callTool('write'))).code).toBe('AUTH_REQUIRED');
    await session.authorize();
    await session.callTool('write');
    expect(session.client).toBe(client);
  });

  it('can be given up, and ends with the session', async () => {
    const { session, server } = await openAndRevoke({ onAuthorize: () => {} });
    await failureOf(session.reconnect());
    const giving = new AbortController();
    const first = failureOf(session.authorize({ signal: giving.signal }));
    const second = failureOf(session.authorize());
    giving.abort(new Error('bored'));
    expect((await first).code).toBe('ABORTED');
    await session.destroy();
    expect((await second).code).toBe('SESSION_CLOSED');
    expect((await failureOf(session.authorize())).code).toBe('SESSION_CLOSED');
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
  });

  it('through a lease, while it lasts', async () => {
    const server = await startProtected();
    const { auth } = personWith();
    const manager = new SessionManager({ servers: { s: { url: server.url, auth } } });
    onTestFinished(() => manager.destroy());
    const lease = await manager.acquire('s');
    await lease.session.authorize();
    await lease.release();
    expect((await failureOf(lease.session.authorize())).code).toBe('SESSION_CLOSED');
  });

  it('is refused where nobody can sign in', async () => {
    const server = await startProtected();
    const { auth } = personWith();
    const token = await tokenOf(server.url, auth);
    const session = await openWith(server.url, bearer(token));
    const error = await failureOf(session.authorize());
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('oauth()');
    expect(error.message).not.toContain(token);
  });
});

async function tokenOf(url: string, auth: OAuth): Promise<string> {
  const credentials = auth.forServer(url);
  await credentials.authorize();
  return (await credentials.token()) ?? '';
}

describe('A3 a session that needs a person comes back by itself', () => {
  it('when another session of the same credentials signs in', async () => {
    const server = await startProtected();
    const { auth } = personWith({ interactive: false });
    const group = await connect({ servers: { a: { url: server.url, auth }, b: { url: server.url, auth } } });
    expect([...group.servers.values()].map(({ state }) => state)).toEqual(['failed', 'failed']);
    await group.session('a').authorize();
    await expect.poll(() => group.servers.get('b')?.state).toBe('ready');
    await expect.poll(() => group.tools.size).toBe(4);
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
  });

  it('when the credentials themselves sign in', async () => {
    const { session, auth, server } = await openAndRevoke();
    expect((await failureOf(session.reconnect())).code).toBe('AUTH_REQUIRED');
    await auth.forServer(server.url).authorize();
    await expect.poll(() => session.status.state).toBe('ready');
  });

  it('when another process signs in that shares the token file', async () => {
    const server = await startProtected();
    const path = join(newFolder(), 'tokens.json');
    const { auth } = personWith({ interactive: false, store: fileTokenStore(path) });
    const group = await connect({ servers: { s: { url: server.url, auth } } });
    expect(group.servers.get('s')?.state).toBe('failed');

    const other = spawn(
      process.execPath,
      [join(import.meta.dirname, 'support/log-in.mjs'), server.url, path],
      { stdio: 'inherit' },
    );
    onTestFinished(() => void other.kill('SIGKILL'));
    expect(await new Promise((resolve) => other.once('close', resolve))).toBe(0);
    // A call that comes first finds it.
    expect(await group.session('s').callTool('read')).toMatchObject(read);
    await expect.poll(() => group.tools.size).toBe(2);
  });

  it('without a call, too', async () => {
    const server = await startProtected();
    const store = memoryTokenStore();
    const session = await openAndFail(server.url, personWith({ interactive: false, store }).auth);
    await personWith({ store }).auth.forServer(server.url).authorize();
    await expect.poll(() => session.status.state).toBe('ready');
    expect(await session.callTool('read')).toMatchObject(read);
  });

  it('unless it was told not to reconnect', async () => {
    const server = await startProtected();
    const store = memoryTokenStore();
    await personWith({ store }).auth.forServer(server.url).authorize();
    const { auth } = personWith({ interactive: false, store });
    const session = await openWith(server.url, auth, { reconnect: false });
    await server.authorizationServer.revokeRefreshTokens();
    server.expireTokens();
    expect((await failureOf(session.reconnect())).code).toBe('AUTH_REQUIRED');
    await auth.forServer(server.url).authorize();
    expect(session.status.state).toBe('failed');
    await session.authorize();
    expect(session.status.state).toBe('ready');
  });

  it('when it is lazy, and a call wants it', async () => {
    const server = await startProtected();
    const { auth, shown } = slowPerson();
    const group = await connect({
      servers: { s: { url: server.url, auth, lazy: true } },
      connectTimeoutMs: 500,
    });
    const call = group.session('s').callTool('read');
    await visit(await shown);
    expect(await call).toMatchObject(read);
  });

  it('but not for a token that the server refuses as well', async () => {
    const server = await startProtected();
    const store = memoryTokenStore();
    await personWith({ store }).auth.forServer(server.url).authorize();
    const { auth } = personWith({ interactive: false, store });
    const session = await openWith(server.url, auth);
    await server.authorizationServer.revokeRefreshTokens();
    server.expireTokens();
    await failureOf(session.reconnect());
    const { states } = watch(session);
    const shown = server.tokens.length;
    await failureOf(session.callTool('read'));
    await failureOf(session.callTool('read'));
    expect(states()).toEqual([]);
    expect(server.tokens).toHaveLength(shown);
  });
});

/** The session of a server in a group that nobody could sign in to. */
async function openAndFail(url: string, auth: OAuth) {
  const group = await connect({ servers: { s: { url, auth } } });
  const session = group.session('s');
  expect(session.status.state).toBe('failed');
  return session;
}
