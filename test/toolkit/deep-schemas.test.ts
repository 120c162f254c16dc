import { describe, expect, it } from 'vitest';
import { anthropicToolkit } from '../../src/toolkit/anthropic/index.ts';
import { openaiToolkit } from '../../src/toolkit/openai/index.ts';
import {
  anthropicDialect,
  genericDialect,
  openaiDialect,
  openaiStrictDialect,
} from '../../src/toolkit/schema/dialects.ts';
import { portableSchema } from '../../src/toolkit/schema/portable-schema.ts';
import { searchToolkit } from '../../src/toolkit/search/search-toolkit.ts';
import { tokenEstimate } from '../../src/toolkit/token-estimate.ts';
import { createToolkit } from '../../src/toolkit/toolkit.ts';
import type { ToolDefinition, ToolSource } from '../../src/toolkit/tool-source.ts';
import { textOf } from '../support/results.ts';

type Schema = ToolDefinition['inputSchema'];
interface Json {
  [key: string]: string | Json | Json[];
}

function nested(levels: number, wrap: (inner: Json) => Json): Schema {
  let schema: Json = { type: 'string' };
  for (let level = 0; level < levels; level++) schema = wrap(schema);
  return { type: 'object', properties: { deep: schema } };
}

const WAYS: [title: string, wrap: (inner: Json) => Json][] = [
  ['properties', (inner) => ({ type: 'object', properties: { a: inner } })],
  ['items', (items) => ({ type: 'array', items })],
  ['anyOf', (inner) => ({ anyOf: [inner] })],
  ['allOf', (inner) => ({ allOf: [inner] })],
  ['not', (not) => ({ not })],
  ['$defs', (inner) => ({ $defs: { a: inner } })],
  ['enum', (inner) => ({ enum: [inner] })],
  ['an unknown keyword', (inner) => ({ 'x-own': inner })],
];
const DEPTHS = [1_500, 3_000, 50_000];
const CASES = WAYS.flatMap(([title, wrap]) =>
  DEPTHS.map((levels): [string, Schema] => [`${levels} levels of ${title}`, nested(levels, wrap)]),
);

function sourceWith(inputSchema: Schema): ToolSource {
  const plain: ToolDefinition = { name: 'plain', server: 's', inputSchema: { type: 'object' } };
  const deep: ToolDefinition = { name: 'deep', server: 's', description: 'Deep.', inputSchema };
  return {
    tools: new Map([
      ['deep', deep],
      ['plain', plain],
    ]),
    callTool: async () => ({ content: [{ type: 'text', text: 'called' }] }),
  };
}

describe.each(CASES)('R16 a tool with %s', (_, schema) => {
  it('is reported in any dialect, or put to the model', () => {
    for (const dialect of [openaiDialect, openaiStrictDialect, anthropicDialect, genericDialect]) {
      const outcome = portableSchema(schema, dialect);
      expect('problem' in outcome || 'schema' in outcome).toBe(true);
    }
    for (const { tools, problems } of [
      openaiToolkit(sourceWith(schema)),
      anthropicToolkit(sourceWith(schema)),
    ]) {
      expect(JSON.stringify(tools)).toContain('plain');
      expect(problems.every(({ tool }) => tool === 'deep')).toBe(true);
    }
  });

  it('costs the others nothing in a toolkit, a search and an estimate', async () => {
    const toolkit = createToolkit(sourceWith(schema));
    expect([...toolkit.tools.keys()]).toEqual(['deep', 'plain']);
    expect(textOf(await toolkit.callTool('plain', {}))).toBe('called');
    expect(
      textOf(
        await toolkit
          .callTool('deep', { deep: 'x' })
          .catch(() => ({ content: [{ type: 'text', text: '' }] })),
      ),
    ).toBeDefined();
    const search = searchToolkit(toolkit);
    expect(textOf(await search.callTool('search_tools', { query: 'deep' }))).toContain('deep');
    expect(textOf(await search.callTool('describe_tools', { names: ['deep', 'plain'] }))).toContain('plain');
    expect(tokenEstimate(toolkit).total).toBeGreaterThan(0);
  });
});
