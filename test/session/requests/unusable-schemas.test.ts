import { describe, expect, it } from 'vitest';
import { stdioSpec, type ScriptedTool } from '../../../src/testing/index.ts';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { textOf } from '../../support/results.ts';
import { http, local, tools } from '../../support/servers.ts';

type Schema = NonNullable<ScriptedTool['outputSchema']>;

const object = (a: Schema[string], more: object = {}): Schema => ({
  type: 'object',
  properties: { a },
  ...more,
});

const UNUSABLE: Readonly<Record<string, Schema>> = {
  nowhere: object({ $ref: '#/$defs/nowhere' }),
  remote: object({ $ref: 'https://example.org/other.json' }),
  dialect: { $schema: 'https://example.org/\u001b[31mown', type: 'object' },
  draft3: { $schema: 'http://json-schema.org/draft-03/schema#', type: 'object' },
  old_limit: object({ type: 'number', minimum: 1, exclusiveMinimum: true }),
  tuple: object({ type: 'array', items: [{ type: 'string' }] }),
  required: object({ type: 'string', required: true }),
  nullable: object({ nullable: true }),
  no_type: object({ type: 'no-such-type' }),
  circle: object({ $ref: '#/$defs/x' }, { $defs: { x: { $ref: '#/$defs/x' } } }),
  itself: { type: 'object', allOf: [{ $ref: '#' }] },
};

/** A tool whose result fits no schema at all. */
function tool(name: string, outputSchema: Schema): ScriptedTool {
  const result = { content: [{ type: 'text', text: name }], structuredContent: { a: [{ odd: true }] } };
  return { name, outputSchema, does: { type: 'result', result } };
}

const odd = Object.entries(UNUSABLE).map(([name, schema]) => tool(name, schema));
const good = tool('checked', object({ type: 'string' }));

describe.each([
  ['in this process', async () => ({ server: local({ tools: [...odd, good] }) })],
  ['over stdio', async () => stdioSpec({ tools: [...odd, good] })],
  ['over HTTP', async () => ({ url: (await http({ tools: [...odd, good] })).url })],
])('R9 a tool whose output schema cannot be used, %s', (_, specOf) => {
  it('is called unchecked and reported once, and the others notice nothing', async () => {
    const group = await connectGroup({
      servers: { odd: await specOf(), other: { server: local({ tools: tools('echo') }) } },
    });
    const log = new EventLog(group);
    for (let round = 0; round < 2; round++) {
      for (const name of Object.keys(UNUSABLE)) {
        const result = await group.callTool(`odd__${name}`);
        expect(result.structuredContent).toEqual({ a: [{ odd: true }] });
      }
      expect((await failureOf(group.callTool('odd__checked'))).code).toBe('INVALID_RESULT');
      expect(textOf(await group.callTool('other__echo', { a: 1 }))).toBe('{"a":1}');
      await group.refresh({ server: 'odd' });
    }
    await log.until('problem', ({ error }) => error.message.includes('"itself"'));
    const problems = log.of('problem');
    expect(problems.map(({ server, error }) => [server, error.code])).toEqual(
      Object.keys(UNUSABLE).map(() => ['odd', 'INVALID_RESULT']),
    );
    for (const [nr, name] of Object.keys(UNUSABLE).entries()) {
      expect(problems[nr]?.error.message).toContain(`Results of tool "${name}" are not checked`);
      expect(problems[nr]?.error.message).not.toMatch(/\u001b/);
    }
  });
});

describe('R9 a tool whose input schema cannot be used', () => {
  it('is called unchecked by a toolkit, and is one of its problems once', async () => {
    const inputs = Object.entries(UNUSABLE).map(([name, inputSchema]) => ({ name, inputSchema }));
    const group = await connectGroup({
      servers: {
        odd: { server: local({ tools: inputs }) },
        other: { server: local({ tools: [{ name: 'checked', inputSchema: object({ type: 'string' }) }] }) },
      },
    });
    const toolkit = createToolkit(group);
    for (let round = 0; round < 2; round++) {
      for (const name of Object.keys(UNUSABLE)) {
        expect(textOf(await toolkit.callTool(`odd__${name}`, { a: [1] }))).toBe('{"a":[1]}');
      }
      expect((await failureOf(toolkit.callTool('other__checked', { a: 1 }))).code).toBe('INVALID_ARGUMENTS');
    }
    const unchecked = toolkit.problems.filter(({ problem }) => problem.includes('arguments are not checked'));
    expect(unchecked.map(({ tool: name, server }) => [name, server])).toEqual(
      Object.keys(UNUSABLE).map((name) => [`odd__${name}`, 'odd']),
    );
    expect(JSON.stringify(toolkit.problems)).not.toContain('u001b');
  });
});
