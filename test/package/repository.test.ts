import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { packageRoot } from './run.ts';

const oldest = Number(/\d+/u.exec(manifest.engines.node)?.[0]);

function read(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8');
}

/** Folders with a lockfile, from the root of the repository. */
function lockedFolders(folder = '/'): string[] {
  const entries = readdirSync(join(packageRoot, folder), { withFileTypes: true });
  const below = entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && entry.name !== '.git')
    .flatMap((entry) => lockedFolders(`${folder === '/' ? '' : folder}/${entry.name}`));
  return entries.some(({ name }) => name === 'package-lock.json') ? [folder, ...below] : below;
}

describe('the files around the code', () => {
  it('name the oldest Node that is supported for development', () => {
    expect(Number(read('.nvmrc'))).toBe(oldest);
  });

  it('run everything on the oldest Node and on newer ones, on each system', () => {
    const workflow = read('.github/workflows/ci.yml');
    const versions = /node: \[(.*)\]/u.exec(workflow)?.[1]?.split(', ').map(Number) ?? [];
    expect(Math.min(...versions)).toBe(oldest);
    expect(versions.length).toBeGreaterThan(1);
    expect(workflow).toContain('os: [ubuntu-latest, macos-latest, windows-latest]');
    expect(workflow).toContain('run: .ci/run');
  });

  it('keep the dependencies of each folder with a lockfile up to date', () => {
    const dependabot = read('.github/dependabot.yml');
    const named = [...dependabot.matchAll(/^ +(?:directory:|-) (\/.*)$/gmu)].map(([, folder]) => folder);
    expect(named).toEqual(expect.arrayContaining(lockedFolders()));
  });
});
