import { describe, expect, test } from 'vitest';
import { termsOfQuery, termsOfWord, wordsOfName, wordsOfText } from '../../../src/group/search/words.ts';

describe('the words of a name', () => {
  test.each([
    ['create_pull_request', ['create', 'pull', 'request']],
    ['list-events', ['list', 'events', 'listevents']],
    ['listPullRequests', ['list', 'pull', 'requests', 'listpullrequests']],
    ['HassTurnOn', ['hass', 'turn', 'on', 'hassturnon']],
    ['S3GetObject', ['s3', 'get', 'object', 's3getobject']],
    ['parseHTTPHeader', ['parse', 'http', 'header', 'parsehttpheader']],
    ['größe.ändern', ['große', 'andern']],
    ['file:///srv/Notes.md', ['file', 'srv', 'notes', 'md']],
    ['', []],
  ])('of %j', (name, words) => {
    expect(wordsOfName(name)).toEqual(words);
  });
});

describe('the words of a text', () => {
  test('keep a name whole and split an identifier', () => {
    expect(wordsOfText('GitHub has createIssue')).toEqual([
      'github',
      'has',
      'create',
      'issue',
      'createissue',
    ]);
  });

  test('leave the endings of owners and take hyphens for what they are', () => {
    expect(wordsOfText("Sarah's e-mail")).toEqual(['sarah', 'e', 'mail', 'email']);
  });

  test('are looked for to a bound only, however long the text is', () => {
    expect(wordsOfText('word '.repeat(100_000)).length).toBeLessThan(2_000);
    expect(wordsOfText('x'.repeat(3_000))).toEqual(['x'.repeat(40)]);
  });
});

describe('the terms of a query', () => {
  const literal = (query: string): string[] => termsOfQuery(query).filter((term) => !term.startsWith('='));

  test('leave out what does not tell anything', () => {
    expect(literal('can you please give me the weather')).toEqual(['weather']);
  });

  test('are all words when none of them tells anything', () => {
    expect(literal('What about them?')).toEqual(['what', 'about', 'them']);
  });

  test('spell out short forms', () => {
    expect(literal('merge the PR')).toEqual(['merg', 'pr', 'pull', 'request']);
  });

  test('name what an address is', () => {
    expect(literal('write anna@example.com')).toContain('email');
    expect(literal('https://example.com')).toContain('url');
  });

  test('share a sense with words that mean the same', () => {
    const shared = (a: string, b: string): boolean =>
      termsOfWord(a).some((term) => termsOfWord(b).includes(term));
    expect(shared('delete', 'remove')).toBe(true);
    expect(shared('pictures', 'image')).toBe(true);
    expect(shared('delete', 'create')).toBe(false);
    expect(shared('constructor', 'prototype')).toBe(false);
  });
});
