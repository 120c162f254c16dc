import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ODDITIES } from '../../src/reading/oddities.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/servers.md'), 'utf8');

/** The rows of the table in docs/servers.md: kind, what was found, what becomes of it. */
const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\| (.+?) +\|$/gm)].map(([, ...cells]) => cells);

describe('the table of mended messages in docs/servers.md', () => {
  it.each(Object.entries(ODDITIES))('has %s, in the words of its report', (kind, { found, done }) => {
    expect(rows).toContainEqual([kind, found, done]);
  });
});
