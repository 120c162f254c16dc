import { describe, expect, it } from 'vitest';
import { compileRules } from '../../../src/toolkit/policy/tool-rules.ts';
import type { ToolRule } from '../../../src/toolkit/policy/tool-policy.ts';
import type { ToolDefinition } from '../../../src/toolkit/tool-source.ts';
import { thrownBy } from '../../support/failures.ts';

const inputSchema = { type: 'object' } as const;

const TOOLS: Readonly<Record<string, ToolDefinition>> = {
  git__log: { name: 'log', server: 'git', inputSchema, annotations: { readOnlyHint: true } },
  git__push: { name: 'push', server: 'git', inputSchema, annotations: { destructiveHint: false } },
  git__reset: { name: 'reset', server: 'git', inputSchema, annotations: { destructiveHint: true } },
  db__query: { name: 'query', server: 'db', inputSchema },
  db__liar: {
    name: 'liar',
    server: 'db',
    inputSchema,
    annotations: { readOnlyHint: true, destructiveHint: true },
  },
  help: { name: 'help', inputSchema, annotations: { readOnlyHint: true } },
};

function left(rules: { allow?: ToolRule[]; deny?: ToolRule[] }): string[] {
  const isOffered = compileRules(rules);
  return Object.entries(TOOLS).flatMap(([name, tool]) => (isOffered(name, tool) ? [name] : []));
}

describe('M9 what a rule fits', () => {
  it.each<[string, ToolRule, string[]]>([
    ['a name', 'git__log', ['git__log']],
    ['a glob over names', 'git__*', ['git__log', 'git__push', 'git__reset']],
    ['a glob with alternatives', '{git,db}__{log,query}', ['git__log', 'db__query']],
    ['a server', { server: 'db' }, ['db__query', 'db__liar']],
    ['servers', { server: ['d?', 'none'] }, ['db__query', 'db__liar']],
    [
      'every server, and not what has none',
      { server: '*' },
      Object.keys(TOOLS).filter((name) => name !== 'help'),
    ],
    ['what says that it only reads', { readOnlyHint: true }, ['git__log', 'db__liar', 'help']],
    ['what does not say so', { readOnlyHint: false }, ['git__push', 'git__reset', 'db__query']],
    [
      'what may destroy: it says so, or says nothing of itself',
      { destructiveHint: true },
      ['git__reset', 'db__query', 'db__liar'],
    ],
    ['what does not destroy', { destructiveHint: false }, ['git__log', 'git__push', 'help']],
    ['all of what it asks for', { server: 'git', readOnlyHint: true }, ['git__log']],
    ['one of several names', { name: ['help', '*__push'] }, ['git__push', 'help']],
    ['nothing in another case', 'GIT__log', []],
  ])('%s', (_, rule, names) => {
    expect(left({ allow: [rule] })).toEqual(names);
    expect(left({ deny: [rule] })).toEqual(Object.keys(TOOLS).filter((name) => !names.includes(name)));
  });

  it('deny wins over allow', () => {
    expect(left({ allow: ['git__*'], deny: [{ destructiveHint: true }] })).toEqual(['git__log', 'git__push']);
  });

  it('an empty list allows nothing, and denies nothing', () => {
    expect(left({ allow: [] })).toEqual([]);
    expect(left({ deny: [] })).toEqual(Object.keys(TOOLS));
  });

  it('a name that is too long to be compared is not on offer, also where rules only deny', () => {
    const isOffered = compileRules({ deny: ['evil*'] });
    expect(isOffered(`evil${'x'.repeat(300)}`, { name: 'x', inputSchema })).toBe(false);
    expect(isOffered('good', { name: 'x', inputSchema, server: 's'.repeat(300) })).toBe(false);
  });

  it('a name that would make a regular expression run for ever is compared at once', () => {
    const isOffered = compileRules({ deny: [`${'a*'.repeat(40)}b`] });
    expect(isOffered('a'.repeat(256), { name: 'x', inputSchema })).toBe(true);
  });
});

describe('M9 a rule that cannot be meant', () => {
  it.each<[string, unknown, RegExp]>([
    ['is no list', 'git__*', /"policy\.deny" must be an array/],
    ['is empty', [''], /"policy\.deny\[0\]" must be a non-empty string/],
    ['asks for nothing', ['a', {}], /"policy\.deny\[1\]" must ask for something/],
    ['is misspelt', [{ readonlyHint: false }], /"policy\.deny\[0\]\.readonlyHint" is not known/],
    ['asks for what all objects have', [{ toString: true }], /toString" is not known/],
    ['has a hint that is no boolean', [{ destructiveHint: 'yes' }], /destructiveHint" must be true or false/],
    ['names no server at all', [{ server: [] }], /server" must not be empty/],
    ['is a number', [7], /"policy\.deny\[0\]" must be a glob or an object/],
  ])('is refused when it %s', (_, deny, message) => {
    const error = thrownBy(() => compileRules({ deny: deny as ToolRule[] }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
  });
});
