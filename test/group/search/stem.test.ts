import { describe, expect, it } from 'vitest';
import { stem } from '../../../src/group/search/stem.ts';

describe('the stem of a word', () => {
  it.each([
    ['delete', 'deletes', 'deleted', 'deleting', 'deletion'],
    ['create', 'creates', 'created', 'creating', 'creation'],
    ['query', 'queries', 'queried'],
    ['stop', 'stops', 'stopped', 'stopping'],
    ['issue', 'issues'],
    ['branch', 'branches'],
    ['deploy', 'deploys', 'deployed', 'deployment'],
    ['file', 'files'],
    ['box', 'boxes'],
  ])('is the same for %s, %s, …', (...words) => {
    expect(new Set(words.map(stem)).size).toBe(1);
  });

  it.each([
    'status',
    'class',
    'speed',
    'thing',
    'string',
    'ring',
    'bus',
    'feed',
    'is',
    'k8s',
    'größe',
    '会議',
    '',
  ])('is all of %j', (word) => {
    expect(stem(word)).toBe(word);
  });
});
