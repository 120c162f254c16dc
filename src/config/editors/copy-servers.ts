import { mkdir } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { isFile } from '../find-config.ts';
import type { FoundServer } from './read-editor-configs.ts';
import { resolvePath } from '../environment.ts';
import { workspaceFolder } from '../expand/workspace-folder.ts';

export interface CopyServersOptions {
  /** The configuration to write to; made when it is not there. */
  to: string | URL;
  /** What to copy; give one another `name` to have it under that. */
  servers: readonly FoundServer[];
  /**
   * What to do when the configuration has a server of that name.
   * @default 'skip'
   */
  onConflict?: 'skip' | 'replace';
  /** @default process.cwd() */
  cwd?: string;
}

export interface CopyReport {
  /** The file that was written to. */
  readonly path: string;
  readonly copied: readonly string[];
  /** Names that were there already, in the file or earlier among `servers`, and stayed as they were. */
  readonly skipped: readonly string[];
  /** Where values of headers and of the environment stand as they are, and may be secrets: `github.env.TOKEN`. */
  readonly literals: readonly string[];
}

/**
 * Copies servers into a configuration, whose comments and layout stay. Nothing is expanded on the way: what was a
 * reference to a secret is one there. Relative paths and `${workspaceFolder}` go on meaning what they meant. The file
 * is written whole or not at all; a new one can be read by its owner only.
 *
 * Rejects with `CONFIG_INVALID` when the configuration there cannot be read; it is as it was, then.
 */
export async function copyServers(options: CopyServersOptions): Promise<CopyReport> {
  const { to, servers, onConflict = 'skip', cwd = process.cwd() } = options;
  const path = resolvePath(to, cwd);
  const { ConfigEditor } = await import('../json/config-editor.ts');
  const isThere = await isFile(path);
  const editor = await ConfigEditor.open(isThere ? path : undefined);
  const copied: string[] = [];
  const skipped: string[] = [];
  const literals: string[] = [];
  for (const found of servers) {
    const { name } = found;
    if (name === '' || name === '__proto__') throw unusableName(name);
    const definition = relocateServer(found, workspaceFolder(path));
    const there = editor.server(name);
    if (there !== undefined && (onConflict === 'skip' || copied.includes(name))) {
      skipped.push(name);
      continue;
    }
    if (!isDeepStrictEqual(there, definition)) editor.setServer(name, definition);
    for (const input of found.inputs) editor.addInput(input);
    copied.push(name);
    literals.push(...literalsOf(definition).map((field) => `${name}.${field}`));
  }
  if (copied.length > 0) await write(path, editor.text, isThere);
  return { path, copied, skipped, literals };
}

async function write(path: string, text: string, isThere: boolean): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  try {
    if (!isThere) await mkdir(dirname(path), { recursive: true });
    // One that is there keeps its mode.
    await writeFileAtomic(path, text, isThere ? {} : { mode: 0o600 });
  } catch (error) {
    throw PlenumError.from(error, 'CONFIG_INVALID', `Writing ${path}`);
  }
}

function unusableName(name: string): PlenumError {
  return new PlenumError(
    'CONFIG_INVALID',
    `No server can have the name ${JSON.stringify(name)}. Give it another.`,
  );
}

/** Fields of `env` and headers without a reference in them. */
function literalsOf(definition: Readonly<Record<string, unknown>>): string[] {
  return ['env', 'headers', 'http_headers'].flatMap((key) => {
    const values = definition[key];
    if (!isRecord(values)) return [];
    const literal = Object.entries(values).filter(
      ([, value]) => typeof value === 'string' && !value.includes('${'),
    );
    return literal.map(([name]) => `${key}.${name}`);
  });
}

/** The definition of a server, so that it means in a file of the workspace `target` what it meant in its own. */
function relocateServer(
  { definition, folder }: Pick<FoundServer, 'definition' | 'folder'>,
  target: string,
): Readonly<Record<string, unknown>> {
  if (folder === undefined || relative(folder, target) === '') return definition;
  const moved = replaceFolder(definition, folder);
  const { command, cwd, envFile } = moved;
  return {
    ...moved,
    ...(typeof command === 'string' && /^\.\.?[\\/]/.test(command) && { command: resolve(folder, command) }),
    ...(typeof cwd === 'string' && !cwd.includes('${') && { cwd: resolve(folder, cwd) }),
    ...(typeof envFile === 'string' && !envFile.includes('${') && { envFile: resolve(folder, envFile) }),
  };
}

function replaceFolder(value: Readonly<Record<string, unknown>>, folder: string): Record<string, unknown> {
  // What a folder's name has of references stands for itself.
  const text = folder.replaceAll('${', '$${');
  const replace = (part: unknown): unknown => {
    if (typeof part === 'string') return part.replace(/(?<!\$)\$\{workspaceFolder\}/g, () => text);
    if (Array.isArray(part)) return part.map(replace);
    return isRecord(part) ? replaceIn(part) : part;
  };
  const replaceIn = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(record).map(([key, part]) => [key, replace(part)]));
  return replaceIn(value);
}
