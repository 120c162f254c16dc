import { basename, dirname } from 'node:path';
import { importSources } from '../editors/editors.ts';
import { type Environment, userFolders } from '../environment.ts';
import { userConfigs } from '../find-config.ts';

/** Folders in which programs keep the settings of the folder above. */
const EDITOR_FOLDERS: ReadonlySet<string> = new Set(
  (
    '.vscode .vscode-insiders .cursor .windsurf .roo .gemini .claude .zed .kiro .amazonq .junie .qwen .codex .copilot ' +
    '.continue .trae .crush .opencode .goose .lmstudio .idea .github .devcontainer'
  ).split(' '),
);

/** Folders inside of those, such as `.kiro/settings`. */
const INNER_FOLDERS: ReadonlySet<string> = new Set(['settings', 'mcp', 'User']);

/** The value of `${workspaceFolder}` in a file; relative paths start from it, too. */
export function workspaceFolder(file: string): string {
  const folder = dirname(file);
  const outer = dirname(folder);
  if (EDITOR_FOLDERS.has(basename(folder))) return outer;
  return INNER_FOLDERS.has(basename(folder)) && EDITOR_FOLDERS.has(basename(outer)) ? dirname(outer) : folder;
}

/**
 * The folder in which a file's processes start. Undefined for a file of the user's own, such as `~/.cursor/mcp.json`:
 * it belongs to no project, and the current folder counts.
 */
export function processFolder(file: string, env: Environment): string | undefined {
  return isUsersOwn(file, env) ? undefined : workspaceFolder(file);
}

function isUsersOwn(file: string, env: Environment): boolean {
  const { home } = userFolders(env);
  const folder = dirname(file);
  if (workspaceFolder(file) === home) return true;
  if (dirname(folder) === home && basename(folder).startsWith('.')) return true;
  return (
    userConfigs(env).includes(file) ||
    importSources({ env }).some(({ scope, path }) => scope === 'user' && path === file)
  );
}
