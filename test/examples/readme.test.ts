import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The code of a program, without its comments and however it is laid out. */
const essence = (code: string): string =>
  code
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s+\/\/ .*$/gm, '')
    .replace(/\s+/g, ' ')
    .trim();

describe('the README', () => {
  // examples.test.ts runs it.
  it('shows the program of examples/connect-three.mjs', () => {
    const [, block] = /```js\n(.*?)```/s.exec(read('README.md')) ?? [];
    expect(essence(block ?? '')).toBe(essence(read('examples/connect-three.mjs')));
  });

  it('shows what it is, how to install it and the program within its first screen', () => {
    const lines = read('README.md').split('\n');
    const line = (text: string): number => lines.findIndex((each) => each.includes(text)) + 1;
    expect(line('Every MCP server in one session')).toBeGreaterThan(0);
    expect(line('npm install mcp-plenum')).toBeGreaterThan(0);
    expect(line('await group.close()')).toBeGreaterThan(0);
    expect(line('await group.close()')).toBeLessThanOrEqual(40);
  });

  it('links to pages that are there', () => {
    const links = [...read('README.md').matchAll(/\]\(((?!https?:)[^)#]+)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(5);
    for (const link of links.filter((path) => !path.endsWith('/'))) expect(read(link), link).not.toBe('');
  });
});
