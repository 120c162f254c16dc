import { relative, resolve } from 'node:path';
import { isRecord } from '../../internal/checks.ts';
import type { FoundServer } from './read-editor-configs.ts';

/** The definition of a server, so that it means in a file of the workspace `target` what it meant in its own. */
export function relocateServer(
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
