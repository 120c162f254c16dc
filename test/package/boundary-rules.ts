import { posix } from 'node:path';
import { isBuiltin } from 'node:module';
import type { AmbientName, Import, SourceModule } from './source-module.ts';

/** A room is a folder of `src/`, or a file that stands there alone; it may always import itself. */
export interface Room {
  /** The rooms below it. */
  readonly uses: readonly string[];
  /** Rooms of which it may name types: any, or these. */
  readonly usesTypesOf?: Readonly<Record<string, 'any' | readonly string[]>>;
  /** What it may take from the official packages. */
  readonly official: 'values' | 'types' | 'nothing';
}

export type Rooms = Readonly<Record<string, Room>>;

const OFFICIAL = '@modelcontextprotocol/';

export function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
}

/** Imports between rooms go along the table's arrows only, and lead to a file that is there. */
export function findWrongArrows(modules: readonly SourceModule[], rooms: Rooms): string[] {
  const paths = new Set(modules.map((module) => module.path));
  return modules.flatMap((module) => {
    const from = roomOf(module.path);
    const room = rooms[from];
    if (room === undefined) return [`${module.path}: the room '${from}' is not in the table`];
    return relativeImports(module).flatMap(({ target, found }) => {
      const at = `${module.path}:${found.line}`;
      if (!paths.has(target)) return [`${at}: ${found.specifier} is not a file of src`];
      const to = roomOf(target);
      if (to === from || room.uses.includes(to)) return [];
      const types = room.usesTypesOf?.[to];
      if (types === undefined) return [`${at}: ${from} may not import ${to}`];
      if (!found.typeOnly) return [`${at}: ${from} may import types only from ${to}`];
      const forbidden = types === 'any' ? [] : found.names.filter((name) => !types.includes(name));
      return forbidden.map((name) => `${at}: ${from} may not import the type ${name} from ${to}`);
    });
  });
}

/** Imports lead back to no file that they came from. A circle of types counts, too: none of its files can be read alone. */
export function findCycles(modules: readonly SourceModule[]): string[] {
  const edges = new Map(
    modules.map((module) => [module.path, relativeImports(module).map(({ target }) => target)]),
  );
  const cycles: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const walk = (path: string) => {
    const since = trail.indexOf(path);
    if (since !== -1) cycles.push([...trail.slice(since), path].join(' → '));
    if (since !== -1 || done.has(path)) return;
    trail.push(path);
    edges.get(path)?.forEach(walk);
    trail.pop();
    done.add(path);
  };
  for (const path of edges.keys()) walk(path);
  return cycles;
}

/** A room's `index.ts` is for the outside: inside, an import names the file that it means. */
export function findBarrelImports(modules: readonly SourceModule[]): string[] {
  return modules
    .filter((module) => module.path.includes('/'))
    .flatMap((module) =>
      relativeImports(module)
        .filter(({ target }) => target.endsWith('/index.ts') && roomOf(target) !== roomOf(module.path))
        .map(({ target, found }) => `${module.path}:${found.line}: imports the barrel ${target}`),
    );
}

/** The official packages are loaded where the table says so; whatever is imported has been declared. */
export function findWrongPackages(
  modules: readonly SourceModule[],
  rooms: Rooms,
  declared: readonly string[],
): string[] {
  return modules.flatMap((module) => {
    const official = rooms[roomOf(module.path)]?.official;
    return module.imports.flatMap((found) => {
      if (isRelative(found) || isBuiltin(found.specifier)) return [];
      const at = `${module.path}:${found.line}`;
      const name = packageOf(found.specifier);
      if (!declared.includes(name)) return [`${at}: ${name} is not among the dependencies`];
      if (!name.startsWith(OFFICIAL) || official === 'values') return [];
      if (official === 'types' && found.typeOnly) return [];
      return [`${at}: may import ${official ?? 'nothing'} from ${name}`];
    });
  });
}

/** What belongs to the whole process is touched by the files that match, and by no other. */
export function findAmbientUses(
  modules: readonly SourceModule[],
  allowed: Readonly<Record<AmbientName, readonly RegExp[]>>,
): string[] {
  return modules.flatMap((module) =>
    module.ambient
      .filter((use) => !allowed[use.name].some((pattern) => pattern.test(module.path)))
      .map((use) => `${module.path}:${use.line}: uses ${use.name}`),
  );
}

/** Only the files that match listen to signals by themselves. */
export function findSignalListeners(modules: readonly SourceModule[], allowed: RegExp): string[] {
  return modules
    .filter(({ path }) => !allowed.test(path))
    .flatMap(({ path, signalListeners }) =>
      signalListeners.map((line) => `${path}:${line}: listens to a signal. Use internal/limit.ts`),
    );
}

/** A folder has at most `maxFiles` files of its own; `exempt` names the folders of which each file is one of a kind. */
export function findCrowdedFolders(
  modules: readonly SourceModule[],
  maxFiles: number,
  exempt: readonly string[],
): string[] {
  const counts = new Map<string, number>();
  for (const { path } of modules) {
    const folder = posix.dirname(path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([folder, count]) => count > maxFiles && !exempt.includes(folder))
    .map(([folder, count]) => `${folder}: ${count} files, more than ${maxFiles}`);
}

/** The files of fewer than `minLines` lines, the shortest first, when they are `maxShare` of all files or more. */
export function findShortFiles(
  modules: readonly SourceModule[],
  minLines: number,
  maxShare: number,
): string[] {
  const short = modules.filter(({ lineCount }) => lineCount < minLines);
  if (short.length < maxShare * modules.length) return [];
  return short
    .toSorted((a, b) => a.lineCount - b.lineCount)
    .map(({ path, lineCount }) => `${path}: ${lineCount} lines`);
}

/**
 * The folders of `test/` are those of `src/`. Exempt are those that `others` names, with all below them, and a folder
 * `support` in any folder.
 */
export function findStrayTestFolders(
  testFolders: readonly string[],
  sourceFolders: readonly string[],
  others: readonly string[],
): string[] {
  return testFolders.filter((folder) => {
    if (sourceFolders.includes(folder) || posix.basename(folder) === 'support') return false;
    return !others.some((other) => folder === other || folder.startsWith(`${other}/`));
  });
}

function relativeImports(module: SourceModule): { target: string; found: Import }[] {
  return module.imports
    .filter(isRelative)
    .map((found) => ({ target: posix.join(posix.dirname(module.path), found.specifier), found }));
}

function isRelative(found: Import): boolean {
  return found.specifier.startsWith('.');
}

/** A `#` stands before a package that bundlers get in another form. */
function packageOf(specifier: string): string {
  const parts = specifier.replace(/^#/, '').split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Errors are made in their own room: a file elsewhere that makes one itself is found. */
export function findInlineErrors(
  files: readonly { readonly path: string; readonly text: string }[],
): string[] {
  return files
    .filter(
      ({ path, text }) =>
        roomOf(path) !== 'errors' && /\bnew PlenumError\s*\(|\bPlenumError\.from\s*\(/.test(text),
    )
    .map(({ path }) => `${path}: makes an error; use a factory of src/errors`);
}
