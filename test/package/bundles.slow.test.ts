import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { projectWithPackage, type Project } from './packed.ts';
import { packageRoot, runTool, toolPath } from './run.ts';
import { expectGoodVisit } from './visit.ts';

const PROGRAM = 'visit-servers.mjs';

/** What is typed to make a bundle: the commands of docs/deploying.md, and more. */
const BUNDLES = [
  [
    'esbuild',
    'ES modules',
    'app.mjs',
    `${PROGRAM} --bundle --platform=node --format=esm --outfile=out/app.mjs`,
  ],
  [
    'esbuild',
    'CommonJS',
    'app.cjs',
    `${PROGRAM} --bundle --platform=node --format=cjs --outfile=out/app.cjs`,
  ],
  [
    'esbuild',
    'ES modules, minified and split',
    'visit-servers.mjs',
    `${PROGRAM} --bundle --minify --splitting --platform=node --format=esm --outdir=out --out-extension:.js=.mjs`,
  ],
  ['rolldown', 'ES modules', 'visit-servers.js', `${PROGRAM} --platform node --format esm --dir out`],
  ['rolldown', 'CommonJS', 'visit-servers.js', `${PROGRAM} --platform node --format cjs --dir out`],
  ['bun', 'Node.js', 'app.mjs', `build ${PROGRAM} --target=node --outfile=out/app.mjs`],
  ['bun', 'Bun', 'app.js', `build ${PROGRAM} --target=bun --outfile=out/app.js`],
] as const;

describe('C11 bundles reach servers of every kind, and close them', () => {
  let project: Project;

  beforeAll(async () => {
    project = await projectWithPackage();
    await copyFile(join(import.meta.dirname, 'consumer', PROGRAM), join(project.folder, PROGRAM));
  });

  afterAll(() => project.remove());

  it('as docs/deploying.md makes them', () => {
    const page = readFileSync(join(packageRoot, 'docs/deploying.md'), 'utf8');
    const [, commands = ''] = /```sh\n(.*?)```/s.exec(page) ?? [];
    const onPage = commands.trim().split('\n');
    expect(onPage.length).toBeGreaterThan(3);
    const tried = BUNDLES.map(([bundler, , , args]) => `${bundler} ${args}`.replace(PROGRAM, 'app.ts'));
    expect(tried).toEqual(expect.arrayContaining(onPage.map((line) => line.replace(/^npx /, ''))));
  });

  it.each(BUNDLES)('of %s for %s', async (bundler, format, file, args) => {
    await runTool(bundler, args.split(' '), project.folder);
    // To where there is no package to be found beside it.
    const folder = await mkdtemp(join(tmpdir(), 'plenum-bundle-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await rename(join(project.folder, 'out'), join(folder, 'out'));
    const type = format === 'CommonJS' ? 'commonjs' : 'module';
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type }));
    const command = format === 'Bun' ? toolPath('bun') : process.execPath;
    await expectGoodVisit(command, [join('out', file)], folder);
  });
});

describe('the dependencies that bundlers get as ES modules', () => {
  const imports = Object.entries(manifest.imports);

  it.each(imports)('%s has what the package has', async (_, { default: name, module: file }) => {
    const ours: object = await import(/* @vite-ignore */ new URL(`../../${file}`, import.meta.url).href);
    const theirs: object = await import(/* @vite-ignore */ name);
    const names = Object.keys(theirs).filter((each) => each !== 'module.exports');
    expect(names).not.toEqual([]);
    expect(Object.keys(ours)).toEqual(expect.arrayContaining(names));
  });
});
