import { array, assert, asyncProperty, constantFrom, nat, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSearchIndex, type SearchIndex } from '../../../src/group/search/search-index.ts';

interface Entry {
  readonly name: string;
}

/** Entries by a key each, which is in the name, too. */
const snapshots = uniqueArray(constantFrom('ant', 'bee', 'cat', 'dog', 'elk', 'fox')).map(
  (keys): ReadonlyMap<string, Entry> => new Map(keys.map((key) => [key, { name: `${key} word` }])),
);

const updates = array(record({ scope: constantFrom('one', 'two'), snapshot: snapshots }), {
  maxLength: 8,
});

function keysFound(index: SearchIndex<Entry>): string[] {
  const all = index.search('word', 1_000, () => true);
  return all.map(({ key }) => key).toSorted();
}

describe('an index that follows snapshots', () => {
  it('holds what the last ones hold, however updates before them interleaved', async () => {
    const turns = array(nat(20), { maxLength: 60 });
    const property = asyncProperty(updates, turns, snapshots, snapshots, async (given, order, one, two) => {
      const index = await createSearchIndex<Entry>();
      const running = given.map(({ scope, snapshot }) => index.update(scope, snapshot));
      for (const turn of order) running[turn % Math.max(1, running.length)]?.next();
      const settle = (): void => {
        for (const _ of index.update('one', one));
        for (const _ of index.update('two', two));
      };
      const expected = [...one.keys(), ...two.keys()].toSorted();
      settle();
      expect(keysFound(index)).toEqual(expected);
      for (const update of running) for (const _ of update);
      settle();
      expect(keysFound(index)).toEqual(expected);
      expect(index.scopes.toSorted()).toEqual([
        ...(one.size > 0 ? ['one'] : []),
        ...(two.size > 0 ? ['two'] : []),
      ]);
    });
    await assert(property, { numRuns: 300 });
  });

  it('does nothing for a snapshot that it knows, and for an entry that is still the same', async () => {
    const index = await createSearchIndex<Entry>();
    const [ant, bee] = [{ name: 'ant' }, { name: 'bee' }];
    const first = new Map([['ant', ant]]);
    expect([...index.update('s', first)]).toHaveLength(1);
    expect([...index.update('s', first)]).toHaveLength(0);
    expect([...index.update('s', new Map([...first, ['bee', bee]]))]).toHaveLength(1);
    expect([...index.update('s', new Map())]).toHaveLength(2);
    expect(index.scopes).toEqual([]);
  });

  it('finds an entry by what it was when it was put in, whatever its owner does to it since', async () => {
    const index = await createSearchIndex<Entry & { description: string }>();
    const entry = { name: 'ant', description: 'before' };
    for (const _ of index.update('s', new Map([['ant', entry]])));
    entry.description = 'after';
    for (const _ of index.update('s', new Map()));
    expect(index.search('before after ant', 10, () => true)).toEqual([]);
  });

  it('gives no more than it is asked for, and all that are as good in the order of their keys', async () => {
    const index = await createSearchIndex<Entry>();
    const keys = ['d', 'b', 'c', 'a'].map((key) => `${key}x`);
    for (const _ of index.update('s', new Map(keys.map((key) => [key, { name: 'word' }]))));
    const found = (limit: number): string[] => index.search('word', limit, () => true).map(({ key }) => key);
    expect(found(2)).toEqual(['ax', 'bx']);
    expect(index.search('word', 2, (entry) => entry.name !== 'word')).toEqual([]);
  });
});
