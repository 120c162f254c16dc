import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync(new URL('../../../docs/coming-from.md', import.meta.url), 'utf8');

export interface Row {
  /** Its first cell that is not empty, and so what one writes elsewhere. */
  readonly title: string;
  /** All cells but the last one. */
  readonly theirs: readonly string[];
  /** What one writes here: the last cell. */
  readonly ours: string;
}

/** The rows of the page, by the headings of their sections. */
export const sections: ReadonlyMap<string, readonly Row[]> = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), rowsOf(text)]),
);

function rowsOf(text: string): Row[] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    // A bar within a cell is escaped.
    const cells = line.split(/(?<!\\)\|/).slice(1, -1);
    const theirs = cells.slice(0, -1).map((cell) => cell.trim());
    return { title: theirs.find((cell) => cell !== '') ?? '', theirs, ours: cells.at(-1)?.trim() ?? '' };
  });
}

/** A program that does what the row says, against servers of its own, and expects that it is so. */
export type RowTest = () => Promise<void> | void;

/** Makes the test of one row: of that with this title. */
export type DefineRow = (title: string, test: RowTest) => void;

/** Runs the rows of one section: each has a test, each test has a row, and a test uses the calls that its row shows. */
export function testRows(section: string, define: (row: DefineRow) => void): void {
  const rows = sections.get(section) ?? [];
  describe(`docs/coming-from.md, ${section}`, () => {
    const tested: string[] = [];
    define((title, test) => {
      tested.push(title);
      it(`row ${title}`, async () => {
        const row = rows.find((each) => each.title === title);
        expect(missingFrom(test, row?.ours ?? '')).toEqual([]);
        await test();
        expect(expect.getState().assertionCalls, 'expectations of the test').toBeGreaterThan(1);
      });
    });

    it('has a test for each row, and a row for each test', () => {
      expect(tested.toSorted()).toEqual(rows.map((each) => each.title).toSorted());
    });
  });
}

/** The calls and options that a row shows and its test does not use. */
export function missingFrom(test: RowTest, ours: string): string[] {
  const code = [...ours.matchAll(/`([^`]+)`/g)].map(([, each = '']) => each).join('\n');
  const calls = [...code.matchAll(/\b(?:session|group|manager|gateway|SessionGroup)\.(\w+)/g)].map(
    ([, name = '']) => name,
  );
  const options = [...code.matchAll(/\b(\w+):(?!\/)/g)].map(([, name = '']) => name);
  const source = test.toString();
  return [...new Set([...calls, ...options])].filter((name) => !new RegExp(`\\b${name}\\b`).test(source));
}
