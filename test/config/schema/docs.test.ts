import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SPELLINGS } from '../../../src/config/read/foreign-keys.ts';
import { gatewayInFile, groupInFile, stdioInFile, urlInFile } from '../../../src/options/tables/file.ts';
import { load } from '../support/loading.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
const examples = [...page.matchAll(/^```jsonc?\n([^]*?)^```/gm)].map(([, text]) => text ?? '');

describe('docs/configuration.md', () => {
  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(2);
  });

  it.each(examples)('an example is a configuration without a warning: %s', async (text) => {
    const config = await load(text, { env: { ISSUES_TOKEN: 't' }, prompt: () => 'answer' });
    expect(config.warnings).toEqual([]);
  });

  it('names every option and every spelling', () => {
    const keys = [stdioInFile, urlInFile, groupInFile, gatewayInFile].flatMap((table) => Object.keys(table));
    const spellings = SPELLINGS.map(({ from }) => from.join('.'));
    const missing = [...keys, ...spellings].filter(
      (key) => !new RegExp(`[\`"]${key.replace('.', '\\.')}[\`":]`).test(page),
    );
    expect(missing).toEqual([]);
  });
});
