import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { packageRoot, run } from './run.ts';

/** A project that has the packed package among its modules. */
export interface Project {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Packs the last build, and unpacks it beside links to its dependencies: no registry is asked. */
export async function projectWithPackage(): Promise<Project> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'plenum-project-')));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, manifest.name);
  await mkdir(installed, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], packageRoot);
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  const unpack = ['-xzf', tarball, '--strip-components=1', '-C', join('node_modules', manifest.name)];
  await promisify(execFile)('tar', unpack, { cwd: folder });
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(modules, name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(packageRoot, 'node_modules', name), link, 'junction');
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
