import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { importSources } from '../editors/editors.ts';
import { type Environment, userFolders } from '../environment.ts';
import { workspaceFolder } from '../expand/workspace-folder.ts';
import { PROJECT_FILES, userConfigs } from '../find-config.ts';

/** Where this user's consents are kept. */
export function consentPath(env: Environment): string {
  return join(userFolders(env).data, 'plenum', 'trust.json');
}

/**
 * Whether a file is the user's own, which needs no consent: it stands directly in the home folder, or is one of the
 * places where the user's own settings of Plenum and of editors are. A folder in the home is a project.
 */
export async function isUsersOwn(path: string, env: Environment): Promise<boolean> {
  if (userConfigs(env).includes(path)) return true;
  if (importSources({ env }).some((source) => source.scope === 'user' && source.path === path)) return true;
  const { home } = userFolders(env);
  if (!isAbsolute(home)) return false;
  const homes = [home, await realpath(home).catch(() => home)];
  return homes.some((each) => PROJECT_FILES.some((name) => join(each, name) === path));
}

/** Whether commands that are not told a file could take this one, and would ask for consent. */
export async function isProjectFile(path: string, env: Environment): Promise<boolean> {
  const folder = workspaceFolder(path);
  return PROJECT_FILES.some((name) => join(folder, name) === path) && !(await isUsersOwn(path, env));
}

/**
 * The path that a consent is kept by: the real folder of the project, and the name of the file in it. A link in place
 * of the file, or of the folder around it, does not lead to the consent for another project: processes would start in
 * this one.
 */
export async function consentKey(path: string): Promise<string> {
  const folder = workspaceFolder(path);
  const real = await realpath(folder).catch(() => folder);
  return join(real, relative(folder, path));
}
