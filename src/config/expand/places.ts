import { basename, sep } from 'node:path';
import type { Environment } from '../load-config.ts';
import { userFolders } from '../environment.ts';
import { workspaceFolder } from './workspace-folder.ts';

/** What names such as `${workspaceFolder}` stand for in a file. */
export function placesOf(file: string, env: Environment): ReadonlyMap<string, string> {
  const workspace = workspaceFolder(file);
  return new Map([
    ['workspaceFolder', workspace],
    ['workspaceFolderBasename', basename(workspace)],
    ['userHome', userFolders(env).home],
    ['pathSeparator', sep],
    ['/', sep],
  ]);
}
