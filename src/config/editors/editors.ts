import { join } from 'node:path';
import { checkOptions } from '../../options/check-options.ts';
import { importOptions } from '../../options/tables/config.ts';
import { foldersUpwards } from '../find-config.ts';
import { type Environment, userFolders } from '../environment.ts';

/** A program whose configuration files Plenum can read. */
export type EditorId =
  | 'claude-desktop'
  | 'claude-code'
  | 'cursor'
  | 'windsurf'
  | 'vscode'
  | 'cline'
  | 'roo-code'
  | 'gemini-cli'
  | 'zed';

/** A place where a program may keep servers. */
export interface ImportSource {
  readonly editor: EditorId;
  /** The program's name for people. */
  readonly title: string;
  readonly scope: 'user' | 'workspace';
  /** The file, which need not exist. */
  readonly path: string;
  /** The path of keys to the servers in the file. */
  readonly section: readonly string[];
}

export interface ImportOptions {
  /**
   * The folder from which workspace files are searched upwards.
   * @default process.cwd()
   */
  cwd?: string;
  /** @default process.env */
  env?: Environment;
  /** @default process.platform */
  platform?: NodeJS.Platform;
}

const TITLES: Readonly<Record<EditorId, string>> = {
  'claude-desktop': 'Claude Desktop',
  'claude-code': 'Claude Code',
  cursor: 'Cursor',
  windsurf: 'Windsurf',
  vscode: 'VS Code',
  cline: 'Cline',
  'roo-code': 'Roo Code',
  'gemini-cli': 'Gemini CLI',
  zed: 'Zed',
};

const MCP_SERVERS = ['mcpServers'];

/** Files in a workspace, relative to its folder. */
const WORKSPACE_FILES: readonly Place[] = [
  ['claude-code', '.mcp.json', MCP_SERVERS],
  ['cursor', '.cursor/mcp.json', MCP_SERVERS],
  ['vscode', '.vscode/mcp.json', ['servers']],
  ['roo-code', '.roo/mcp.json', MCP_SERVERS],
  ['gemini-cli', '.gemini/settings.json', MCP_SERVERS],
  ['zed', '.zed/settings.json', ['context_servers']],
];

type Place = readonly [editor: EditorId, path: string, section: readonly string[]];

/** Lists every place where these programs keep servers, those of the user first. Throws `CONFIG_INVALID` for wrong options. */
export function importSources(options: ImportOptions = {}): ImportSource[] {
  checkOptions(importOptions, options, 'Options of importSources()');
  const { cwd = process.cwd(), env = process.env, platform = process.platform } = options;
  const { home } = userFolders(env, platform);
  const folders = foldersUpwards(cwd);
  const inWorkspaces = folders.flatMap((folder): Place[] => [
    // Claude Code keeps the servers of one folder for one user in the user's file.
    ['claude-code', join(home, '.claude.json'), ['projects', folder, 'mcpServers']],
    ...WORKSPACE_FILES.map(([editor, path, section]): Place => [editor, join(folder, path), section]),
  ]);
  const sources = [
    ...userPlaces(home, settingsFolder(env, platform, home), platform).map((place) =>
      sourceAt('user', place),
    ),
    ...inWorkspaces.map((place) => sourceAt('workspace', place)),
  ];
  // The user's home may be one of these folders; each file is listed once.
  const seen = new Set<string>();
  return sources.filter(({ path, section }) => {
    const key = JSON.stringify([path, section]);
    return !seen.has(key) && seen.add(key);
  });
}

function userPlaces(home: string, settings: string, platform: NodeJS.Platform): Place[] {
  const code = join(settings, 'Code', 'User');
  const zed = platform === 'darwin' ? join(home, '.config') : settings;
  return [
    ['claude-desktop', join(settings, 'Claude', 'claude_desktop_config.json'), MCP_SERVERS],
    ['claude-code', join(home, '.claude.json'), MCP_SERVERS],
    ['cursor', join(home, '.cursor', 'mcp.json'), MCP_SERVERS],
    ['windsurf', join(home, '.codeium', 'windsurf', 'mcp_config.json'), MCP_SERVERS],
    ['vscode', join(code, 'mcp.json'), ['servers']],
    ['vscode', join(code, 'settings.json'), ['mcp', 'servers']],
    ['cline', ofExtension(code, 'saoudrizwan.claude-dev', 'cline_mcp_settings.json'), MCP_SERVERS],
    ['roo-code', ofExtension(code, 'rooveterinaryinc.roo-cline', 'mcp_settings.json'), MCP_SERVERS],
    ['gemini-cli', join(home, '.gemini', 'settings.json'), MCP_SERVERS],
    ['zed', join(zed, 'zed', 'settings.json'), ['context_servers']],
  ];
}

function sourceAt(scope: ImportSource['scope'], [editor, path, section]: Place): ImportSource {
  return { editor, title: TITLES[editor], scope, path, section };
}

function settingsFolder(env: Environment, platform: NodeJS.Platform, home: string): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  // On Windows these programs ignore `XDG_CONFIG_HOME`.
  const asked = platform === 'win32' ? { ...env, XDG_CONFIG_HOME: undefined } : env;
  return userFolders(asked, platform).settings[0] ?? join(home, '.config');
}

function ofExtension(code: string, extension: string, name: string): string {
  return join(code, 'globalStorage', extension, 'settings', name);
}
