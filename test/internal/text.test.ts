import { describe, expect, it } from 'vitest';
import { nearest, printable, suggestion } from '../../src/internal/text.ts';

describe('printable', () => {
  it('shows control, direction and line separator characters instead of obeying them', () => {
    expect(printable('a\u001b[31mred\u0007\n\u202egnp\u2028')).toBe(
      String.raw`a\u{1b}[31mred\u{7}\u{a}\u{202e}gnp\u{2028}`,
    );
  });

  it('leaves ordinary text of any language alone', () => {
    expect(printable('naïve 日本語 — “ok”')).toBe('naïve 日本語 — “ok”');
  });

  it('cuts what is too long', () => {
    expect(printable('x'.repeat(300), 10)).toBe(`${'x'.repeat(10)}…`);
  });
});

describe('nearest', () => {
  const known = ['files__read', 'files__write', 'memory__read_graph', 'weather__today'];

  it('finds a misspelt name', () => {
    expect(nearest('files__raed', known)[0]).toBe('files__read');
  });

  it('finds a name that lacks its prefix', () => {
    expect(nearest('read_graph', known)[0]).toBe('memory__read_graph');
  });

  it('offers nothing when nothing comes near', () => {
    expect(nearest('zzzzzzzz', known)).toEqual([]);
  });
});

describe('suggestion', () => {
  it('falls back to some of what there is', () => {
    expect(suggestion('zzzzzzzz', ['aa', 'bb', 'cc', 'dd', 'ee', 'ff'])).toBe(
      ' Known: "aa", "bb", "cc", "dd", "ee" and 1 more.',
    );
  });

  it('says nothing when there is nothing', () => {
    expect(suggestion('x', [])).toBe('');
  });
});
