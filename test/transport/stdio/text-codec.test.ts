import type { Encoding } from '../../../src/internal/encodings.ts';
import { describe, expect, it } from 'vitest';
import type { EncodingErrors } from '../../../src/transport/stdio/text-codec.ts';
import { createTextCodec } from '../../../src/transport/stdio/text-codec.ts';

function decode(encoding: Encoding, errors: EncodingErrors, ...bytes: number[]): string {
  return createTextCodec(encoding, errors).decode(Buffer.from(bytes));
}

describe('T1 stdio encodings', () => {
  it.each([
    ['utf-8', 'utf8'],
    ['utf-16le', 'utf16le'],
  ] as const)('%s carries every character', (encoding, buffer) => {
    const text = 'aé€\u{1f600}\ufffd';
    for (const errors of ['strict', 'ignore', 'replace'] as const) {
      expect(createTextCodec(encoding, errors).decode(Buffer.from(text, buffer))).toBe(text);
    }
    expect(createTextCodec(encoding).carry).toBeUndefined();
  });

  it('are UTF-8 and strict when nothing is said', () => {
    expect(createTextCodec().encoding).toBe('utf-8');
    expect(() => createTextCodec().decode(Buffer.from([0xff]))).toThrow(TypeError);
  });

  it('strict refuses invalid UTF-8', () => {
    expect(() => decode('utf-8', 'strict', 0x61, 0xe2, 0x82, 0x62)).toThrow(TypeError);
  });

  it('replace puts a mark in the place of invalid UTF-8', () => {
    expect(decode('utf-8', 'replace', 0x61, 0xff, 0x62)).toBe('a\ufffdb');
  });

  it('ignore leaves invalid UTF-8 out, and a mark that was sent in', () => {
    expect(decode('utf-8', 'ignore', 0x61, 0xff, 0x62, 0xe2, 0x82)).toBe('ab');
    expect(decode('utf-8', 'ignore', 0xe2, 0xef, 0xbf, 0xbd, 0xff, 0x62)).toBe('\ufffdb');
    expect(decode('utf-8', 'ignore', 0x61, 0xef, 0xbf, 0xbd)).toBe('a\ufffd');
    expect(decode('utf-8', 'ignore')).toBe('');
  });

  it.each([
    ['half a character', [0x61, 0x00, 0x62]],
    ['half a pair', [0x61, 0x00, 0x00, 0xd8]],
  ])('treats %s of UTF-16 as told', (_, bytes) => {
    expect(() => decode('utf-16le', 'strict', ...bytes)).toThrow(TypeError);
    expect(decode('utf-16le', 'replace', ...bytes)).toBe('a\ufffd');
    expect(decode('utf-16le', 'ignore', ...bytes)).toBe('a');
  });

  it('ignore a byte order mark', () => {
    for (const errors of ['strict', 'ignore', 'replace'] as const) {
      expect(decode('utf-8', errors, 0xef, 0xbb, 0xbf, 0x61)).toBe('a');
      expect(decode('utf-16le', errors, 0xff, 0xfe, 0x61, 0x00)).toBe('a');
    }
  });

  it('latin1 takes every byte for a character', () => {
    for (const errors of ['strict', 'ignore', 'replace'] as const) {
      expect(decode('latin1', errors, 0x61, 0x80, 0xe9)).toBe('a\u0080é');
    }
  });

  it('latin1 writes what it cannot carry as JSON escapes', () => {
    const value = { text: 'é € \u{1f600}' };
    const json = createTextCodec('latin1').carry?.(JSON.stringify(value)) ?? '';
    expect(Buffer.from(json, 'latin1').toString('latin1')).toBe(json);
    expect(json).toContain('é');
    expect(JSON.parse(json)).toEqual(value);
  });

  it('must be known', () => {
    const unknown: string = 'ebcdic';
    expect(() => createTextCodec(unknown as Encoding)).toThrow(/"encoding" must be one of/);
    expect(() => createTextCodec('utf-8', unknown as EncodingErrors)).toThrow(
      /"encodingErrors" must be one of/,
    );
  });
});
