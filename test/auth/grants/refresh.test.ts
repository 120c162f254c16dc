import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openSession } from '../../../src/index.ts';
import {
  fileTokenStore,
  memoryTokenStore,
  type StoredEntry,
  type TokenStore,
} from '../../../src/auth/index.ts';
import { openWith, personWith, startProtected } from '../../support/sign-in/protected-server.ts';
import { failureOf } from '../../support/failures.ts';
import { newFolder } from '../../support/folders.ts';

const PROGRAM = resolve(import.meta.dirname, '../support/call-once.mjs');

describe('A4 parallel refreshes make one request', () => {
  it('a token that ends in the midst of fifty calls: one refresh, and every call succeeds', async () => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    let served = 0;
    server.onAuthorized = () => {
      if (++served === 25) server.expireTokens();
    };
    const results = await Promise.all(Array.from({ length: 50 }, () => session.callTool('read')));
    expect(results.filter(({ isError }) => isError !== true)).toHaveLength(50);
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
    expect(new Set(server.tokens).size).toBe(2);
    expect(events.filter(({ type }) => type === 'refreshed')).toHaveLength(1);
  });

  it('a token whose time is over is refreshed before it is shown', async () => {
    const server = await startProtected();
    const store = memoryTokenStore();
    const entries = new Map<string, StoredEntry>();
    const set = async (key: string, entry: StoredEntry): Promise<void> => {
      entries.set(key, entry);
      await store.set(key, entry);
    };
    await openWith(server.url, personWith({ store: { ...bound(store), set } }).auth);
    for (const [key, entry] of entries) {
      if ('access_token' in entry) await store.set(key, { ...entry, expires_at: Date.now() - 1 });
    }
    const [old] = server.tokens;
    const before = server.tokens.length;
    const { auth } = personWith({ store });
    const tokens = await Promise.all(Array.from({ length: 20 }, () => auth.forServer(server.url).token()));
    expect(new Set(tokens).size).toBe(1);
    await openWith(server.url, auth);
    expect(server.tokens.slice(before)).not.toContain(old);
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
  });

  it('two processes that share a token file', async () => {
    const store = tokenFile();
    const server = await startProtected();
    const { auth } = personWith({ store: fileTokenStore(store) });
    await auth.forServer(server.url).authorize();
    await openWith(server.url, auth).then((session) => session.close());
    server.expireTokens();
    const outputs = await Promise.all([runProgram(server.url, store), runProgram(server.url, store)]);
    expect(outputs).toEqual(['read', 'read']);
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
  });

  it('two sets of credentials on one store', async () => {
    const server = await startProtected();
    const store = memoryTokenStore();
    const [one, two] = [personWith({ store }), personWith({ store })];
    const sessions = [await openWith(server.url, one.auth), await openWith(server.url, two.auth)];
    expect(two.events).toEqual([]);
    server.expireTokens();
    await Promise.all(sessions.map((session) => session.callTool('read')));
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
  });
});

describe('A4 where tokens are kept', () => {
  it('in a file that only its owner can read, for the next process', async () => {
    const path = tokenFile();
    const server = await startProtected();
    const first = personWith({ store: fileTokenStore(path) });
    await openWith(server.url, first.auth);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const second = personWith({ store: fileTokenStore(path) });
    await openWith(server.url, second.auth);
    expect(second.events).toEqual([]);
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
  });

  it('apart for two accounts', async () => {
    const store = memoryTokenStore();
    const server = await startProtected();
    const [ann, ben] = [personWith({ store, account: 'ann' }), personWith({ store, account: 'ben' })];
    await openWith(server.url, ann.auth);
    await openWith(server.url, ben.auth);
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'authorization_code']);
    await ann.auth.forServer(server.url).signOut();
    expect(await ann.auth.forServer(server.url).status()).toEqual({ signedIn: false });
    expect(await ben.auth.forServer(server.url).status()).toMatchObject({ signedIn: true });
  });
});

describe('A5 a refused token', () => {
  it('a refresh token that was revoked has the person asked again', async () => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    await server.authorizationServer.revokeRefreshTokens();
    server.expireTokens();
    await session.callTool('read');
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(2);
  });

  it('twenty calls whose token can be refreshed no more want one login', async () => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    await server.authorizationServer.revokeRefreshTokens();
    server.expireTokens();
    await Promise.all(Array.from({ length: 20 }, () => session.callTool('read')));
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(2);
  });

  it('and is AUTH_REQUIRED where nobody may be asked', async () => {
    const server = await startProtected();
    const store = memoryTokenStore();
    await openWith(server.url, personWith({ store }).auth);
    const session = await openWith(server.url, personWith({ store, interactive: false }).auth);
    await server.authorizationServer.revokeRefreshTokens();
    server.expireTokens();
    const error = await failureOf(session.callTool('read'));
    expect(error.code).toBe('AUTH_REQUIRED');
  });

  it.each(['is down', 'is out of order'])(
    'an authorization server that %s is another failure, and costs no login',
    async (how) => {
      const server = await startProtected();
      const { auth, events } = personWith();
      const session = await openWith(server.url, auth);
      server.expireTokens();
      if (how === 'is down') await server.authorizationServer.stop();
      else server.authorizationServer.isBroken = true;
      const error = await failureOf(session.callTool('read'));
      expect(error.code).toBe('CONNECT_FAILED');
      expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
      expect(await auth.forServer(server.url).status()).toMatchObject({ signedIn: true });
    },
  );

  it('but after a login there is no second one by itself', async () => {
    const server = await startProtected();
    server.authorizationServer.isBroken = true;
    const { auth, events } = personWith();
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect([error.code, error.message]).toEqual([
      'AUTH_REQUIRED',
      expect.stringContaining('when the login was to be completed'),
    ]);
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
  });
});

/** The methods of a store, to have some of them replaced. */
function bound(store: TokenStore): TokenStore {
  return {
    get: (key) => store.get(key),
    set: (key, entry) => store.set(key, entry),
    delete: (key) => store.delete(key),
  };
}

function tokenFile(): string {
  return join(newFolder(), 'tokens.json');
}

async function runProgram(url: string, store: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, url, store]);
  return stdout.trim();
}
