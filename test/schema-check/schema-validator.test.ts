import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SchemaCompiler, type SchemaCheck } from '../../src/schema-check/schema-validator.ts';

function checkOf(schema: unknown): SchemaCheck {
  const compiled = new SchemaCompiler().compile(schema);
  if ('problem' in compiled) throw new Error(compiled.problem);
  return compiled.check;
}

function problemOf(schema: unknown): string | undefined {
  const compiled = new SchemaCompiler().compile(schema);
  return 'problem' in compiled ? compiled.problem : undefined;
}

function nested(levels: number, wrap: (inner: object) => object): object {
  let schema: object = { type: 'string' };
  for (let level = 0; level < levels; level++) schema = wrap(schema);
  return schema;
}

const object = (a: unknown, more: object = {}): object => ({ type: 'object', properties: { a }, ...more });
const circle = { $defs: { x: { $ref: '#/$defs/y' }, y: { allOf: [{ $ref: '#/$defs/x' }] } } };

/** Schemas that are not checked, each by what is wrong with it. */
const UNUSABLE: readonly (readonly [title: string, schema: unknown])[] = [
  ['a reference to nowhere', object({ $ref: '#/$defs/nowhere' })],
  ['a reference to another document', object({ $ref: 'https://example.org/other.json' })],
  ['a reference to another file', object({ $ref: 'other.json#/a' })],
  ['a dialect that nobody knows', { $schema: 'https://example.org/own', type: 'object' }],
  ['a dialect that is no text', { $schema: 4, type: 'object' }],
  ['a dialect with an escape', { $schema: '\u001b[31mred', type: 'object' }],
  ['draft 3', { $schema: 'http://json-schema.org/draft-03/schema#', type: 'object' }],
  ['draft 4 that does not say so', object({ type: 'number', minimum: 1, exclusiveMinimum: true })],
  [
    'a list of items as of draft 7 that does not say so',
    object({ type: 'array', items: [{ type: 'string' }] }),
  ],
  ['required: true', object({ type: 'string', required: true })],
  ['required: a text', object({}, { required: 'a' })],
  ['nullable without a type', object({ nullable: true })],
  ['a type that is none', object({ type: 'no-such-type' })],
  ['a type that is a number', object({ type: 7 })],
  ['a limit that is a text', object({ type: 'number', minimum: '1' })],
  ['an enum that is none', object({ enum: 'a' })],
  ['an empty enum', object({ enum: [] })],
  ['a pattern that is none', object({ pattern: 7 })],
  ['properties that are a list', { type: 'object', properties: [] }],
  ['an id as of draft 4', object({}, { id: 'x' })],
  ['the same id twice', object({ $id: 'x:a', type: 'string' }, { allOf: [{ $id: 'x:a', type: 'object' }] })],
  ['a reference to itself', { $ref: '#' }],
  ['a reference to itself in a union', { type: 'object', anyOf: [{ $ref: '#' }, { type: 'object' }] }],
  ['references in a circle', { ...object({ $ref: '#/$defs/x' }), ...circle }],
  ['1 500 levels of properties', nested(1_500, (inner) => object(inner))],
  ['1 500 levels of items', nested(1_500, (items) => ({ type: 'array', items }))],
  ['20 000 levels of anyOf', nested(20_000, (inner) => ({ anyOf: [inner] }))],
  ['too many characters', { type: 'object', description: 'x'.repeat(300_000) }],
  ['null', null],
  ['true', true],
  ['false', false],
  ['a text', 'true'],
  ['a number', 1],
  ['a list', [{ type: 'object' }]],
];

describe('R9 a schema with', () => {
  it.each(UNUSABLE)('%s is not used, and it is said why', (_, schema) => {
    expect(problemOf(schema)).toMatch(/\S/);
  });

  it('one that cannot be used costs the others of its compiler nothing', () => {
    const compiler = new SchemaCompiler();
    for (const [, schema] of UNUSABLE) {
      compiler.compile(schema);
      const compiled = compiler.compile(object({ type: 'string' }));
      expect('check' in compiled && compiled.check({ a: 1 })).toEqual([
        { path: '/a', problem: 'must be string' },
      ]);
    }
  });
});

describe('R9 a schema of an earlier draft is checked by its own rules', () => {
  it.each<[dialect: string, schema: object, fits: unknown, other: unknown]>([
    ['draft-04', object({ type: 'number', minimum: 1, exclusiveMinimum: true }), { a: 2 }, { a: 1 }],
    ['draft-04', object({ type: 'number', maximum: 1, exclusiveMaximum: false }), { a: 1 }, { a: 2 }],
    [
      'draft-04',
      { id: 'http://x/y', ...object({ type: 'array', items: [{ type: 'string' }] }) },
      { a: ['x'] },
      { a: [1] },
    ],
    ['draft-04', object({ properties: { id: { type: 'string' } } }), { a: { id: 'x' } }, { a: { id: 1 } }],
    ['draft-06', object({ exclusiveMinimum: 1, type: 'number' }), { a: 2 }, { a: 1 }],
    [
      'draft-07',
      object({ items: [{ type: 'string' }], additionalItems: false }),
      { a: ['x'] },
      { a: ['x', 1] },
    ],
    ['draft-07', { ...object({}), dependencies: { a: ['b'] } }, { a: 1, b: 1 }, { a: 1 }],
    [
      'draft-07',
      { ...object({ $ref: '#/definitions/s' }), definitions: { s: { type: 'string' } } },
      { a: 'x' },
      { a: 1 },
    ],
  ])('%s: %o', (draft, schema, fits, other) => {
    const check = checkOf({ $schema: `http://json-schema.org/${draft}/schema#`, ...schema });
    expect(check(fits)).toEqual([]);
    expect(check(other)).not.toEqual([]);
  });

  it.each<[dialect: string, schema: object, fits: unknown, other: unknown]>([
    ['2019-09', object({ items: [{ type: 'string' }] }), { a: ['x'] }, { a: [1] }],
    ['2020-12', object({ prefixItems: [{ type: 'string' }] }), { a: ['x'] }, { a: [1] }],
    ['2020-12', object({}, { unevaluatedProperties: false }), { a: 1 }, { b: 1 }],
  ])('%s: %o', (draft, schema, fits, other) => {
    for (const end of ['', '#']) {
      const check = checkOf({ $schema: `https://json-schema.org/draft/${draft}/schema${end}`, ...schema });
      expect(check(fits)).toEqual([]);
      expect(check(other)).not.toEqual([]);
    }
  });
});

