import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const DIST = pathToFileURL(`${resolve(import.meta.dirname, '../../../dist')}/`).href;

/** Formats, keywords and dialects that a schema library might warn of, with escapes for the terminal. */
const PROGRAM = `
  const { SessionGroup } = await import(new URL('index.js', ${JSON.stringify(DIST)}));
  const { inProcess, stdioSpec } = await import(new URL('testing/index.js', ${JSON.stringify(DIST)}));
  const { createToolkit, searchToolkit } = await import(new URL('toolkit/index.js', ${JSON.stringify(DIST)}));
  const { openaiToolkit } = await import(new URL('toolkit/openai/index.js', ${JSON.stringify(DIST)}));
  const { langchainToolkit } = await import(new URL('toolkit/langchain/index.js', ${JSON.stringify(DIST)}));
  const EVIL = '\\u001b[31mred\\u0007';
  const parts = [
    { format: EVIL }, { format: 'no-such-format', type: 'string' }, { format: 7 }, { format: '__proto__' },
    { nullable: true }, { nullable: true, type: 'string' }, { type: ['string', 'number'] }, { type: EVIL },
    { [EVIL]: true }, { $ref: '#/' + EVIL }, { $ref: EVIL }, { $id: EVIL }, { id: EVIL }, { $anchor: EVIL },
    { minItems: 1 }, { items: [{}], minItems: 1 }, { prefixItems: [{}] }, { if: true }, { then: {} },
    { required: [EVIL] }, { required: true }, { pattern: '[' + EVIL }, { patternProperties: { [EVIL]: {} } },
    { $async: true, type: 'string' }, { $data: EVIL }, { discriminator: { propertyName: EVIL } }, { $comment: EVIL },
    { contentEncoding: EVIL, contentMediaType: EVIL }, { deprecated: true }, { default: EVIL }, { enum: [EVIL, EVIL] },
    { exclusiveMinimum: true, minimum: 1 }, { $dynamicRef: '#' + EVIL }, { const: EVIL },
  ];
  const dialects = [undefined, 'http://json-schema.org/draft-07/schema#', 'http://json-schema.org/draft-04/schema#', EVIL];
  const tools = dialects.flatMap(($schema, d) => parts.map((a, nr) => {
    const schema = { ...($schema && { $schema }), type: 'object', properties: { a } };
    const result = { content: [{ type: 'text', text: 'x' }], structuredContent: { a: EVIL } };
    return { name: 't' + d + '_' + nr, inputSchema: schema, outputSchema: schema, does: { type: 'result', result } };
  }));
  const local = inProcess({ tools });
  const group = await SessionGroup.connect({ servers: { local: { server: local }, process: stdioSpec({ tools: tools.slice(0, 50) }) } });
  const toolkit = createToolkit(group);
  openaiToolkit(toolkit).tools;
  const chain = langchainToolkit(toolkit).tools;
  const search = searchToolkit(toolkit);
  await search.callTool('search_tools', { query: 'red' });
  let called = 0;
  for (const name of group.tools.keys()) {
    for (const args of [{}, { a: EVIL }, { a: 1 }]) {
      await group.callTool(name, args).catch(() => {});
      await toolkit.callTool(name, args).catch(() => {});
      called++;
    }
  }
  for (const tool of chain) await tool.invoke({ a: EVIL }).catch(() => {});
  toolkit.problems;
  await group.close();
  await local.close();
  process.stdout.write('called ' + called);
`;

describe('R10 whatever the schemas of servers hold', () => {
  it('the process prints nothing of it', () => {
    const args = ['--input-type=module', '--trace-warnings', '-e', PROGRAM];
    const printed = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', process.execPath, ...args], {
      cwd: resolve(import.meta.dirname, '../../..'),
    });
    expect(printed.toString()).toMatch(/^called \d{3}$/);
  });
});
