import { createParser } from 'eventsource-parser';
import { array, assert, constantFrom, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventReader, EventSplitter } from '../../../../src/transport/http/network/event-stream.ts';

const UNLIMITED = { maxBytes: Infinity, tooLarge: () => new Error('too large') };

/** What a splitter gives back for chunks, and what it still holds. */
function split(chunks: readonly (string | Buffer)[]): { texts: string[]; rest: string } {
  const splitter = new EventSplitter(UNLIMITED);
  const texts = chunks.map((chunk) => splitter.push(Buffer.from(chunk))).filter((text) => text !== undefined);
  return { texts, rest: Buffer.concat(splitter.rest).toString() };
}

function withLf(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

/** The bytes cut at `positions`, into chunks that are never empty. */
function cutAt(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...new Set(positions.filter((at) => at > 0 && at < bytes.length)), bytes.length];
  let start = 0;
  return ends
    .toSorted((a, b) => a - b)
    .map((end) => {
      const piece = bytes.subarray(start, end);
      start = end;
      return piece;
    });
}

const BLANK = /\n\n/;
const BODIES = {
  LF: 'data: 1\n\ndata: 2\nid: x\n\n: note\n\n',
  CRLF: 'data: 1\r\n\r\ndata: 2\r\nid: x\r\n\r\n',
  CR: 'data: 1\r\rdata: 2\rid: x\r\r: note\r\r',
  'LF and CRLF mixed': 'data: 1\r\n\ndata: 2\n\r\ndata: 3\r\n\r\ndata: 4\n\n',
  'all three mixed': 'data: 1\r\r\ndata: 2\n\rdata: 3\r\n\rdata: 4\n\rdata: 5\r\n\ndata: 6\r\r',
  'blank lines in a row': '\n\n\ndata: 1\n\n\n\n\r\n\r\ndata: 2\r\n\r\n\r\n\r\r\rdata: 3\r\r\r\r',
  'more than ASCII': 'data: žluťoučký 🐎\n\ndata: ü\r\n\r\ndata: ř\r\r',
};

describe('T5 cutting an event stream where an event ends', () => {
  it.each(Object.entries(BODIES))('%s, cut at every position, loses and changes nothing', (_kind, body) => {
    const bytes = Buffer.from(body);
    for (let at = 0; at <= bytes.length; at++) {
      const { texts, rest } = split(cutAt(bytes, [at]));
      expect(texts.join('') + withLf(rest)).toBe(withLf(body));
      expect(withLf(rest)).not.toMatch(BLANK);
      for (const text of texts) expect(text).toMatch(/\n\n$/);
    }
  });

  it.each(Object.entries(BODIES))('%s, byte by byte, gives each event with its end', (_kind, body) => {
    const bytes = Buffer.from(body);
    const { texts, rest } = split(cutAt(bytes, [...bytes.keys()]));
    expect(texts.join('') + withLf(rest)).toBe(withLf(body));
    expect(withLf(rest)).not.toMatch(BLANK);
    // No text holds more than one end, but for blank lines that follow it.
    for (const text of texts) expect(text.trimEnd()).not.toMatch(BLANK);
  });

  it('any bytes in any chunks', () => {
    const piece = constantFrom(
      '\n',
      '\r',
      '\r\n',
      'data: x',
      'é',
      '\n\n',
      '\r\r',
      'id: 1',
      '🐎',
      ':',
      '\uFEFF',
    );
    assert(
      property(array(piece, { maxLength: 20 }), array(nat(60), { maxLength: 12 }), (parts, cuts) => {
        const body = parts.join('');
        const { texts, rest } = split(cutAt(Buffer.from(body), cuts));
        expect(texts.join('') + withLf(rest)).toBe(withLf(body));
        expect(withLf(rest)).not.toMatch(BLANK);
      }),
      { numRuns: 5_000 },
    );
  });

  it('an event that is not complete is held back, whatever its length', () => {
    const { texts, rest } = split(['data: 1\n\ndata: ', 'x'.repeat(100_000), '\n']);
    expect(texts).toEqual(['data: 1\n\n']);
    expect(rest).toHaveLength(100_000 + 'data: \n'.length);
  });

  it('an event in chunks of one byte takes as long as its bytes, not as their square', () => {
    const measure = (bytes: number): number => {
      const splitter = new EventSplitter(UNLIMITED);
      const byte = Buffer.from('x');
      const started = performance.now();
      for (let count = 0; count < bytes; count++) splitter.push(byte);
      expect(splitter.push(Buffer.from('\n\n'))).toHaveLength(bytes + 2);
      return performance.now() - started;
    };
    measure(20_000);
    const short = measure(50_000);
    const long = measure(800_000);
    // Sixteen times the bytes; the square would be 256 times.
    expect(long).toBeLessThan(Math.max(short, 5) * 100);
  });

  it('an event of 60 MB in chunks of a socket is one text', () => {
    const splitter = new EventSplitter(UNLIMITED);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    for (let count = 0; count < 960; count++) expect(splitter.push(chunk)).toBeUndefined();
    expect(splitter.push(Buffer.from('\n\n'))).toHaveLength(960 * chunk.length + 2);
    expect(splitter.rest).toEqual([]);
  });
});

