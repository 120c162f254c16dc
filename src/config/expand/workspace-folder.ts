import { basename, dirname } from 'node:path';

/** Folders in which editors keep what belongs to the folder around them. */
const EDITOR_FOLDERS: ReadonlySet<string> = new Set([
  '.vscode',
  '.cursor',
  '.roo',
  '.gemini',
  '.zed',
  '.windsurf',
]);

/** What `${workspaceFolder}` stands for in a file, and what relative paths in it start from. */
export function workspaceFolder(file: string): string {
  const folder = dirname(file);
  return EDITOR_FOLDERS.has(basename(folder)) ? dirname(folder) : folder;
}
