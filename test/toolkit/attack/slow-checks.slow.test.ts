import type { Tool } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { ArgumentChecker } from '../../../src/toolkit/arguments/argument-checker.ts';
import { thrownBy } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local } from '../../support/servers.ts';

/** Far more than it takes, far less than for ever. */
const AT_ONCE = 15_000;

const check = (inputSchema: object, args: Record<string, unknown>): void =>
  new ArgumentChecker().check('t', { name: 't', inputSchema: inputSchema as Tool['inputSchema'] }, args);

/** Each definition refers to the next one twice, so that the last one is reached 2ⁿ times. */
function doubling(length: number, refer: (next: object) => object): object {
  const defs = Array.from({ length }, (_, nr) => [
    `d${nr}`,
    nr === length - 1 ? { type: 'string' } : refer({ $ref: `#/$defs/d${nr + 1}` }),
  ]);
  return { type: 'object', properties: { a: { $ref: '#/$defs/d0' } }, $defs: Object.fromEntries(defs) };
}

describe('M9 no server decides how long checking arguments takes', () => {
  it.each([
    ['allOf', (next: object) => ({ allOf: [next, next] })],
    ['anyOf', (next: object) => ({ anyOf: [next, next] })],
    ['oneOf', (next: object) => ({ oneOf: [next, next] })],
    ['if', (next: object) => ({ if: { not: next }, else: next })],
    ['a reference beside a union', (next: object) => ({ ...next, allOf: [next] })],
    ['dependentSchemas', (next: object) => ({ dependentSchemas: { x: next, y: next } })],
  ])(
    'by references that double at each step: %s',
    (_, refer) => {
      const schema = doubling(60, refer);
      expect(() => check(schema, { a: 1 })).not.toThrow();
      expect(() => check(schema, { a: 'x' })).not.toThrow();
    },
    AT_ONCE,
  );

  it(
    'by references that double with each level of the arguments',
    () => {
      const schema = {
        type: 'object',
        properties: { a: { $ref: '#/$defs/n' } },
        $defs: {
          n: { $ref: '#/$defs/m', properties: { a: { $ref: '#/$defs/n' } } },
          m: { type: 'object', properties: { a: { $ref: '#/$defs/n' } } },
        },
      };
      let args: Record<string, unknown> = { a: 1 };
      for (let depth = 0; depth < 60; depth++) args = { a: args };
      expect(() => check(schema, args)).not.toThrow();
      expect(thrownBy(() => check(schema, { a: { a: 1 } })).code).toBe('INVALID_ARGUMENTS');
    },
    AT_ONCE,
  );

  it(
    'by hiding such references behind addresses',
    () => {
      const { $defs, ...rest } = doubling(60, (next) => ({ allOf: [next, next] })) as Record<string, unknown>;
      const schema = JSON.parse(JSON.stringify({ ...rest, $defs }).replaceAll('#/$defs/', 'x:')) as {
        $defs: Record<string, object>;
      };
      const named = Object.entries($defs as Record<string, object>).map(([name, def]) => [
        name,
        { ...(JSON.parse(JSON.stringify(def).replaceAll('#/$defs/', 'x:')) as object), $id: `x:${name}` },
      ]);
      expect(() => check({ ...schema, $defs: Object.fromEntries(named) }, { a: 1 })).not.toThrow();
    },
    AT_ONCE,
  );

  it(
    'by a union of many branches over a list of many items',
    () => {
      const branches = Array.from({ length: 2000 }, (_, nr) => ({ const: `v${nr}` }));
      const schema = { type: 'object', properties: { a: { type: 'array', items: { anyOf: branches } } } };
      expect(() => check(schema, { a: Array.from({ length: 20_000 }, () => 0) })).not.toThrow();
      expect(thrownBy(() => check(schema, { a: [0] })).code).toBe('INVALID_ARGUMENTS');
    },
    AT_ONCE,
  );

  it(
    'by its size',
    () => {
      const names = Array.from({ length: 30_000 }, (_, nr) => [`property_${nr}`, { type: 'string' }]);
      const schema = { type: 'object', properties: Object.fromEntries(names) as object };
      expect(() => check(schema, { property_1: 1 })).not.toThrow();
    },
    AT_ONCE,
  );
});

