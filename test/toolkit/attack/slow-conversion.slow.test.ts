import { describe, expect, it } from 'vitest';
import { contentPieces } from '../../../src/toolkit/content/pieces.ts';
import { withOwnTools, type OwnTool } from '../../../src/toolkit/own-tools.ts';
import { safeFileName } from '../../../src/toolkit/resources/downloads/safe-file-name.ts';
import { openaiStrictDialect } from '../../../src/toolkit/schema/dialects.ts';
import { portableSchema } from '../../../src/toolkit/schema/portable-schema.ts';
import { textTokens } from '../../../src/toolkit/token-estimate.ts';

/** Far more than it takes, far less than what grows with the square. */
const AT_ONCE = 15_000;

describe('M9 no server decides how long this process stands still', () => {
  it(
    'by a union of branches that differ in the last of their properties',
    () => {
      const wide = Array.from({ length: 300 }, (_, nr) => [`p${nr}`, { type: 'string' }] as const);
      const branch = (nr: number): object => {
        const properties = Object.fromEntries([...wide, ['kind', { type: 'string', const: `k${nr}` }]]);
        return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
      };
      const union = { oneOf: Array.from({ length: 90 }, (_, nr) => ({ $ref: `#/$defs/b${nr}` })) };
      const schema = {
        type: 'object',
        properties: Object.fromEntries(Array.from({ length: 100 }, (_, nr) => [`u${nr}`, union])),
        required: Array.from({ length: 100 }, (_, nr) => `u${nr}`),
        additionalProperties: false,
        $defs: Object.fromEntries(Array.from({ length: 90 }, (_, nr) => [`b${nr}`, branch(nr)])),
      };
      expect(portableSchema(schema, openaiStrictDialect)).toHaveProperty('problem');
    },
    AT_ONCE,
  );

  it(
    'by a description of many capitals',
    () => {
      expect(textTokens('aA'.repeat(200_000))).toBeGreaterThan(100_000);
    },
    AT_ONCE,
  );

  it.each([
    ['slashes', `x:/${'/'.repeat(1_000_000)}a`, 'a'],
    ['dots', `x:/a${'.'.repeat(1_000_000)}txt`, /txt$/],
    ['trailing slashes', `x:/a.txt${'/'.repeat(1_000_000)}`, 'a.txt'],
    ['nothing but slashes', '/'.repeat(1_000_000), 'resource'],
    ['nothing but dots', '.'.repeat(1_000_000), 'resource'],
  ])(
    'by the name of a download: %s',
    (_, uri, expected) => {
      expect(safeFileName(uri)).toMatch(expected);
    },
    AT_ONCE,
  );

  it(
    'by thousands of templates of one name',
    () => {
      const own = Array.from({ length: 20_000 }, (_, nr): OwnTool => ({
        id: String(nr),
        wantedName: 's__read_same',
        definition: { inputSchema: { type: 'object' } },
        call: () => Promise.resolve({ content: [] }),
      }));
      const source = { tools: new Map(), callTool: () => Promise.resolve({ content: [] }) };
      const { tools } = withOwnTools(source, () => own);
      expect(tools.size).toBe(20_000);
      expect([...tools.keys()].slice(0, 2)).toEqual(['s__read_same', 's__read_same_2']);
    },
    AT_ONCE,
  );

  it(
    'by thousands of blocks beside structured content',
    () => {
      const content = Array.from({ length: 100_000 }, (_, nr) => ({
        type: 'text' as const,
        text: `x ${nr}`,
      }));
      const values = Array.from({ length: 50 }, (_, nr) => [`k${nr}`, nr === 0 ? 123_456_789 : nr]);
      const structuredContent = Object.fromEntries(values) as Record<string, unknown>;
      expect(contentPieces({ content, structuredContent })).toHaveLength(100_001);
    },
    AT_ONCE,
  );
});
