import { describe, expect, it } from 'vitest';
import { termsOfQuery, wordsOfName, wordsOfText } from '../../../src/group/search/words.ts';

describe('the words of a name', () => {
  it.each([
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
  it('keep a name whole and split an identifier', () => {
    expect(wordsOfText('GitHub has createIssue')).toEqual([
      'github',
      'has',
      'create',
      'issue',
      'createissue',
    ]);
  });

  it('leave the endings of owners and take hyphens for what they are', () => {
    expect(wordsOfText("Sarah's e-mail")).toEqual(['sarah', 'e', 'mail', 'email']);
  });

  it('are looked for to a bound only, however long the text is', () => {
    expect(wordsOfText('word '.repeat(100_000)).length).toBeLessThan(2_000);
    expect(wordsOfText('x'.repeat(3_000))).toEqual(['x'.repeat(40)]);
  });
});

describe('the terms of a query', () => {
  it('leave out what does not tell anything', () => {
    expect(termsOfQuery('can you please show me the weather')).toEqual(['show', 'weather']);
  });

  it('are all words when none of them tells anything', () => {
    expect(termsOfQuery('What about them?')).toEqual(['what', 'about', 'them']);
  });

  it('keep small verbs, which tell one tool from another', () => {
    expect(termsOfQuery('get or set the volume')).toEqual(['get', 'set', 'volum']);
  });

  it('are stems, each once', () => {
    expect(termsOfQuery('delete deleted deletions')).toEqual(['delet']);
  });

  it.each(['__proto__', 'constructor', 'toString'])('take %s for words', (query) => {
    expect(termsOfQuery(query)).not.toEqual([]);
  });
});
