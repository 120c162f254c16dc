// Writes dist/for-bundlers/: the CommonJS dependencies as ES modules. In a bundle in ESM format there is no `require`, with
// which CommonJS could load Node's own modules. Bundlers take these files by the condition "module" of the `imports` in
// package.json; Node takes the packages themselves.
import { readFile, readdir } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../', import.meta.url));
const ENTRY = '\0entry';
const BUILTIN = '\0builtin:';
const ABSENT = '\0absent:';
/** Native helpers of ws, which does without them. */
const OPTIONAL = ['bufferutil', 'utf-8-validate'];

const { imports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
for (const { module: file, default: name } of Object.values(imports)) await write(name, join(root, file));

async function write(name, file) {
  // write-file-atomic makes names of temporary files of it.
  const transform = { define: { __filename: JSON.stringify(name) } };
  const resolve = { mainFields: ['main'], conditionNames: ['node'] };
  const plugins = [await entryOf(name), withoutRequire()];
  const bundle = await rolldown({
    cwd: root,
    input: ENTRY,
    platform: 'neutral',
    resolve,
    transform,
    plugins,
  });
  const { output } = await bundle.write({
    file,
    format: 'esm',
    codeSplitting: false,
    comments: false,
    postBanner: async ({ moduleIds }) => `/*\n${await licensesOf(moduleIds)}\n*/`,
  });
  await bundle.close();
  const [{ imports: left, code }, ...more] = output;
  if (left.length > 0 || more.length > 0) throw new Error(`${name} became more than one file.`);
  if (/\b(?:__require|__dirname|__filename)\b/u.test(code)) throw new Error(`${name} is still CommonJS.`);
}

/** Exports what Node finds in the package. */
async function entryOf(name) {
  const names = Object.keys(await import(name)).filter((each) => /^[a-z_$][\w$]*$/iu.test(each));
  const text = `export { ${names.join(', ')} } from '${name}';`;
  return {
    name: 'entry',
    resolveId: (id) => (id === ENTRY ? id : undefined),
    load: (id) => (id === ENTRY ? text : undefined),
  };
}

/** Puts a function of Node's that needs no import in the place of `require` for Node's own modules. */
function withoutRequire() {
  return {
    name: 'without-require',
    resolveId(id, _importer, { kind }) {
      if (kind !== 'require-call') return undefined;
      if (id.startsWith('node:') || isBuiltin(id)) return BUILTIN + id;
      return OPTIONAL.includes(id) ? ABSENT + id : undefined;
    },
    load(id) {
      if (id.startsWith(BUILTIN)) return builtinModule(id.slice(BUILTIN.length));
      return id.startsWith(ABSENT)
        ? `throw new Error('${id.slice(ABSENT.length)} is not there.');`
        : undefined;
    },
  };
}

/** As `require` does, it fails when the module is first asked for, and with the same code. */
function builtinModule(name) {
  return `
    const found = process.getBuiltinModule('${name}');
    if (found === undefined)
      throw Object.assign(new Error('No such built-in module: ${name}'), { code: 'ERR_UNKNOWN_BUILTIN_MODULE' });
    module.exports = found;`;
}

/** What the licenses of all packages in a file demand. */
async function licensesOf(moduleIds) {
  const paths = moduleIds.filter((id) => id.includes(`node_modules${sep}`));
  const packages = new Set(
    paths.map((path) => /^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/u.exec(path)[0]),
  );
  const texts = [...packages].map(async (folder) => {
    const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/iu.test(each));
    if (file === undefined) throw new Error(`${name} has no license.`);
    const text = await readFile(join(folder, file), 'utf8');
    return `${name} ${version}\n\n${text.trim().replaceAll('*/', '* /')}`;
  });
  return (await Promise.all(texts)).join(`\n\n${'-'.repeat(80)}\n\n`);
}
