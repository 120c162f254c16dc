import { mkdir } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { configFailure, serverNameUnusable } from '../../errors/config.ts';
import { isRecord } from '../../internal/checks.ts';
import { checkOptions } from '../../options/check-options.ts';
import { copyServersOptions } from '../../options/tables/config.ts';
import { isFile } from '../find-config.ts';
import type { FoundServer } from './read-editor-configs.ts';
import { resolvePath } from '../environment.ts';
import { workspaceFolder } from '../expand/workspace-folder.ts';

export interface CopyServersOptions {
  /** The configuration to write to; it is created when it is missing. */
  to: string | URL;
  /** The servers to copy. A changed `name` copies the server under that name. */
  servers: readonly FoundServer[];
  /**
   * What to do when the configuration already has a server of that name.
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
  /** Names that were not copied because the file, or an earlier one of `servers`, has them. */
  readonly skipped: readonly string[];
  /**
   * Places of literal values in headers and environment variables, which may be secrets, such as `github.env.TOKEN`.
   */
  readonly literals: readonly string[];
}

/**
 * Copies servers into a configuration and keeps its comments and layout. References such as `${TOKEN}` are copied as
 * references. Relative paths and `${workspaceFolder}` are rewritten so that they point to the same place. The file is
 * written atomically; a new one has mode 0600.
 *
 * Rejects with `CONFIG_INVALID` when the existing configuration cannot be read; it is not changed then.
 */
export async function copyServers(options: CopyServersOptions): Promise<CopyReport> {
  checkOptions(copyServersOptions, options, 'Options of copyServers()');
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
    if (name === '' || name === '__proto__') throw serverNameUnusable(name);
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
  const { default: writeFileAtomic } = await import('#write-file-atomic');
  try {
    if (!isThere) await mkdir(dirname(path), { recursive: true });
    // An existing file keeps its mode.
    await writeFileAtomic(path, text, isThere ? {} : { mode: 0o600 });
  } catch (error) {
    throw configFailure(`Writing ${path}`, error);
  }
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

/** Rewrites a server's definition for a file in the workspace `target`, so that its paths point to the same place. */
function relocateServer(
  { definition, folder }: Pick<FoundServer, 'definition' | 'folder'>,
  target: string,
): Readonly<Record<string, unknown>> {
  if (folder === undefined || relative(folder, target) === '') return definition;
  const moved = replaceFolder(definition, folder);
  const { command, cwd, envFile } = moved;
  return {
    ...moved,
    ...(typeof command === 'string' &&
      /^\.\.?[\\/]/.test(command) && { command: literal(resolve(folder, command)) }),
    ...(typeof cwd === 'string' && !cwd.includes('${') && { cwd: literal(resolve(folder, cwd)) }),
    // It starts in the folder of its file, which is another one now.
    ...(command !== undefined && (cwd ?? null) === null && { cwd: literal(folder) }),
    ...(typeof envFile === 'string' &&
      !envFile.includes('${') && { envFile: literal(resolve(folder, envFile)) }),
  };
}

/** A `${` in a path is escaped: it is no reference. */
function literal(path: string): string {
  return path.replaceAll('${', () => '$${');
}

function replaceFolder(value: Readonly<Record<string, unknown>>, folder: string): Record<string, unknown> {
  const text = literal(folder);
  const replace = (part: unknown): unknown => {
    if (typeof part === 'string') return part.replace(/(?<!\$)\$\{workspaceFolder\}/g, () => text);
    if (Array.isArray(part)) return part.map(replace);
    return isRecord(part) ? replaceIn(part) : part;
  };
  const replaceIn = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(record).map(([key, part]) => [key, replace(part)]));
  return replaceIn(value);
}
