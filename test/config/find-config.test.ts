import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { userConfigs } from '../../src/config/find-config.ts';
import { folderWith, writeTo } from './support/files.ts';
import { refusalOf } from './support/loading.ts';

const NAMES = ['plenum.json', '.mcp.json', 'mcp.json', '.vscode/mcp.json', '.cursor/mcp.json'];
const CONFIG = { mcpServers: {} };

/** An environment whose user has these files in the home folder. */
function homeWith(files: Record<string, object> = {}): { home: string; env: Record<string, string> } {
  const home = folderWith(files);
  return { home, env: { HOME: home, USERPROFILE: home, APPDATA: join(home, 'AppData/Roaming') } };
}

describe('a configuration that is not named', () => {
  it.each(NAMES.map((name, index) => [name, index] as const))(
    '%s goes before those after it',
    async (name, index) => {
      const cwd = folderWith(Object.fromEntries(NAMES.slice(index).map((each) => [each, CONFIG])));
      expect((await loadConfig({ cwd, env: homeWith().env })).path).toBe(join(cwd, name));
    },
  );

  it('the nearest folder upwards that has one is taken, whatever its name', async () => {
    const top = folderWith({ 'plenum.json': CONFIG, 'a/.cursor/mcp.json': CONFIG, 'a/b/c/note': '' });
    const { env } = homeWith();
    expect((await loadConfig({ cwd: join(top, 'a/b/c'), env })).path).toBe(join(top, 'a/.cursor/mcp.json'));
    expect((await loadConfig({ cwd: top, env })).path).toBe(join(top, 'plenum.json'));
  });

  it("the user's own comes last", async () => {
    const { home, env } = homeWith({ '.config/plenum/plenum.json': CONFIG });
    const cwd = folderWith();
    expect((await loadConfig({ cwd, env })).path).toBe(join(home, '.config/plenum/plenum.json'));
    writeTo(join(cwd, '.cursor/mcp.json'), CONFIG);
    expect((await loadConfig({ cwd, env })).path).toBe(join(cwd, '.cursor/mcp.json'));
  });

  it('XDG_CONFIG_HOME goes before the folder in the home, unless it is relative', async () => {
    const { home, env } = homeWith({
      '.config/plenum/plenum.json': CONFIG,
      'xdg/plenum/plenum.json': CONFIG,
    });
    const cwd = folderWith();
    const xdg = join(home, 'xdg');
    expect((await loadConfig({ cwd, env: { ...env, XDG_CONFIG_HOME: xdg } })).path).toBe(
      join(xdg, 'plenum/plenum.json'),
    );
    expect(userConfigs({ ...env, XDG_CONFIG_HOME: 'xdg' })).toEqual(userConfigs(env));
  });

  it('a folder of that name is none', async () => {
    const cwd = folderWith({ 'plenum.json/note': '', '.mcp.json': CONFIG });
    expect((await loadConfig({ cwd, env: homeWith().env })).path).toBe(join(cwd, '.mcp.json'));
  });

  it('a broken one is not passed over', async () => {
    const cwd = folderWith({ 'plenum.json': '{', '.mcp.json': CONFIG });
    const { message } = await refusalOf(loadConfig({ cwd, env: homeWith().env }));
    expect(message).toContain(`${join(cwd, 'plenum.json')}:1:2: expected a closing brace }`);
  });

  it('when there is none, it says where it looked', async () => {
    const { home, env } = homeWith();
    const cwd = folderWith({ 'a/note': '' });
    const { message } = await refusalOf(loadConfig({ cwd: join(cwd, 'a'), env }));
    expect(message).toContain('plenum.json, .mcp.json, mcp.json, .vscode/mcp.json, .cursor/mcp.json');
    expect(message).toContain(`${join(cwd, 'a')}, ${cwd}, `);
    expect(message).toContain(join(home, '.config/plenum/plenum.json'));
  });
});

describe.runIf(process.getuid?.() === 0)(
  'a configuration that somebody else put there (seen as root)',
  () => {
    const SOMEBODY = 12_345;

    it('in a folder above: refused, and taken when it is named', async () => {
      const top = folderWith({ '.mcp.json': CONFIG, 'mine/note': '' });
      const file = join(top, '.mcp.json');
      chownSync(file, SOMEBODY, SOMEBODY);
      const { env } = homeWith();
      const error = await refusalOf(loadConfig({ cwd: join(top, 'mine'), env }));
      expect(error.message).toContain(`"${file}" belongs to another user`);
      expect((await loadConfig({ path: file, env })).path).toBe(file);
    });

    it('in a folder of theirs that one works in: taken', async () => {
      const top = folderWith({ '.mcp.json': CONFIG });
      for (const path of [top, join(top, '.mcp.json')]) chownSync(path, SOMEBODY, SOMEBODY);
      expect((await loadConfig({ cwd: top, env: homeWith().env })).path).toBe(join(top, '.mcp.json'));
    });
  },
);

describe('a configuration that is named', () => {
  it.each([
    ['a path', (file: string) => file],
    ['a URL', (file: string) => pathToFileURL(file)],
    ['the text of a URL', (file: string) => pathToFileURL(file).href],
    ['an option', (file: string) => ({ path: file })],
    ['a path from a folder', (file: string) => ({ path: 'a config.json', cwd: join(file, '..') })],
  ])('by %s', async (_, source) => {
    const file = join(folderWith({ 'a config.json': CONFIG }), 'a config.json');
    expect((await loadConfig(source(file))).path).toBe(file);
  });
});
