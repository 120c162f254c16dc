import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/testing.md'), 'utf8');
const examples = [...page.matchAll(/^## (.+)$|^```js\n([^]*?)^```/gm)].reduce<
  { under: string; code: string }[]
>((found, [, heading, code]) => {
  const under = heading ?? found.at(-1)?.under ?? 'Testing';
  return [...found, { under, code: code ?? '' }];
}, []);

describe('testing kit: the examples of docs/testing.md', () => {
  it.each(examples.filter(({ code }) => code !== ''))('run to their end: $under', async ({ code }) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      timeout: 100_000,
    });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.stdout.resume();
    const [status] = await once(child, 'close');
    expect({ status, errors }).toEqual({ status: 0, errors: '' });
  });
});
