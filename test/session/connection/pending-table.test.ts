import { describe, expect, it } from 'vitest';
import { PendingTable } from '../../../src/session/connection/direct-calls.ts';

function add(table: PendingTable<{ id: number }>): number {
  const id = table.nextId();
  table.add({ id });
  return id;
}

describe('a table of what waits for answers', () => {
  it('gives back what was kept under a number, once', () => {
    const table = new PendingTable<{ id: number }>(10);
    const [first, second] = [add(table), add(table)];
    expect([first, second]).toEqual([10, 11]);
    expect(table.take(second)).toEqual({ id: second });
    expect(table.take(second)).toBeUndefined();
    expect(table.take(first)).toEqual({ id: first });
  });

  it.each([7, -10, 1.5, NaN, Infinity, 10 + 64, 10 + 64 * 1024])('has nothing under %d', (id) => {
    const table = new PendingTable<{ id: number }>(10);
    add(table);
    expect(table.take(id)).toBeUndefined();
    expect(table.take(10)).toEqual({ id: 10 });
  });

  it('never gives a number twice, though some wait for very long', () => {
    const table = new PendingTable<{ id: number }>(0);
    const slow = Array.from({ length: 20 }, () => add(table));
    const seen = new Set(slow);
    for (let i = 0; i < 10_000; i++) {
      const id = add(table);
      expect(seen.has(id)).toBe(false);
      seen.add(id);
      expect(table.take(id)).toEqual({ id });
    }
    expect(slow.map((id) => table.take(id)?.id)).toEqual(slow);
  });

  it('holds any number of them, and can be emptied at once', () => {
    const table = new PendingTable<{ id: number }>(1_000_000_000);
    const ids = Array.from({ length: 5_000 }, () => add(table));
    expect(ids.slice(0, 2_500).map((id) => table.take(id)?.id)).toEqual(ids.slice(0, 2_500));
    const rest = table.takeAll().map(({ id }) => id);
    expect(rest.toSorted((a, b) => a - b)).toEqual(ids.slice(2_500));
    expect(table.take(ids[4_999] ?? 0)).toBeUndefined();
    const next = add(table);
    expect(ids).not.toContain(next);
    expect(table.take(next)).toEqual({ id: next });
  });
});
