import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig, SessionGroup } from '../../../src/index.ts';
import { importSources } from '../../../src/config/index.ts';
import { folderWith, writeTo } from '../support/files.ts';
import { scripted } from '../support/watching.ts';

const FILE = {
  mcpServers: {
    plain: { command: 'node', args: ['server.mjs'] },
    empty: { command: 'node', cwd: null },
    own: { command: 'node', cwd: 'data' },
    relative: { command: './run', envFile: 'vars.env' },
    remote: { url: 'https://a.example.com' },
  },
};

describe("L4 where the processes of a project's file start", () => {
  it.each([
    ['plenum.json', ''],
    ['.mcp.json', ''],
    ['mcp.json', ''],
    ['any-name.jsonc', ''],
    ['.vscode/mcp.json', ''],
    ['.cursor/mcp.json', ''],
    ['.gemini/settings.json', ''],
    ['.claude/settings.json', ''],
    ['.roo/mcp.json', ''],
    ['.kiro/settings/mcp.json', ''],
    ['.junie/mcp/mcp.json', ''],
    ['.amazonq/mcp.json', ''],
    ['conf/plenum.json', 'conf'],
    ['.hidden/plenum.json', '.hidden'],
    ['settings/mcp.json', 'settings'],
  ])('%s', async (name, base) => {
    const folder = join(folderWith(), 'project');
    const workspace = join(folder, base);
    writeTo(join(workspace, 'vars.env'), 'A=1');
    const path = writeTo(join(folder, name), FILE);
    const { servers } = await loadConfig({ path, cwd: folderWith(), env: { HOME: folderWith() } });
    expect(servers).toEqual({
      plain: { command: 'node', args: ['server.mjs'], cwd: workspace },
      empty: { command: 'node', cwd: workspace },
      own: { command: 'node', cwd: join(workspace, 'data') },
      relative: { command: join(workspace, 'run'), env: { A: '1' }, cwd: workspace },
      remote: { url: 'https://a.example.com' },
    });
  });

  it('a file that is found from a folder further inside: still in its own', async () => {
    const top = folderWith({ '.cursor/mcp.json': { mcpServers: { a: { command: 'a' } } }, 'x/y/note': '' });
    const { servers } = await loadConfig({
      cwd: join(top, 'x/y'),
      env: { HOME: folderWith() },
      consent: true,
    });
    expect(servers).toEqual({ a: { command: 'a', cwd: top } });
  });

  it('a server with a script of the project works from anywhere', async () => {
    const top = folderWith({ 'x/y/note': '' });
    const { command, args } = scripted();
    const [script = '', ...rest] = args;
    writeTo(join(top, 'mcp-servers/server.mjs'), `await import(${JSON.stringify(script)});`);
    writeTo(join(top, '.mcp.json'), {
      mcpServers: {
        a: { command, args: ['mcp-servers/server.mjs', ...rest] },
        b: { command, args },
      },
    });
    const config = await loadConfig({ cwd: join(top, 'x/y'), env: { HOME: folderWith() }, consent: true });
    const group = await SessionGroup.connect({ ...config, strict: true });
    onTestFinished(() => group.destroy());
    expect([...group.servers.values()].map(({ state }) => state)).toEqual(['ready', 'ready']);
  });
});

describe("L4 where the processes of a user's own file start", () => {
  const ofUser = importSources({ cwd: '/h', env: { HOME: '/h', USERPROFILE: '/h' } })
    .filter(({ scope, section }) => scope === 'user' && section.length === 1)
    .map(({ path }) => path.slice('/h/'.length));

  it.each([
    ...new Set([
      ...ofUser,
      '.config/plenum/plenum.json',
      'plenum.json',
      '.mcp.json',
      '.vscode/mcp.json',
      '.lmstudio/mcp.json',
      '.kiro/settings/mcp.json',
    ]),
  ])('~/%s: in the current folder', async (name) => {
    const home = join(folderWith(), 'home');
    const env = { HOME: home, USERPROFILE: home };
    const path = join(home, name);
    writeTo(path, JSON.stringify({ servers: { a: { command: 'a' }, b: { command: 'b', cwd: '/b' } } }));
    const { servers } = await loadConfig({ path, env });
    expect(servers).toEqual({ a: { command: 'a' }, b: { command: 'b', cwd: '/b' } });
  });

  it('a project below the home folder is a project', async () => {
    const home = join(folderWith(), 'home');
    const env = { HOME: home, USERPROFILE: home };
    for (const folder of ['code/app', '.dotfiles/app', '.config/app']) {
      const path = writeTo(join(home, folder, '.mcp.json'), { mcpServers: { a: { command: 'a' } } });
      expect((await loadConfig({ path, env })).servers).toEqual({ a: { command: 'a', cwd: dirname(path) } });
    }
  });
});
