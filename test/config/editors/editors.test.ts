import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  importSources,
  readEditorConfigs,
  type EditorId,
  type FoundServer,
} from '../../../src/config/index.ts';
import { folderWith, writeTo } from '../support/files.ts';

type Platform = 'linux' | 'darwin' | 'win32';

function placesOf(platform: Platform, env: Record<string, string>): Partial<Record<EditorId, string[]>> {
  const places: Partial<Record<EditorId, string[]>> = {};
  for (const { editor, path, scope } of importSources({ cwd: '/work', env, platform })) {
    if (scope === 'user') (places[editor] ??= []).push(path);
  }
  return places;
}

describe('the places of editors', () => {
  it('on Linux', () => {
    const places = placesOf('linux', { HOME: '/home/me' });
    expect(places).toMatchObject({
      'claude-desktop': ['/home/me/.config/Claude/claude_desktop_config.json'],
      'claude-code': ['/home/me/.claude.json'],
      cursor: ['/home/me/.cursor/mcp.json'],
      windsurf: ['/home/me/.codeium/windsurf/mcp_config.json'],
      vscode: ['/home/me/.config/Code/User/mcp.json', '/home/me/.config/Code/User/settings.json'],
      'gemini-cli': ['/home/me/.gemini/settings.json'],
      zed: ['/home/me/.config/zed/settings.json'],
    });
    expect(placesOf('linux', { HOME: '/home/me', XDG_CONFIG_HOME: '/xdg' })).toMatchObject({
      'claude-desktop': ['/xdg/Claude/claude_desktop_config.json'],
      zed: ['/xdg/zed/settings.json'],
    });
  });

  it('on macOS', () => {
    const support = '/Users/me/Library/Application Support';
    expect(placesOf('darwin', { HOME: '/Users/me' })).toMatchObject({
      'claude-desktop': [`${support}/Claude/claude_desktop_config.json`],
      cursor: ['/Users/me/.cursor/mcp.json'],
      vscode: [`${support}/Code/User/mcp.json`, `${support}/Code/User/settings.json`],
      cline: [`${support}/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json`],
      zed: ['/Users/me/.config/zed/settings.json'],
    });
  });

  it('on Windows', () => {
    const places = placesOf('win32', {
      USERPROFILE: '/Users/me',
      APPDATA: '/Users/me/AppData/Roaming',
      XDG_CONFIG_HOME: '/xdg',
    });
    expect(places).toMatchObject({
      'claude-desktop': ['/Users/me/AppData/Roaming/Claude/claude_desktop_config.json'],
      cursor: ['/Users/me/.cursor/mcp.json'],
      vscode: expect.arrayContaining(['/Users/me/AppData/Roaming/Code/User/mcp.json']),
    });
  });

  it('each is named once, also when the folder is the home', () => {
    const sources = importSources({ cwd: '/home/me', env: { HOME: '/home/me' }, platform: 'linux' });
    const keys = sources.map(({ path, section }) => JSON.stringify([path, section]));
    expect(new Set(keys).size).toBe(keys.length);
    expect(sources.filter(({ path }) => path === '/home/me/.cursor/mcp.json')).toMatchObject([
      { scope: 'user' },
    ]);
  });
});

