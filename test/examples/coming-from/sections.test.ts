import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingFrom, sections } from './rows.ts';

describe('docs/coming-from.md', () => {
  it('has a file of tests for each section', () => {
    const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'));
    const tested = files.flatMap((name) => {
      const code = readFileSync(join(import.meta.dirname, name), 'utf8');
      return [...code.matchAll(/^testRows\('([^']+)'/gm)].map(([, section = '']) => section);
    });
    expect(tested.toSorted()).toEqual([...sections.keys()].toSorted());
  });

  it('has rows that are told apart by their first cells', () => {
    for (const [section, rows] of sections) {
      const titles = rows.map(({ title }) => title);
      expect(new Set(titles).size, section).toBe(titles.length);
      expect(titles, section).not.toContain('');
    }
  });

  it('finds calls and options that a test does not use', () => {
    const test = (): void => void { timeoutMs: 1, group: { callTool: 1 } };
    expect(
      missingFrom(test, '`await group.callTool(name, { timeoutMs: 1 })`, and `group.readResource`'),
    ).toEqual(['readResource']);
  });
});
