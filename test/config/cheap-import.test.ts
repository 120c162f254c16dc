import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = resolve(import.meta.dirname, '../../src');

/** What is loaded with a module before anything of it is called: its own files, and packages. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, clause, specifier = ''] of text.matchAll(
    /^(?:import|export) ((?:(?!;)[^])*?)from '([^']+)';/gm,
  )) {
    const isType = clause?.startsWith('type ') === true;
    if (isType) continue;
    if (specifier.startsWith('.')) loadedWith(resolve(dirname(file), specifier), seen);
    else seen.add(specifier);
  }
  return seen;
}

describe('importing the room', () => {
  it.each(['config/index.ts', 'config/load-config.ts'])('%s loads no library for files', (entry) => {
    const packages = [...loadedWith(resolve(source, entry))].filter(
      (each) => !each.startsWith('/') && !each.startsWith('node:'),
    );
    expect(packages.filter((each) => each !== 'fastest-levenshtein')).toEqual([]);
  });

  it('a library is found when it is looked for', () => {
    expect(loadedWith(resolve(source, 'config/read/read-config.ts'))).toContain('jsonc-parser');
  });
});