describe('S6 nor how long checking its own answer takes', () => {
  it(
    'by an output schema whose references double',
    async () => {
      const outputSchema = { ...doubling(60, (next) => ({ anyOf: [next, next] })) };
      const result = { content: [], structuredContent: { a: 1 } };
      const server = local({ tools: [{ name: 't', outputSchema, does: { type: 'result', result } }] });
      const group = await connectGroup({ servers: { s: { server } } });
      expect((await group.callTool('s__t')).structuredContent).toEqual({ a: 1 });
    },
    AT_ONCE,
  );

  it(
    'and a long table of rows that refer to one definition is checked',
    () => {
      const schema = {
        type: 'object',
        properties: { rows: { type: 'array', items: { $ref: '#/$defs/row' } } },
        $defs: { row: { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } } } },
      };
      const rows = Array.from({ length: 50_000 }, (_, id) => ({ id, name: `n${id}` }));
      expect(() => check(schema, { rows })).not.toThrow();
      expect(thrownBy(() => check(schema, { rows: [...rows, { id: 'x' }] })).message).toContain(
        '/rows/50000/id',
      );
    },
    AT_ONCE,
  );
});

describe('M9 honest schemas that look like those are checked', () => {
  it('a tree, however deep and wide', () => {
    const node = {
      type: 'object',
      properties: { l: { $ref: '#' }, r: { $ref: '#' }, v: { type: 'integer' } },
    };
    const tree = (depth: number, v: unknown): Record<string, unknown> =>
      depth === 0 ? { v } : { l: tree(depth - 1, v), r: tree(depth - 1, v), v };
    expect(() => check(node, tree(10, 1))).not.toThrow();
    expect(thrownBy(() => check(node, tree(10, 'x'))).code).toBe('INVALID_ARGUMENTS');
  });

  it('a recursive union', () => {
    const schema = {
      type: 'object',
      properties: { where: { $ref: '#/$defs/filter' } },
      $defs: {
        filter: {
          anyOf: [
            {
              type: 'object',
              properties: { and: { type: 'array', items: { $ref: '#/$defs/filter' } } },
              required: ['and'],
            },
            {
              type: 'object',
              properties: { or: { type: 'array', items: { $ref: '#/$defs/filter' } } },
              required: ['or'],
            },
            { type: 'object', properties: { is: { type: 'string' } }, required: ['is'] },
          ],
        },
      },
    };
    let where: unknown = { is: 'x' };
    for (let depth = 0; depth < 20; depth++) where = { and: [where, { or: [{ is: 'y' }] }] };
    expect(() => check(schema, { where })).not.toThrow();
    expect(thrownBy(() => check(schema, { where: { and: [where, { or: [{ is: 1 }] }] } })).code).toBe(
      'INVALID_ARGUMENTS',
    );
  });

  it('properties of names that every object has', () => {
    const schema = {
      type: 'object',
      properties: { constructor: { type: 'string' }, toString: { type: 'object' } },
      required: ['valueOf'],
    };
    const failure = thrownBy(() => check(schema, {}));
    expect(failure.data).toEqual({ problems: [{ path: '/valueOf', problem: 'is required' }] });
    expect(() => check(schema, { constructor: 'Ferrari', valueOf: 1 })).not.toThrow();
  });
});

describe('M9 no model decides how long finding fault takes', () => {
  it(
    'by thousands of arguments that there are not',
    () => {
      const schema = { type: 'object', properties: { a: {} }, additionalProperties: false };
      const args = Object.fromEntries(Array.from({ length: 30_000 }, (_, nr) => [`x${nr}`, nr]));
      const { message } = thrownBy(() => check(schema, args));
      expect(message.length).toBeLessThan(3000);
    },
    AT_ONCE,
  );

  it(
    'by nesting',
    () => {
      const deep = JSON.parse('{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)) as Record<string, unknown>;
      const schema = { type: 'object', properties: { a: { $ref: '#' } } };
      expect(thrownBy(() => check(schema, deep)).code).toBe('INVALID_ARGUMENTS');
    },
    AT_ONCE,
  );
});
