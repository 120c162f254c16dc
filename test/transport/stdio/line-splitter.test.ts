import { describe, expect, it } from 'vitest';
import { LineSplitter, LineTooLong } from '../../../src/transport/stdio/line-splitter.ts';

const goOn = (): boolean => true;

function split(splitter: LineSplitter, ...chunks: (string | Buffer)[]): string[] {
  const lines: string[] = [];
  for (const chunk of chunks)
    splitter.push(Buffer.from(chunk), (line) => lines.push(line.toString('utf8')), goOn);
  return lines;
}

describe('T1 stdio lines', () => {
  it.each([
    ['one line in one chunk', ['one\n'], ['one'], ''],
    ['several lines in one chunk', ['one\ntwo\n\nthree\n'], ['one', 'two', '', 'three'], ''],
    ['a line in three chunks', ['o', 'n', 'e\n'], ['one'], ''],
    ['a chunk that ends one line and begins another', ['on', 'e\ntw', 'o\n'], ['one', 'two'], ''],
    ['a newline in a chunk of its own', ['one', '\n', '\n'], ['one', ''], ''],
    ['a line that does not end', ['one\ntw'], ['one'], 'tw'],
    ['nothing', [''], [], ''],
  ])('are cut from %s', (_, chunks, lines, rest) => {
    const splitter = new LineSplitter(100);
    expect(split(splitter, ...chunks)).toEqual(lines);
    expect(splitter.rest().toString()).toBe(rest);
    expect(splitter.rest().toString()).toBe('');
  });

  it('are whole when a character is cut in two by chunks', () => {
    const [first, second] = [Buffer.from('é\n').subarray(0, 1), Buffer.from('é\n').subarray(1)];
    expect(split(new LineSplitter(100), first, second)).toEqual(['é']);
  });

  it('may be exactly as long as the limit', () => {
    expect(split(new LineSplitter(4), 'four\nfour\n')).toEqual(['four', 'four']);
    expect(split(new LineSplitter(4), 'fo', 'ur', '\n')).toEqual(['four']);
  });

  it.each([
    ['in one chunk', ['fivee\n']],
    ['in pieces', ['fi', 've', 'e']],
    ['without an end', ['fivee']],
  ])('may not be longer than the limit, %s', (_, chunks) => {
    expect(() => split(new LineSplitter(4), ...chunks)).toThrow(LineTooLong);
  });

  it('come out before the one that is too long', () => {
    const lines: string[] = [];
    const bytes = Buffer.from('one\ntoo long\n');
    expect(() => new LineSplitter(4).push(bytes, (line) => lines.push(line.toString()), goOn)).toThrow(
      LineTooLong,
    );
    expect(lines).toEqual(['one']);
  });

  it('of 60 MB in chunks of 64 KB are put together', () => {
    const splitter = new LineSplitter(64 * 1024 * 1024);
    const lines: Buffer[] = [];
    const chunk = Buffer.alloc(64 * 1024, 'x');
    for (let i = 0; i < 960; i++) splitter.push(chunk, (line) => lines.push(line), goOn);
    expect(lines).toEqual([]);
    splitter.push(Buffer.from('y\n'), (line) => lines.push(line), goOn);
    const [line] = lines;
    expect(line?.length).toBe(960 * chunk.length + 1);
    expect(line?.at(0)).toBe(0x78);
    expect(line?.at(-1)).toBe(0x79);
  });

  it.each([1, 7, 1_000, 16_383, 16_384, 50_000])(
    'are whole when large and small chunks take turns, small ones of %i bytes',
    (small) => {
      const text = Array.from({ length: 60_000 }, (_, index) => index.toString(36)).join(' ');
      const bytes = Buffer.from(`${text}\nend`);
      const splitter = new LineSplitter(bytes.length);
      const chunks: Buffer[] = [];
      for (let start = 0, turn = 0; start < bytes.length; turn++) {
        const size = turn % 3 === 2 ? 20_000 : small;
        chunks.push(bytes.subarray(start, start + size));
        start += size;
      }
      expect(split(splitter, ...chunks)).toEqual([text]);
      expect(splitter.partial(2).toString()).toBe('en');
      expect(splitter.rest().toString()).toBe('end');
    },
  );

  it('of a byte a chunk cost little more than their bytes', () => {
    const splitter = new LineSplitter(1024 * 1024);
    const lines: string[] = [];
    const byte = Buffer.from('x');
    for (let i = 0; i < 300_000; i++) splitter.push(byte, () => lines.push('too early'), goOn);
    splitter.push(Buffer.from('\n'), (line) => lines.push(line.toString()), goOn);
    expect(lines).toEqual(['x'.repeat(300_000)]);
  });

  it('of two-byte units are cut at aligned newlines only', () => {
    // U+0A41 U+0100 holds the bytes 0A 00, but not as a unit; neither is a lone 0A in U+0A0A.
    const text = 'aਁ\u0a41\u0100\u0a0ab';
    const bytes = Buffer.from(`${text}\n${text}\n`, 'utf16le');
    for (let size = 1; size <= bytes.length; size++) {
      const splitter = new LineSplitter(100, 2);
      const lines: string[] = [];
      for (let start = 0; start < bytes.length; start += size) {
        splitter.push(
          bytes.subarray(start, start + size),
          (line) => lines.push(line.toString('utf16le')),
          goOn,
        );
      }
      expect(lines).toEqual([text, text]);
      expect(splitter.rest()).toHaveLength(0);
    }
  });

  it('of two-byte units keep an odd byte at the end', () => {
    const splitter = new LineSplitter(100, 2);
    expect(split(splitter, Buffer.from([0x61, 0x00, 0x62]))).toEqual([]);
    expect(splitter.rest()).toEqual(Buffer.from([0x61, 0x00, 0x62]));
  });

  it.each([
    { encoding: 'utf8', unitBytes: 1 },
    { encoding: 'utf16le', unitBytes: 2 },
  ] as const)('are taken one by one when they may not go on: $encoding', ({ encoding, unitBytes }) => {
    const expected = ['a', '', 'ž', 'longer', 'last'];
    const bytes = Buffer.from(`${expected.join('\n')}\nrest`, encoding);
    for (let size = 1; size <= bytes.length; size++) {
      const splitter = new LineSplitter(1_000, unitBytes);
      const lines: string[] = [];
      const lengths: number[] = [];
      const stop = (length: number): boolean => {
        lengths.push(length);
        return false;
      };
      for (let start = 0; start < bytes.length; start += size) {
        let rest: Buffer | undefined = bytes.subarray(start, start + size);
        for (let before = lines.length; rest !== undefined; before = lines.length) {
          rest = splitter.push(rest, (line) => lines.push(line.toString(encoding)), stop);
          expect(lines.length - before).toBeLessThanOrEqual(1);
        }
      }
      expect(lines).toEqual(expected);
      expect(splitter.rest().toString(encoding)).toBe('rest');
    }
  });

  it('end with a question after a long one, although no other one has come', () => {
    const splitter = new LineSplitter(100_000);
    const asked: number[] = [];
    const stop = (length: number): boolean => {
      asked.push(length);
      return false;
    };
    const rest = splitter.push(Buffer.from(`${'x'.repeat(20_000)}\n`), () => {}, stop);
    expect(asked).toEqual([20_000]);
    expect(rest).toHaveLength(0);
    expect(splitter.push(Buffer.from('short\n'), () => {}, stop)).toBeUndefined();
  });
});
