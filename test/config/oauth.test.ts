import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionGroup } from '../../src/index.ts';
import { visit } from '../support/sign-in/browser.mjs';
import { startProtected } from '../support/sign-in/protected-server.ts';
import { folderWith } from './support/files.ts';
import { load, loadServers, problemsOf } from './support/loading.ts';

const url = 'https://a.example.com/mcp';

describe('A2 "auth": { "type": "oauth" } in a file', () => {
  it('a group signs in with it, and the next one finds the tokens', async () => {
    const server = await startProtected();
    const data = folderWith();
    const content = { mcpServers: { s: { url: server.url, auth: { type: 'oauth', clientName: 'Test' } } } };
    const connect = async (onAuthorize: (page: URL) => Promise<void>) => {
      const config = await load(content, { env: { XDG_DATA_HOME: data }, oauth: { onAuthorize } });
      const group = await SessionGroup.connect({ ...config, strict: true });
      onTestFinished(() => group.destroy());
      return group;
    };
    const first = await connect(async (page) => void (await visit(page)));
    expect([...first.tools.keys()]).toEqual(['s__read', 's__write']);
    const second = await connect(() => Promise.reject(new Error('nobody is to be asked')));
    expect((await second.callTool('s__read')).isError).not.toBe(true);
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
    if (process.platform !== 'win32')
      expect(statSync(join(data, 'plenum/tokens.json')).mode & 0o777).toBe(0o600);
  });

  it('takes every field that is data', async () => {
    const auth = {
      type: 'oauth',
      grant: 'client_credentials',
      clientId: 'machine',
      privateKey: { key: '${KEY}', algorithm: 'ES256' },
      clientName: 'Test',
      issuer: 'https://login.example.com',
      scope: 'a b',
      account: 'ada',
      interactive: false,
      loginTimeoutMs: 1_000,
      redirectPort: 0,
      allowPrivateAddresses: true,
      tokenFile: 'tokens.json',
    };
    const config = await loadServers({ s: { url, auth } }, { env: { KEY: 'k' } });
    expect(config.warnings).toEqual([]);
    expect(config.servers['s']).toMatchObject({ url, auth: { forServer: expect.any(Function) } });
  });

  it.each([
    [
      { type: 'oauth', clientSecret: 'sesame' },
      'auth: found options that do not go together: A client secret',
    ],
    [{ type: 'oauth', grant: 'jwt_bearer' }, 'auth.grant: found "jwt_bearer", allowed'],
    [{ type: 'oauth', redirectPort: -1 }, 'auth.redirectPort: found -1, allowed'],
    [{ type: 'oauth', issuer: 'nowhere' }, 'auth.issuer: found a string, allowed a URL'],
  ])('is refused when it is wrong: %j', async (auth, message) => {
    const problems = await problemsOf(loadServers({ s: { url, auth } }));
    expect(problems).toEqual([expect.stringContaining(`mcpServers.s.${message}`)]);
    expect(problems.join()).not.toContain('sesame');
  });

  it('is not for a WebSocket', async () => {
    const socket = { url: 'wss://a.example.com', auth: { type: 'oauth' } };
    expect(await problemsOf(loadServers({ s: socket }))).toEqual([
      'mcpServers.s.auth: found "oauth", allowed type "bearer" for a WebSocket',
    ]);
  });
});