describe('T5 the size of an event', () => {
  it.each([
    { title: 'one event', chunks: ['data: 12\n\n'], verdict: 'accepted' },
    { title: 'one long event', chunks: ['data: 123\n\n'], verdict: 'too large' },
    { title: 'a long event in pieces', chunks: ['da', 'ta', ': 1', '23', '456'], verdict: 'too large' },
    { title: 'many events', chunks: ['data: 12\n\n'.repeat(50)], verdict: 'accepted' },
    { title: 'many events in pieces', chunks: 'data: 12\n\n'.repeat(5).split(''), verdict: 'accepted' },
    {
      title: 'many events in odd pieces',
      chunks: 'data: 12\n\n'.repeat(50).match(/[^]{1,7}/g) ?? [],
      verdict: 'accepted',
    },
    { title: 'many events with CRLF', chunks: 'data: 1\r\n\r\n'.repeat(5).split(''), verdict: 'accepted' },
    { title: 'many events with CR', chunks: ['data: 12\r\r'.repeat(5), 'data: 12\r\r'], verdict: 'accepted' },
    {
      title: 'a long event between short ones',
      chunks: ['data: 1\n\ndata: 123\n\ndata: 1\n\n'],
      verdict: 'too large',
    },
    { title: 'an event of many lines', chunks: ['id: 1\n', 'id: 2\n', 'id: 3\n'], verdict: 'too large' },
    { title: 'a long comment', chunks: [`: ${'x'.repeat(20)}`], verdict: 'too large' },
    {
      title: 'blank lines',
      chunks: ['\n'.repeat(100), '\r\n'.repeat(100), '\r'.repeat(100)],
      verdict: 'accepted',
    },
  ])('$title within 10 bytes: $verdict', ({ chunks, verdict }) => {
    const splitter = new EventSplitter({ ...UNLIMITED, maxBytes: 10 });
    const feed = () => chunks.forEach((chunk) => splitter.push(Buffer.from(chunk)));
    if (verdict === 'accepted') feed();
    else expect(feed).toThrow('too large');
  });
});

function dataIn(text: string): string[] {
  const reader = new EventReader(text);
  const found: string[] = [];
  for (let data = reader.next(); data !== undefined; data = reader.next()) if (data !== '') found.push(data);
  return found;
}

/** What another reader of event streams finds. */
function referenceIn(text: string): string[] {
  const found: string[] = [];
  const parser = createParser({
    onEvent: ({ event = 'message', data }) => void (event === 'message' && data !== '' && found.push(data)),
  });
  parser.feed(text);
  return found;
}

describe('the events of a stream', () => {
  it.each([
    ['one line', 'data: {"a":1}\n\n', ['{"a":1}']],
    ['no blank after the colon', 'data:x\n\ndata:  y\n\n', ['x', ' y']],
    ['several lines', 'data: {\ndata: }\n\n', ['{\n}']],
    ['another type', 'event: ping\ndata: x\n\nevent: message\ndata: y\n\n', ['y']],
    ['the type after the data', 'data: x\nevent: ping\n\n', []],
    ['the type twice', 'event: ping\nevent: message\ndata: x\n\n', ['x']],
    ['comments and unknown fields', ': hello\n\nfoo: 1\ndatabase: 2\ndata: x\nevents: 3\n\n', ['x']],
    ['fields without a colon', 'data\ndata: x\nevent\n\n', ['\nx']],
    ['blank lines in between', '\n\n\ndata: x\n\n\n\ndata: y\n\n', ['x', 'y']],
    ['other ends of lines in the data', 'data: a\u2028data: b\n\n', ['a\u2028data: b']],
    ['no event at all', '\n\n', []],
  ])('are read: %s', (_, text, expected) => {
    expect(dataIn(text)).toEqual(expected);
  });

  it('are what another reader finds, whatever lines there are', () => {
    const line = constantFrom(
      '',
      'data: x',
      'data:y',
      'data',
      'event: ping',
      'event: message',
      'event',
      ': c',
      'foo',
      'data : z',
      'eventdata: q',
    );
    assert(
      property(array(line), (lines) => {
        const text = `${lines.join('\n')}\n\n`;
        expect(dataIn(text)).toEqual(referenceIn(text));
      }),
    );
  });

  it('of which many hold nothing are read a few lines at a time', () => {
    const text = `${'\n'.repeat(500)}${': c\n'.repeat(500)}${'event: ping\n\n'.repeat(500)}data: x\n\n`;
    const reader = new EventReader(text);
    let steps = 0;
    let data = reader.next();
    for (; data === ''; data = reader.next()) steps++;
    expect(data).toBe('x');
    expect(steps).toBeGreaterThan(20);
    expect(reader.isAtEnd).toBe(true);
    expect(reader.next()).toBeUndefined();
  });

  it('with hundreds of lines are whole', () => {
    const lines = Array.from({ length: 500 }, (_, index) => String(index));
    expect(dataIn(`${lines.map((line) => `data: ${line}`).join('\n')}\n\n`)).toEqual([lines.join('\n')]);
  });
});
