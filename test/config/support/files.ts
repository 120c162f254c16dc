import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { newFolder } from '../../support/folders.ts';

const FIXTURES = resolve(import.meta.dirname, '../../fixtures/configs');

export function fixture(name: string): string {
  return join(FIXTURES, name);
}

/** A folder with these files; deleted when the test is over. */
export function folderWith(files: Readonly<Record<string, string | object>> = {}): string {
  const folder = newFolder();
  for (const [name, content] of Object.entries(files)) writeTo(join(folder, name), content);
  return folder;
}

/** Writes a file, of an object as JSON. Returns its path. */
export function writeTo(path: string, content: string | object): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return path;
}

/** A file of its own for a configuration. Returns its path. */
export function configFile(content: string | object, name = 'plenum.json'): string {
  return join(folderWith({ [name]: content }), name);
}