describe('the files of editors', () => {
  function environment(files: Record<string, string | object>): {
    home: string;
    env: Record<string, string>;
  } {
    const home = folderWith(files);
    return { home, env: { HOME: home, USERPROFILE: home } };
  }

  async function found(
    files: Record<string, string | object>,
    cwd?: string,
  ): Promise<{ home: string; servers: FoundServer[] }> {
    const { home, env } = environment(files);
    const configs = await readEditorConfigs({ cwd: join(home, cwd ?? '.'), env, platform: 'linux' });
    return { home, servers: configs.flatMap(({ servers }) => servers) };
  }

  it('are read as they stand, unexpanded, with where each server was', async () => {
    const { home, servers } = await found({
      '.config/Claude/claude_desktop_config.json': {
        mcpServers: { a: { command: 'a', env: { T: '${TOKEN}' } } },
      },
      '.codeium/windsurf/mcp_config.json': {
        mcpServers: { b: { serverUrl: 'https://b.example.com/mcp?key=1' } },
      },
      '.config/Code/User/settings.json':
        '{ "editor.x": 1, /* old place */ "mcp": { "servers": { "c": { "command": "c", "disabled": true }, } } }',
    });
    expect(
      servers.map(({ name, definition, target, disabled }) => ({ name, definition, target, disabled })),
    ).toEqual([
      { name: 'a', definition: { command: 'a', env: { T: '${TOKEN}' } }, target: 'a', disabled: false },
      {
        name: 'b',
        definition: { serverUrl: 'https://b.example.com/mcp?key=1' },
        target: 'https://b.example.com/mcp?…',
        disabled: false,
      },
      { name: 'c', definition: { command: 'c', disabled: true }, target: 'c', disabled: true },
    ]);
    expect(servers[0]?.source).toMatchObject({
      editor: 'claude-desktop',
      title: 'Claude Desktop',
      scope: 'user',
      path: join(home, '.config/Claude/claude_desktop_config.json'),
    });
    expect(servers[0]).not.toHaveProperty('folder');
  });

  it('of workspaces are looked for upwards, and know their folder', async () => {
    const { home, servers } = await found(
      {
        'top/.vscode/mcp.json': { servers: { v: { command: 'v' } } },
        'top/in/.mcp.json': { mcpServers: { m: { command: 'm' } } },
        'top/in/deep/note': '',
      },
      'top/in/deep',
    );
    expect(servers.map(({ name, folder }) => [name, folder])).toEqual([
      ['m', join(home, 'top/in')],
      ['v', join(home, 'top')],
    ]);
  });

  it("Claude Code's own file has servers of the user and of folders", async () => {
    const home = folderWith({ 'work/in/note': '' });
    const work = join(home, 'work');
    const servers = await readEditorConfigs({
      cwd: join(work, 'in'),
      env: environmentOf(home, {
        mcpServers: { everywhere: { command: 'e' } },
        projects: {
          [work]: { mcpServers: { here: { command: 'h' } }, history: [] },
          '/elsewhere': { mcpServers: { there: { command: 't' } } },
        },
      }),
      platform: 'linux',
    });
    expect(
      servers.map(({ scope, servers: of }) => [scope, of.map(({ name, folder }) => [name, folder])]),
    ).toEqual([
      ['user', [['everywhere', undefined]]],
      ['workspace', [['here', work]]],
    ]);
  });

  it("Zed's and Gemini's own ways are brought to the common one", async () => {
    const { servers } = await found({
      '.config/zed/settings.json':
        '{ // mine\n "context_servers": { "old": { "command": { "path": "p", "args": ["x"], "env": { "A": "1" } }, "settings": {} }, "new": { "source": "custom", "command": "n" }, "web": { "url": "https://w.example.com" }, "extension": { "settings": { "key": 1 } } } }',
      '.gemini/settings.json': {
        mcpServers: {
          g: { httpUrl: 'https://g.example.com', headers: { A: '$TOKEN and ${OTHER}' }, args: ['$X'] },
        },
      },
    });
    expect(Object.fromEntries(servers.map(({ name, definition }) => [name, definition]))).toEqual({
      old: { command: 'p', args: ['x'], env: { A: '1' } },
      new: { command: 'n' },
      web: { url: 'https://w.example.com' },
      g: { httpUrl: 'https://g.example.com', headers: { A: '${TOKEN} and ${OTHER}' }, args: ['$X'] },
    });
  });

  it('a server brings the inputs that it asks for, and no others', async () => {
    const wanted = { id: 'token', type: 'promptString' };
    const { servers } = await found({
      '.config/Code/User/mcp.json': {
        inputs: [wanted, { id: 'other', type: 'promptString' }],
        servers: { a: { command: 'a', args: ['${input:token}'] }, b: { command: 'b' } },
      },
    });
    expect(servers.map(({ inputs }) => inputs)).toEqual([[wanted], []]);
  });

  it('a broken one is reported, beside the others', async () => {
    const { home, env } = environment({
      '.cursor/mcp.json': '{ "mcpServers": ',
      '.gemini/settings.json': { mcpServers: { g: { command: 'g' } } },
      '.codeium/windsurf/mcp_config.json': { other: 1 },
    });
    const configs = await readEditorConfigs({ cwd: home, env, platform: 'linux' });
    expect(configs.map(({ editor, error, servers }) => [editor, error?.code, servers.length])).toEqual([
      ['cursor', 'CONFIG_INVALID', 0],
      ['gemini-cli', undefined, 1],
    ]);
  });

  it('a URL that is none shows nothing that may be secret', async () => {
    const { servers } = await found({
      '.cursor/mcp.json': {
        mcpServers: { a: { url: 'https://u:p@${HOST}/mcp?key=1' }, b: { url: '${URL}' } },
      },
    });
    expect(servers.map(({ target }) => target)).toEqual(['https://${HOST}/mcp?…', '${URL}']);
  });
});

function environmentOf(home: string, claude: object): Record<string, string> {
  writeTo(join(home, '.claude.json'), claude);
  return { HOME: home, USERPROFILE: home };
}
