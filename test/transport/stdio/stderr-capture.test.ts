import { describe, expect, it } from 'vitest';
import { StderrCapture } from '../../../src/transport/stdio/stderr.ts';

function capture(...chunks: (string | Buffer)[]): { lines: string[]; tail: string } {
  const lines: string[] = [];
  const stderr = new StderrCapture('utf-8', (line) => lines.push(line));
  for (const chunk of chunks) stderr.push(Buffer.from(chunk));
  stderr.end();
  stderr.end();
  return { lines, tail: stderr.tail };
}

describe('T1 stdio standard error', () => {
  it('is cut into lines wherever the chunks end', () => {
    const euro = Buffer.from('€\n');
    const { lines, tail } = capture('one\ntw', 'o\r\n', '\n', euro.subarray(0, 2), euro.subarray(2), 'last');
    expect(lines).toEqual(['one', 'two', '', '€', 'last']);
    expect(tail).toBe('one\ntwo\r\n\n€\nlast');
  });

  it('is empty when there was nothing', () => {
    expect(capture()).toEqual({ lines: [], tail: '' });
  });

  it('is shown whatever its bytes', () => {
    expect(capture(Buffer.from([0x61, 0xff, 0x0a])).lines).toEqual(['a\ufffd']);
  });

  it('keeps its last 64 KiB, from the start of a line', () => {
    const all = Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`).join('');
    const inOne = capture(all).tail;
    const inMany = capture(...(all.match(/[^]{1,100}/g) ?? [])).tail;
    for (const tail of [inOne, inMany]) {
      expect(tail).toMatch(/^line \d+\n/);
      expect(tail.endsWith('line 39999')).toBe(true);
      expect(tail.length).toBeGreaterThan(65_000);
      expect(tail.length).toBeLessThanOrEqual(65_536);
      expect(all).toContain(`\n${tail}\n`);
    }
  });

  it('keeps the end of a line that is longer than that', () => {
    expect(capture('x'.repeat(200_000)).tail).toBe('x'.repeat(65_536));
  });

  it('hands on a very long line in pieces, and nothing of it is lost', () => {
    const long = 'abcdefgh'.repeat(10_000);
    for (const { lines } of [
      capture(`${long}\nend\n`),
      capture(...(long.match(/.{1,999}/g) ?? []), '\nend\n'),
    ]) {
      expect(lines.length).toBeGreaterThan(2);
      expect(lines.join('')).toBe(`${long}end`);
    }
  });
});
