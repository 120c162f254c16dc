import { basename, dirname } from 'node:path';

/** Folders in which editors keep the settings of the folder above. */
const EDITOR_FOLDERS: ReadonlySet<string> = new Set([
  '.vscode',
  '.cursor',
  '.roo',
  '.gemini',
  '.zed',
  '.windsurf',
]);

/** The value of `${workspaceFolder}` in a file; relative paths start from it, too. */
export function workspaceFolder(file: string): string {
  const folder = dirname(file);
  return EDITOR_FOLDERS.has(basename(folder)) ? dirname(folder) : folder;
}
