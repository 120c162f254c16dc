import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Application, Converter, makeRecursiveVisitor } from 'typedoc';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const OFFICIAL = '@modelcontextprotocol/';

/** The source files of what users import. */
const entryPoints = Object.values(manifest.exports)
  .filter((target) => typeof target === 'object')
  .map((target) => join(root, target.default.replace('./dist/', 'src/').replace(/\.js$/u, '.ts')));

/**
 * Reads every public entry, checks it, and writes the reference to `api-reference/`. Returns whether all is well: every
 * link of a comment leads somewhere, and every type that a signature names is exported.
 */
export async function buildReference() {
  const app = await Application.bootstrap({
    name: manifest.name,
    entryPoints,
    tsconfig: join(root, 'tsconfig.build.json'),
    out: join(root, 'api-reference'),
    readme: 'none',
    skipErrorChecking: true, // `npm run typecheck` does that
    disableSources: true, // they would be links to a repository
    excludePrivate: true,
    excludeInternal: true,
    validation: { invalidLink: true, invalidPath: true, rewrittenLink: true, notExported: true },
    logLevel: 'Warn',
  });
  app.converter.on(Converter.EVENT_BEGIN, nameOfficialTypes);
  app.converter.addUnknownSymbolResolver(linkToPackage);

  const project = await app.convert();
  if (project === undefined) return false;
  for (const module of project.children ?? []) {
    module.name = module.name === 'index' ? manifest.name : `${manifest.name}/${module.name}`;
  }
  app.validate(project);
  for (const line of unexported(project)) app.logger.error(line);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) return false;
  await app.generateDocs(project, app.options.getValue('out'));
  return true;
}

/**
 * Most official types are conditional types over a schema: the compiler forgets their names, and signatures would spell
 * whole types out. This gives each its exported name back, before anything is read.
 */
function nameOfficialTypes({ programs }) {
  for (const program of programs) {
    const checker = program.getTypeChecker();
    for (const file of program.getSourceFiles()) {
      const module = file.fileName.includes(`/node_modules/${OFFICIAL}`) && checker.getSymbolAtLocation(file);
      if (!module) continue;
      for (const exported of checker.getExportsOfModule(module)) {
        const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
        if (symbol.flags & ts.SymbolFlags.TypeAlias) {
          const type = checker.getDeclaredTypeOfSymbol(symbol);
          if (type.flags & ts.TypeFlags.Object) type.aliasSymbol ??= symbol;
        }
      }
    }
  }
}

/** What belongs to another package leads to its page; so does what the comments of other packages link to. */
function linkToPackage(reference, reflection, part, symbol) {
  const owner = symbol?.packageName ?? reference.moduleSource;
  if (owner === undefined || owner === manifest.name) {
    return isForeign(reflection) ? { target: '#' } : undefined;
  }
  if (owner === '@types/node' || owner === 'typescript') return undefined;
  return `https://www.npmjs.com/package/${owner}`;
}

function isForeign(reflection) {
  for (let at = reflection; at !== undefined; at = at.parent) if (at.flags.isExternal) return true;
  return false;
}

/** The official types that signatures of ours name and the main entry does not export, with one place each. */
function unexported(project) {
  const missing = new Map();
  for (const reflection of Object.values(project.reflections)) {
    if (isForeign(reflection)) continue;
    const visitor = makeRecursiveVisitor({
      reference({ package: owner, reflection: found, qualifiedName }) {
        if (!owner?.startsWith(OFFICIAL) || found !== undefined) return;
        // A member of a namespace comes with it.
        missing.set(`${qualifiedName.split('.')[0]} of ${owner}`, reflection.getFullName());
      },
    });
    const { type, default: fallback, extendedTypes = [], implementedTypes = [] } = reflection;
    for (const named of [type, fallback, ...extendedTypes, ...implementedTypes]) named?.visit?.(visitor);
  }
  return [...missing].map(([name, place]) => `${place} names ${name}, which is not exported`);
}
