import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { configForeign, configNotFound } from '../errors/config.ts';
import { type Environment, userFolders } from './environment.ts';

/** The files that are looked for in each folder, in this order. */
export const PROJECT_FILES = ['plenum.json', '.mcp.json', 'mcp.json', '.vscode/mcp.json', '.cursor/mcp.json'];

/**
 * Finds the nearest configuration from `cwd` upwards, else the user's own. Rejects with `CONFIG_INVALID` when there
 * is none; the message lists the searched places.
 */
export async function findConfig(cwd: string, env: Environment): Promise<string> {
  const folders = foldersUpwards(cwd);
  const own = userConfigs(env);
  const candidates = [
    ...folders.flatMap((folder) => PROJECT_FILES.map((name) => join(folder, name))),
    ...own,
  ];
  for (const candidate of candidates) {
    if (!(await isFile(candidate))) continue;
    if (await isForeign(candidate, cwd)) throw configForeign(candidate);
    return candidate;
  }
  throw configNotFound(PROJECT_FILES, folders, own);
}

/**
 * Whether a file belongs to another user, who could make this one run commands. Files of root and of the owner of
 * `cwd` are trusted.
 */
async function isForeign(path: string, cwd: string): Promise<boolean> {
  const self = process.getuid?.();
  if (self === undefined) return false;
  const [{ uid }, { uid: host }] = await Promise.all([stat(path), stat(cwd)]);
  return uid !== self && uid !== 0 && uid !== host;
}

/** The places of the user's own configuration, in order of preference. */
export function userConfigs(env: Environment): string[] {
  return userFolders(env).settings.map((folder) => join(folder, 'plenum', 'plenum.json'));
}

/** A folder and its parents, up to the root. */
export function foldersUpwards(start: string): string[] {
  const folders: string[] = [];
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === dirname(folder)) return folders;
  }
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
