import type { CallToolResult } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { describePiece } from '../../../src/toolkit/content/describe-piece.ts';
import { contentPieces, type ContentPiece } from '../../../src/toolkit/content/pieces.ts';
import { plainContent } from '../../../src/toolkit/content/plain-content.ts';

const DATA = Buffer.from('twelve bytes').toString('base64');
const EVERYTHING: CallToolResult['content'] = [
  { type: 'text', text: 'hello' },
  { type: 'image', data: DATA, mimeType: 'image/png' },
  { type: 'audio', data: DATA, mimeType: 'audio/wav' },
  { type: 'resource_link', uri: 'file:///a.txt', name: 'a', title: 'A', description: 'Letters', size: 2048 },
  { type: 'resource', resource: { uri: 'file:///b.txt', text: 'inside', mimeType: 'text/plain' } },
  { type: 'resource', resource: { uri: 'file:///c.bin', blob: DATA } },
];

describe('M9 the pieces of a result', () => {
  it('come in its order, each kind as what it is', () => {
    expect(contentPieces({ content: EVERYTHING })).toEqual<ContentPiece[]>([
      { type: 'text', text: 'hello' },
      { type: 'image', data: DATA, mimeType: 'image/png' },
      { type: 'audio', data: DATA, mimeType: 'audio/wav' },
      {
        type: 'resource-link',
        uri: 'file:///a.txt',
        name: 'a',
        title: 'A',
        description: 'Letters',
        size: 2048,
      },
      { type: 'resource-text', uri: 'file:///b.txt', text: 'inside', mimeType: 'text/plain' },
      { type: 'resource-blob', uri: 'file:///c.bin', data: DATA },
    ]);
  });

  it('say structured content once when the others have all its values, as from servers that wrap their content', () => {
    const { content } = { content: EVERYTHING };
    expect(contentPieces({ content, structuredContent: { wrapped: content } })).toHaveLength(content.length);
    const text = { type: 'text' as const, text: 'Size: 10 files' };
    expect(contentPieces({ content: [text], structuredContent: { files: 10 } })).toHaveLength(1);
    expect(contentPieces({ content: [text], structuredContent: { files: 1 } })).toHaveLength(2);
  });

  it('have structured content at the end, as JSON', () => {
    expect(
      contentPieces({ content: [{ type: 'text', text: 'warm' }], structuredContent: { t: 22 } }),
    ).toEqual([
      { type: 'text', text: 'warm' },
      { type: 'text', text: '{"t":22}' },
    ]);
    expect(contentPieces({ content: [], structuredContent: { t: 22 } })).toEqual([
      { type: 'text', text: '{"t":22}' },
    ]);
  });

  it.each([
    ['written otherwise', '{\n  "b": [1], "a": null }', { a: null, b: [1] }],
    ['of a list', ' [1]', [1]],
    ['of a number', '22', 22],
    ['of a text', '"x"', 'x'],
    ['of null', 'null', null],
  ])('say it once when a text says the same: %s', (_what, text, structured) => {
    const result = { content: [{ type: 'text', text }], structuredContent: structured } as CallToolResult;
    expect(contentPieces(result)).toEqual([{ type: 'text', text }]);
  });

  it('of a kind that is not known yet are JSON', () => {
    const result = { content: [{ type: 'hologram', depth: 3 }] } as object as CallToolResult;
    expect(contentPieces(result)).toEqual([{ type: 'text', text: '{"type":"hologram","depth":3}' }]);
  });
});

describe('M9 a piece in words', () => {
  it('is itself when it is text, and says what it is when it is not', () => {
    expect(contentPieces({ content: EVERYTHING }).map(describePiece)).toEqual([
      'hello',
      '[image: image/png, 12 bytes; it cannot be shown here]',
      '[audio: audio/wav, 12 bytes; it cannot be shown here]',
      '[resource "A" at file:///a.txt (2 KiB): Letters]',
      '[resource at file:///b.txt]\ninside',
      '[resource at file:///c.bin: 12 bytes; it cannot be shown here]',
    ]);
  });

  it.each([
    [0, '0 bytes'],
    [1, '1 bytes'],
    [1023, '1023 bytes'],
    [5000, '5 KiB'],
    [3_000_000, '2.9 MiB'],
  ])('knows the size of %i bytes', (bytes, said) => {
    const piece = {
      type: 'image',
      data: Buffer.alloc(bytes).toString('base64'),
      mimeType: 'image/png',
    } as const;
    expect(describePiece(piece)).toContain(`, ${said};`);
  });
});

describe('M9 plain content', () => {
  it('of one text is a string, of several a list, of none empty', () => {
    expect(plainContent({ content: [{ type: 'text', text: 'a' }] })).toEqual({
      content: 'a',
      beside: [],
      isError: false,
    });
    expect(
      plainContent({
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      }).content,
    ).toEqual(['a', 'b']);
    expect(plainContent({ content: [] }).content).toBe('');
  });

  it('has what is not text beside, and names it in words at its place', () => {
    const { content, beside } = plainContent({ content: EVERYTHING });
    expect(content).toHaveLength(6);
    expect(beside.map(({ type }) => type)).toEqual([
      'image',
      'audio',
      'resource-link',
      'resource-text',
      'resource-blob',
    ]);
  });

  it('keeps structured content and failure', () => {
    const result = {
      content: [{ type: 'text' as const, text: '{"a":1}' }],
      structuredContent: { a: 1 },
      isError: true,
    };
    expect(plainContent(result)).toEqual({
      content: '{"a":1}',
      beside: [],
      structuredContent: { a: 1 },
      isError: true,
    });
  });
});
