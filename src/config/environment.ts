import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configFailure } from '../errors/config.ts';

/** The variables of an environment, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The user's folders, by the conventions of the platform. */
interface UserFolders {
  readonly home: string;
  /** The folders that contain a folder of settings for each program, in order of preference. */
  readonly settings: readonly string[];
  /** The folder for data that programs store. */
  readonly data: string;
}

export function userFolders(env: Environment, platform: NodeJS.Platform = process.platform): UserFolders {
  const home = nonEmpty(platform === 'win32' ? env['USERPROFILE'] : env['HOME']) ?? homedir();
  const settings: string[] = [];
  // The XDG specification says to ignore a relative path.
  const xdg = nonEmpty(env['XDG_CONFIG_HOME']);
  if (xdg !== undefined && isAbsolute(xdg)) settings.push(xdg);
  if (platform === 'win32') settings.push(nonEmpty(env['APPDATA']) ?? join(home, 'AppData', 'Roaming'));
  settings.push(join(home, '.config'));
  return { home, settings: [...new Set(settings)], data: dataFolder(home, env, platform) };
}

function dataFolder(home: string, env: Environment, platform: NodeJS.Platform): string {
  const xdg = nonEmpty(env['XDG_DATA_HOME']);
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  if (platform === 'win32') return nonEmpty(env['LOCALAPPDATA']) ?? join(home, 'AppData', 'Local');
  return join(home, '.local', 'share');
}

/** Throws `CONFIG_INVALID` for a URL that names no file. */
export function resolvePath(path: string | URL, cwd: string): string {
  if (!(path instanceof URL) && !path.startsWith('file:')) return resolve(cwd, path);
  try {
    return fileURLToPath(path);
  } catch (error) {
    throw configFailure('The path of the configuration must be a path or a file: URL', error);
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
