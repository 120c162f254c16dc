import type { Terminal } from './terminal.ts';

const GAP = 2;

/** The minimum width of the last column, even when the line gets longer than the terminal is wide. */
const MIN_WIDTH = 20;

const LINES =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right ' +
  'left left-mid mid mid-mid right right-mid middle';

const NO_LINES = Object.fromEntries(LINES.split(' ').map((name) => [name, '']));

/**
 * Formats rows under a heading, aligned, without borders. On a terminal the last column is wrapped. Cells must
 * contain no control characters.
 */
export async function table(
  terminal: Terminal,
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const drawn = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [] },
    head: heading.map((name) => terminal.paint('bold', name)),
  });
  const last = heading.length - 1;
  const before = heading.slice(0, last).map((_, column) => widest([heading, ...rows], column) + GAP);
  const room = Math.max(MIN_WIDTH, terminal.columns - before.reduce((sum, width) => sum + width, 0));
  for (const row of rows)
    drawn.push(row.map((cell, column) => (column === last ? wrapped(cell, room) : cell)));
  const lines = drawn.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

function widest(rows: readonly (readonly string[])[], column: number): number {
  return rows.reduce((most, row) => Math.max(most, width(row[column] ?? '')), 0);
}

/** The width of a text in columns, without escape codes of styles. */
function width(text: string): number {
  return Array.from(text.replace(/\u001b\[\d+m/g, '')).length;
}

/** Breaks lines between words, and words that are longer than a line. */
function wrapped(text: string, room: number): string {
  if (width(text) <= room) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (width(longer) <= room) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    let rest = Array.from(word);
    for (; rest.length > room; rest = rest.slice(room)) lines.push(rest.slice(0, room).join(''));
    line = rest.join('');
  }
  return [...lines, line].join('\n');
}
