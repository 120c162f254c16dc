import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import expected from './exports.json' with { type: 'json' };
import { packageRoot, runNode } from './run.ts';

const subpaths = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string' ? [] : [{ subpath, ...target }],
);

/**
 * The public names, by hand: a change of `exports.json` is a change of the API, and belongs in the changelog.
 * The package is asked by its own name, so that what Node resolves is what is looked at.
 */
describe('the public exports', () => {
  it('are written down for every subpath', () => {
    expect(Object.keys(expected)).toEqual(subpaths.map(({ subpath }) => subpath));
  });

  it.each(subpaths)('$subpath has its files', ({ types, default: entry }) => {
    expect([types, entry].filter((path) => !existsSync(resolve(packageRoot, path)))).toEqual([]);
  });

  it.each(Object.entries(expected))(
    '%s exports what is written down, and no more',
    async (subpath, names) => {
      const specifier = `${manifest.name}${subpath.slice(1)}`;
      const script = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)}))))`;
      const output = await runNode(['--input-type=module', '--eval', script], packageRoot);
      expect(JSON.parse(output)).toEqual(names);
    },
  );
});
