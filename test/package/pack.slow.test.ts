import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { packageRoot, run, runNode, runTool } from './run.ts';

const INSTALL_MS = 240_000;
const TOOL_MS = 120_000;
const greeted = JSON.stringify({
  direct: [{ type: 'text', text: 'hello' }],
  routed: [{ type: 'text', text: 'hello' }],
  refused: 'UNKNOWN_TOOL',
});

/** The package as users get it: packed, and installed into an empty folder. */
describe('the packed package', () => {
  let folder: string;
  let tarball: string;
  let installed: string;
  let files: string[];

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'plenum-pack-')));
    // `npm test` has just built: not again here, under the feet of other tests.
    const name = await run(
      'npm',
      ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder],
      packageRoot,
    );
    tarball = join(folder, name.trim());
    const consumer = join(folder, 'consumer');
    await mkdir(consumer);
    await writeFile(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
    const nodeTypes = `@types/node@${manifest.devDependencies['@types/node']}`;
    const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...quietly, tarball, nodeTypes], consumer);
    for (const script of ['esm.mjs', 'commonjs.cjs', 'types.mts']) {
      await copyFile(join(import.meta.dirname, 'consumer', script), join(consumer, script));
    }
    installed = join(consumer, 'node_modules', manifest.name);
    files = await filesBelow(installed);
  }, INSTALL_MS);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('holds the build, the sources that its maps point to, and the papers', () => {
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json']));
    expect(files).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'src/index.ts']));
    const papers =
      /^((LICENSE|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|package\.json)|docs\/.+\.md|schema\/plenum\.schema\.json|examples\/.+\.mjs)$/;
    const parts = /^(dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts)$/;
    expect(files.filter((file) => !papers.test(file) && !parts.test(file))).toEqual([]);
    expect(files.filter((file) => /\.(test|spec|bench)\./.test(file))).toEqual([]);
  });

  it('has maps that lead to packed sources', async () => {
    const maps = files.filter((file) => file.endsWith('.map'));
    expect(maps).not.toEqual([]);
    for (const map of maps) {
      const content: unknown = JSON.parse(await readFile(join(installed, map), 'utf8'));
      expect(content, map).toMatchObject({ sources: [expect.stringMatching(/^\.\.?\//)] });
      const { sources, sourceRoot = '' } = content as { sources: string[]; sourceRoot?: string };
      for (const source of sources) {
        const target = await stat(resolve(installed, dirname(map), sourceRoot, source));
        expect(target.isFile(), `${map}: ${source}`).toBe(true);
      }
    }
  });

  it('names no path of the machine that packed it', async () => {
    const ours = [packageRoot, homedir(), tmpdir()].map((path) => path + sep);
    for (const file of files) {
      const text = await readFile(join(installed, file), 'utf8');
      expect(
        ours.filter((path) => text.includes(path)),
        file,
      ).toEqual([]);
    }
  });

  it(
    'works in an ES module',
    async () => {
      expect((await runNode(['esm.mjs'], dirname(dirname(installed)))).trim()).toBe(greeted);
    },
    TOOL_MS,
  );

  it(
    'works in a CommonJS module, by require',
    async () => {
      expect((await runNode(['commonjs.cjs'], dirname(dirname(installed)))).trim()).toBe(greeted);
    },
    TOOL_MS,
  );

  it(
    'has declarations that a strict TypeScript project accepts, down to those of its dependencies',
    async () => {
      const options = [
        '--strict',
        '--noEmit',
        '--target',
        'es2022',
        '--module',
        'nodenext',
        '--types',
        'node',
      ];
      const check = runTool(
        'tsc',
        [...options, '--skipLibCheck', 'false', 'types.mts'],
        dirname(dirname(installed)),
      );
      await expect(check).resolves.toBe('');
    },
    TOOL_MS,
  );

  it(
    'has types that a library can put into its declarations, where packages see only what they name, as with pnpm',
    async () => {
      const library = join(folder, 'library');
      await mkdir(join(library, 'node_modules'), { recursive: true });
      for (const name of [manifest.name, '@types']) {
        await symlink(join(dirname(installed), name), join(library, 'node_modules', name), 'junction');
      }
      await copyFile(
        join(import.meta.dirname, 'consumer/declarations.mts'),
        join(library, 'declarations.mts'),
      );
      const options = ['--strict', '--declaration', '--emitDeclarationOnly', '--skipLibCheck'];
      const target = ['--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
      await expect(runTool('tsc', [...options, ...target, 'declarations.mts'], library)).resolves.toBe('');
      const declarations = await readFile(join(library, 'declarations.d.mts'), 'utf8');
      const named = [...declarations.matchAll(/import\("([^"]+)"\)/g)].map(([, specifier = '']) => specifier);
      expect(named).toContain(manifest.name);
      expect(named.filter((specifier) => !specifier.startsWith(manifest.name))).toEqual([]);
    },
    TOOL_MS,
  );

  it(
    'passes publint',
    async () => {
      await expect(runTool('publint', ['run', tarball, '--strict'], folder)).resolves.toContain('All good');
    },
    TOOL_MS,
  );

  it(
    'has types that are right for every way of importing, says attw',
    async () => {
      const check = runTool('attw', [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], folder);
      await expect(check).resolves.toContain('OK (ESM)');
    },
    TOOL_MS,
  );
});

/** Relative paths with forward slashes; the dependencies that npm may have nested are left out. */
async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll(sep, '/'),
    )
    .filter((file) => !file.startsWith('node_modules/'));
}
