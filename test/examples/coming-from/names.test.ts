import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SessionGroup, SessionManager } from '../../../src/index.ts';
import { aiSdkToolkit } from '../../../src/toolkit/ai-sdk/index.ts';
import { langchainToolkit } from '../../../src/toolkit/langchain/index.ts';
import { searchToolkit } from '../../../src/toolkit/search/search-toolkit.ts';
import { serverChoiceToolkit } from '../../../src/toolkit/search/server-choice.ts';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';

const page = readFileSync(new URL('../../../docs/coming-from.md', import.meta.url), 'utf8');

/** The code of the last column of every table. */
const ours = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').at(-2) ?? '')
  .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? ''));

const after = (word: string): string[] =>
  ours.flatMap((code) =>
    [...code.matchAll(new RegExp(`\\b${word}\\.(\\w+)`, 'g'))].map(([, name]) => name ?? ''),
  );

describe('docs/coming-from.md', () => {
  it('names what a group and a manager have', () => {
    expect(after('group').length).toBeGreaterThan(10);
    for (const name of after('group')) expect(name in SessionGroup.prototype, `group.${name}`).toBe(true);
    for (const name of after('manager'))
      expect(name in SessionManager.prototype, `manager.${name}`).toBe(true);
    for (const name of after('SessionGroup')) expect(name in SessionGroup, `SessionGroup.${name}`).toBe(true);
  });

  it('names toolkits that there are', () => {
    const there = new Set(
      [aiSdkToolkit, createToolkit, langchainToolkit, searchToolkit, serverChoiceToolkit].map((f) => f.name),
    );
    const named = ours.flatMap((code) => code.match(/\b\w+Toolkit(?=\()/g) ?? []);
    expect(new Set(named)).toEqual(there);
  });
});
