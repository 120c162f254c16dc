import type { ScriptedTool } from '../../../src/testing/index.ts';

export const PNG = 'iVBORw0KGgo=';
export const WAV = 'UklGRiQAAABXQVZF';
export const PDF = Buffer.from('%PDF-1.7').toString('base64');

/** Tools whose schemas providers refuse as they are, each with arguments that fit it. */
export const ODD_TOOLS: readonly { tool: ScriptedTool; args: Record<string, unknown> }[] = [
  { tool: { name: 'bare' }, args: {} },
  {
    tool: {
      name: 'draft7',
      inputSchema: {
        $schema: 'http://json-schema.org/draft-07/schema#',
        $id: 'https://example.com/draft7',
        type: 'object',
        properties: {
          where: { $ref: '#/definitions/Place' },
          size: { type: 'array', items: [{ type: 'number' }, { type: 'string' }], additionalItems: false },
          page: { type: 'string', format: 'uri' },
        },
        definitions: { Place: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    },
    args: { where: { city: 'Bern' }, size: [1, 'm'], page: 'https://example.com' },
  },
  {
    tool: {
      name: 'recursive',
      inputSchema: {
        type: 'object',
        $ref: '#/$defs/Node',
        $defs: {
          Node: {
            type: 'object',
            properties: { v: { type: 'integer' }, next: { $ref: '#/$defs/Node' } },
            required: ['v'],
            additionalProperties: false,
          },
        },
      },
    },
    args: { v: 1, next: { v: 2 } },
  },
  {
    tool: {
      name: 'union',
      inputSchema: {
        type: 'object',
        properties: { id: { type: 'string' }, name: { type: 'string' } },
        anyOf: [{ required: ['id'] }, { required: ['name'] }],
      },
    },
    args: { name: 'x' },
  },
  {
    tool: {
      name: 'odata',
      inputSchema: { type: 'object', properties: { $filter: { type: 'string' }, any: true } },
    },
    args: { $filter: 'a eq 1', any: [null] },
  },
];

/** No provider takes these, whatever is done. */
export const BROKEN_TOOLS: readonly ScriptedTool[] = [
  {
    name: 'elsewhere',
    inputSchema: { type: 'object', properties: { a: { $ref: 'https://example.com/a.json' } } },
  },
  { name: 'nonsense', inputSchema: { type: 'object', properties: { a: { type: 'colour' } } } },
];

/** One result with every kind of content. */
export const EVERY_KIND: ScriptedTool = {
  name: 'every',
  does: {
    type: 'result',
    result: {
      content: [
        { type: 'text', text: 'hello' },
        { type: 'image', data: PNG, mimeType: 'image/png' },
        { type: 'image', data: PNG, mimeType: 'image/tiff' },
        { type: 'audio', data: WAV, mimeType: 'audio/wav' },
        { type: 'resource_link', uri: 'file:///a.txt', name: 'a' },
        { type: 'resource', resource: { uri: 'file:///b.txt', text: 'inside', mimeType: 'text/plain' } },
        { type: 'resource', resource: { uri: 'file:///c.pdf', blob: PDF, mimeType: 'application/pdf' } },
        { type: 'resource', resource: { uri: 'file:///d.bin', blob: PNG } },
        { type: 'text', text: ' ' },
      ],
      structuredContent: { total: 7 },
    },
  },
};
