import { describe, expect, it } from 'vitest';
import type { PlenumError } from '../../../src/index.ts';
import { ArgumentChecker } from '../../../src/toolkit/arguments/argument-checker.ts';
import type { ToolDefinition } from '../../../src/toolkit/tool-source.ts';
import { thrownBy } from '../../support/failures.ts';

type Schema = ToolDefinition['inputSchema'];

function check(inputSchema: Schema, args: Record<string, unknown>): PlenumError | undefined {
  const run = (): void =>
    new ArgumentChecker().check('tool', { name: 'tool', inputSchema, server: 's' }, args);
  try {
    run();
    return undefined;
  } catch {
    return thrownBy(run);
  }
}

const schema: Schema = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    mode: { enum: ['read', 'write'] },
    'a/b~c': { type: 'integer' },
    entries: { type: 'array', items: { $ref: '#/$defs/entry' } },
  },
  required: ['path'],
  additionalProperties: false,
  $defs: {
    entry: { type: 'object', properties: { size: { type: 'number', minimum: 0 } }, required: ['size'] },
  },
};

describe('M9 arguments that fit', () => {
  it.each<[string, Schema, Record<string, unknown>]>([
    ['by the schema', schema, { path: 'x', entries: [{ size: 1 }], mode: 'read' }],
    ['by one that asks for nothing', { type: 'object' }, { anything: [1] }],
    [
      'of the draft that most servers write',
      { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' },
      {},
    ],
  ])('pass %s', (_, inputSchema, args) => {
    expect(check(inputSchema, args)).toBeUndefined();
  });

  it.each<[string, Schema]>([
    ['refers to nothing', { type: 'object', properties: { a: { $ref: '#/nowhere' } } }],
    [
      'is of a dialect that nobody knows',
      { $schema: 'https://example.org/own', type: 'object', required: ['x'] },
    ],
  ])('are left to the server when the schema %s', (_, inputSchema) => {
    expect(check(inputSchema, {})).toBeUndefined();
  });

  it('are not held against a regular expression, which a server could make run for ever', () => {
    const inputSchema: Schema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
    expect(check(inputSchema, { a: `${'a'.repeat(50)}!` })).toBeUndefined();
  });
});

describe('M9 arguments that do not fit', () => {
  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ['is of another type', { path: 1 }, '/path', /must be string/],
    ['is missing', {}, '/path', /is required/],
    ['is missing further in', { path: 'x', entries: [{ size: 1 }, {}] }, '/entries/1/size', /is required/],
    ['is out of range', { path: 'x', entries: [{ size: -1 }] }, '/entries/0/size', /must be >= 0/],
    ['has other values than those', { path: 'x', mode: 'rw' }, '/mode', /"read", "write"/],
    ['is not known', { path: 'x', pth: 1 }, '', /"pth"; known are "path", "mode"/],
    ['has a name that a pointer must escape', { path: 'x', 'a/b~c': 'y' }, '/a~1b~0c', /must be integer/],
  ])('are refused with the path of what %s', (_, args, path, problem) => {
    const error = check(schema, args);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS', server: 's', maybeExecuted: false });
    expect(error?.data).toEqual({ problems: [{ path, problem: expect.stringMatching(problem) }] });
    expect(error?.message).toMatch(problem);
    expect(error?.message).toContain(path);
  });

  it('are refused with all that is wrong, of which the message tells the first few', () => {
    const names = Array.from({ length: 9 }, (_, nr) => `p${nr}`);
    const error = check({ type: 'object', required: names }, {});
    expect(error?.data).toEqual({
      problems: names.map((name) => ({ path: `/${name}`, problem: 'is required' })),
    });
    expect(error?.message).toContain('/p0 is required. /p1 is required.');
    expect(error?.message).toContain('And 4 more.');
  });

  it('do not put control characters or endless names into the message', () => {
    const error = check(schema, { path: 'x', [`\u202e${'n'.repeat(10_000)}`]: 1 });
    expect(error?.message).not.toContain('\u202e');
    expect(error?.message.length).toBeLessThan(1000);
  });

  it('are refused when they are nested too deeply to be checked', () => {
    const inputSchema: Schema = {
      type: 'object',
      properties: { a: { $ref: '#' } },
      additionalProperties: false,
    };
    let args: Record<string, unknown> = {};
    for (let depth = 0; depth < 200_000; depth++) args = { a: args };
    expect(check(inputSchema, args)).toMatchObject({ code: 'INVALID_ARGUMENTS' });
  });

  it.each<[string, (type: string) => Schema]>([
    [
      'the same $id',
      (type) => ({ $id: 'https://example.org/same', type: 'object', properties: { a: { type } } }),
    ],
    [
      'the same $id further in',
      (type) => ({ type: 'object', properties: { a: { $id: 'https://example.org/inner', type } } }),
    ],
  ])('are not checked against the schema of another tool with %s', (_, schemaOf) => {
    const checker = new ArgumentChecker();
    const tools = ['string', 'number'].map((name) => ({ name, inputSchema: schemaOf(name) }));
    for (const tool of tools) {
      expect(() => checker.check(tool.name, tool, { a: true })).toThrow(`/a must be ${tool.name}`);
    }
  });

  it('still say where when a compiler has been let go of', () => {
    const checker = new ArgumentChecker();
    for (let nr = 0; nr < 300; nr++) {
      const tool: ToolDefinition = { name: 't', inputSchema: { type: 'object', required: [`p${nr}`] } };
      expect(() => checker.check('t', tool, {})).toThrow(`/p${nr} is required`);
    }
  });
});
