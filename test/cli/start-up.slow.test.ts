import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { parseModule } from '../package/source-module.ts';
import { MAIN, plenum } from './support/run-cli.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli');

/** The quickest of some runs: what else goes on makes a run longer, never shorter. */
function quickest(args: readonly string[]): number {
  const times = Array.from({ length: 15 }, () => {
    const startedAt = performance.now();
    spawnSync(process.execPath, args);
    return performance.now() - startedAt;
  });
  return Math.min(...times);
}

describe('plenum: start-up', () => {
  it('--version takes hardly longer than node itself', () => {
    const bare = quickest(['-e', '0']);
    expect(quickest([MAIN, '--version'])).toBeLessThan(bare * 1.5 + 40);
  });

  it('--version prints the version and nothing else', async () => {
    expect(await plenum(['--version'])).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' });
    expect(await plenum(['-V'])).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it('what every run loads leaves libraries and commands for later', () => {
    const eager = new Set<string>();
    const load = (path: string): void => {
      if (eager.has(path)) return;
      eager.add(path);
      const module = parseModule(path, readFileSync(join(CLI, path), 'utf8'));
      for (const { specifier, typeOnly, line } of module.imports) {
        const isDynamic = readFileSync(join(CLI, path), 'utf8').split('\n')[line - 1]?.includes('import(');
        if (typeOnly || isDynamic === true) continue;
        const within = join(dirname(path), specifier);
        if (specifier.startsWith('.') && !within.startsWith('..')) load(within);
        else eager.add(specifier);
      }
    };
    load('run.ts');
    const libraries = [...eager].filter((each) => !each.endsWith('.ts') && !each.startsWith('node:'));
    expect(libraries).toEqual(['commander']);
    expect([...eager].filter((each) => each.startsWith('commands/'))).toEqual([]);
  });
});