describe('S6 a schema that checks itself later', () => {
  it('is checked at once: a check of its own time could end the process', () => {
    expect(checkOf({ $async: true, ...object({ type: 'string' }) })({ a: 1 })).toHaveLength(1);
    expect(checkOf(object({ $async: true, type: 'string' }))({ a: 1 })).toHaveLength(1);
  });
});

describe('what does not fit is named', () => {
  it.each<[schema: object, data: unknown, problems: object[]]>([
    [object({ type: 'string' }), { a: 1 }, [{ path: '/a', problem: 'must be string' }]],
    [object({ type: 'string' }), 1, [{ path: '', problem: 'must be object' }]],
    [object({}, { required: ['x/y~z'] }), {}, [{ path: '/x~1y~0z', problem: 'is required' }]],
    [
      object({ enum: ['x', 1] }),
      { a: 2 },
      [{ path: '/a', problem: 'must be equal to one of the allowed values: "x", 1' }],
    ],
    [object({ const: { b: 1 } }), { a: 2 }, [{ path: '/a', problem: 'must be equal to constant: {"b":1}' }]],
    [
      object({}, { additionalProperties: false }),
      { b: 1, c: 1 },
      [{ path: '', problem: 'must NOT have additional properties such as "b", "c"; known are "a"' }],
    ],
    [
      object({}, { unevaluatedProperties: false }),
      { b: 1 },
      [{ path: '', problem: 'must NOT have unevaluated properties such as "b"; known are "a"' }],
    ],
    [object({ format: 'date' }), { a: 'x' }, [{ path: '/a', problem: 'must match format "date"' }]],
  ])('%o, %o', (schema, data, problems) => {
    expect(checkOf(schema)(data)).toEqual(problems);
  });

  it('the first ones only, when thousands do not fit', () => {
    const check = checkOf({ type: 'array', items: { type: 'string' } });
    expect(check(Array.from({ length: 50_000 }, () => 1))).toHaveLength(50);
    const closed = checkOf({ type: 'object', additionalProperties: false });
    const names = Array.from({ length: 5_000 }, (_, nr) => [`p${nr}`, 1]);
    const [only, ...more] = closed(Object.fromEntries(names));
    expect(more).toEqual([]);
    expect(only?.problem.length).toBeLessThan(300);
  });

  it('data that is nested too deeply is said to be, and not thrown at', () => {
    let data: object = {};
    for (let level = 0; level < 100_000; level++) data = { a: data };
    const check = checkOf({ type: 'object', properties: { a: { $ref: '#' } } });
    expect(check(data)).toEqual([{ path: '', problem: 'is nested too deeply to be checked' }]);
  });
});

describe('R10 whatever a schema holds', () => {
  it('nothing is printed, neither when it is compiled nor when it is used', () => {
    const odd = [
      ...UNUSABLE.filter(([title]) => !/levels|characters/.test(title)).map(([, schema]) => schema),
      object({ format: '\u001b[31mred\u0007' }),
      object({ format: 'no-such-format', type: 'string' }),
      object({ format: '__proto__' }),
      object({ format: 7 }),
      object({ nullable: true, type: 'string' }),
      object({ type: ['string', 'number', 'null'] }),
      object({ '\u001b]0;title\u0007': 1, unknownKeyword: true }),
      object({ minItems: 1 }),
      object({ if: { type: 'string' } }),
      object({ $dynamicRef: '#x', $recursiveRef: '#' }),
      object({ prefixItems: [{}, {}], minItems: 1 }),
      object({ contentEncoding: 'base64', contentMediaType: 'text/html' }),
      { $schema: 'http://json-schema.org/draft-07/schema#', ...object({ format: '\u001b[2J' }) },
      { $schema: 'https://json-schema.org/draft/2019-09/schema', ...object({ format: '\u001b[2J' }) },
      { $schema: 'http://json-schema.org/draft-04/schema#', ...object({ format: '\u001b[2J', id: 'x' }) },
    ];
    const url = pathToFileURL(
      resolve(import.meta.dirname, '../../dist/schema-check/schema-validator.js'),
    ).href;
    const program = `
      import { SchemaCompiler } from ${JSON.stringify(url)};
      let input = '';
      for await (const chunk of process.stdin) input += chunk;
      const compiler = new SchemaCompiler();
      for (const schema of JSON.parse(input)) {
        const compiled = compiler.compile(schema);
        if ('check' in compiled) for (const data of [{}, { a: 1 }, { a: '\\u001b[31m' }, [], 'x', null]) compiled.check(data);
      }
      process.stdout.write('end');
    `;
    const args = ['--input-type=module', '--trace-warnings', '-e', program];
    const printed = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', process.execPath, ...args], {
      input: JSON.stringify(odd),
    });
    expect(printed.toString()).toBe('end');
  });
});
