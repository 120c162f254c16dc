import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionGroup } from '../../src/index.ts';
import { SessionManager } from '../../src/manager/session-manager.ts';
import { serveHttp, serveWebSocket } from '../../src/testing/index.ts';
import { load } from './support/loading.ts';
import { scripted } from './support/watching.ts';

const TOOLS = [{ name: 'read_file' }, { name: 'read_secret' }, { name: 'write_file' }];

describe('a configuration', () => {
  it('is what SessionGroup.connect takes, with all that it says about servers', async () => {
    const web = await serveHttp({ tools: [{ name: 'echo' }] }, { token: 'w-1' });
    onTestFinished(() => web.close());
    const socket = await serveWebSocket({ tools: [{ name: 'echo' }] });
    onTestFinished(() => socket.close());
    const config = await load(
      {
        mcpServers: {
          files: { ...scripted({ tools: TOOLS }), allow: ['read_*'], disabledTools: ['read_secret'] },
          bare: { ...scripted({ tools: [{ name: 'only' }] }), naming: 'bare' },
          web: { serverUrl: web.url, auth: { type: 'bearer', token: '${TOKEN}' } },
          socket: { type: 'ws', url: socket.url, auth: { type: 'bearer', token: '${TOKEN}' } },
        },
        plenum: { strict: true, connectTimeoutMs: 15_000 },
      },
      { env: { TOKEN: 'w-1' } },
    );
    const group = await SessionGroup.connect(config);
    onTestFinished(() => group.destroy());
    expect([...group.tools.keys()].toSorted()).toEqual([
      'files__read_file',
      'only',
      'socket__echo',
      'web__echo',
    ]);
    expect((await group.callTool('web__echo', { a: 1 })).isError).not.toBe(true);
  });

  it('is what a SessionManager takes', async () => {
    const config = await load({
      mcpServers: { a: scripted(), b: { ...scripted(), lazy: true } },
      plenum: { pool: { max: 2 }, retry: { attempts: 2 }, circuit: { failures: 3 }, closeTimeoutMs: 5_000 },
    });
    const manager = new SessionManager(config);
    onTestFinished(() => manager.destroy());
    const { tools } = await manager.run('a', (session) => session.listTools());
    expect(tools.map(({ name }) => name)).toContain('whoami');
  });
});
