import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/toolkit/schema/dialect.ts';
import { anthropicDialect, genericDialect, openaiDialect } from '../../../src/toolkit/schema/dialects.ts';
import { expectSameMeaning, expressed, problemOf } from './support.ts';

const DIALECTS = { openai: openaiDialect, anthropic: anthropicDialect, generic: genericDialect };
const each = Object.entries(DIALECTS);

function object(properties: JsonObject, more: JsonObject = {}): JsonObject {
  return { type: 'object', properties, ...more };
}

/** As a model sends arguments whose schema was put one level down. */
function wrap(args: JsonObject): JsonObject {
  return { arguments: args };
}

describe('M9 a plain schema', () => {
  const plain = object(
    { city: { type: 'string', minLength: 1, description: 'Where' }, days: { type: 'integer', maximum: 7 } },
    { required: ['city'], additionalProperties: false },
  );

  it.each(each)('stays as it is for %s', (_name, dialect) => {
    const portable = expectSameMeaning(plain, dialect, {
      fit: [{ city: 'Bern' }, { city: 'Bern', days: 3 }],
      unfit: [{}, { city: '' }, { city: 'Bern', days: 8 }, { city: 'Bern', more: 1 }],
    });
    expect(portable).toEqual(plain);
  });

  it.each(each)(
    'of a tool without arguments gets properties, of which there are none: %s',
    (_name, dialect) => {
      expect(expressed({ type: 'object' }, dialect).schema).toEqual({ type: 'object', properties: {} });
      expect(expressed({}, dialect).schema).toEqual({ type: 'object', properties: {} });
      expect(expressed(true, dialect).schema).toEqual({ type: 'object', properties: {} });
    },
  );

  it('with nulls where a server had nothing to say loses them', () => {
    const schema = { type: 'object', properties: null, required: null, description: null };
    expect(expressed(schema, openaiDialect).schema).toEqual({ type: 'object', properties: {} });
  });

  it('with a property called __proto__ keeps it', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}') as JsonObject;
    expect(JSON.stringify(expressed(schema, openaiDialect).schema)).toBe(JSON.stringify(schema));
  });
});

describe('M9 a schema of an older draft', () => {
  it('gets the words of 2020-12: definitions, tuples, dependencies', () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      ...object(
        {
          pair: { type: 'array', items: [{ type: 'string' }, { type: 'number' }], additionalItems: false },
          name: { $ref: '#/definitions/Name' },
        },
        { dependencies: { pair: ['name'], name: { required: ['pair'] } } },
      ),
      definitions: { Name: { type: 'string', minLength: 2 }, Unused: { type: 'string' } },
    };
    for (const [, dialect] of each) {
      const portable = expectSameMeaning(schema, dialect, {
        fit: [{}, { pair: ['a', 1], name: 'ab' }, { pair: ['a'], name: 'ab' }],
        unfit: [
          { pair: ['a', 1] },
          { name: 'ab' },
          { pair: ['a', 1, 2], name: 'ab' },
          { pair: [], name: 'a' },
        ],
      });
      expect(portable).not.toHaveProperty('$schema');
      expect(portable).not.toHaveProperty('definitions');
      expect(portable['$defs']).toEqual({ Name: { type: 'string', minLength: 2 } });
    }
  });

  it('with bounds that were flags once gets bounds', () => {
    const { schema } = expressed(
      object({ n: { type: 'number', minimum: 0, exclusiveMinimum: true } }),
      openaiDialect,
    );
    expect(schema['properties']).toEqual({ n: { type: 'number', exclusiveMinimum: 0 } });
  });

  it('keeps what stands beside a $ref', () => {
    const schema = object(
      { name: { $ref: '#/$defs/Name', maxLength: 1 } },
      { $defs: { Name: { type: 'string' } } },
    );
    expectSameMeaning(schema, anthropicDialect, {
      fit: [{ name: 'a' }],
      unfit: [{ name: 'ab' }, { name: 1 }],
    });
  });
});

describe('M9 references', () => {
  const tree = {
    ...object({ root: { $ref: '#/$defs/Node' } }, { required: ['root'] }),
    $defs: {
      Node: object(
        { value: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/Node' } } },
        { required: ['value'], additionalProperties: false },
      ),
    },
  };

  it.each(each)('may be recursive: %s', (_name, dialect) => {
    expectSameMeaning(tree, dialect, {
      fit: [{ root: { value: 'a', children: [{ value: 'b' }] } }],
      unfit: [
        {},
        { root: { value: 'a', children: [{}] } },
        { root: { value: 'a', children: [{ value: 'b', x: 1 }] } },
      ],
    });
  });

  it('to the whole stay', () => {
    const schema = object({ next: { $ref: '#' }, v: { type: 'number' } }, { required: ['v'] });
    expectSameMeaning(schema, openaiDialect, {
      fit: [{ v: 1, next: { v: 2 } }],
      unfit: [{ v: 1, next: {} }],
    });
  });

  it('to other places, by pointer, anchor or address, come to $defs', () => {
    const schema = {
      $id: 'https://example.com/input',
      ...object({
        first: { type: 'string', minLength: 2 },
        second: { $ref: '#/properties/first' },
        third: { $ref: '#short' },
        fourth: { $ref: 'https://example.com/part#/$defs/deep' },
        'odd/name': { $ref: '#/$defs/List%3Cint%3E' },
        odd: { $ref: '#/properties/odd~1name' },
      }),
      $defs: {
        a: { $anchor: 'short', type: 'string', maxLength: 1 },
        part: { $id: 'part', $defs: { deep: { $ref: '#/$defs/other' }, other: { type: 'boolean' } } },
        'List<int>': { type: 'array', items: { type: 'integer' } },
      },
    };
    const portable = expectSameMeaning(schema, openaiDialect, {
      fit: [{ second: 'ab', third: 'a', fourth: true, odd: [1], 'odd/name': [2] }],
      unfit: [{ second: 'a' }, { third: 'ab' }, { fourth: 1 }, { odd: ['a'] }],
    });
    expect(JSON.stringify(portable)).not.toMatch(/\$(id|anchor)|example\.com/);
    for (const [, ref] of JSON.stringify(portable).matchAll(/"\$ref":"([^"]*)"/g)) {
      expect(ref).toMatch(/^#\/\$defs\/[\w.-]+$/);
    }
  });

  it('at the top are followed, also beside the type that MCP asks for', () => {
    const schema = {
      type: 'object',
      $ref: '#/$defs/Input',
      description: 'Asks.',
      $defs: { Input: object({ q: { type: 'string' } }, { required: ['q'], description: 'The input.' }) },
    };
    const portable = expectSameMeaning(schema, anthropicDialect, {
      fit: [{ q: 'a' }],
      unfit: [{}, { q: 1 }],
    });
    expect(portable).toEqual(object({ q: { type: 'string' } }, { required: ['q'], description: 'Asks.' }));
  });

  it.each([
    ['out of the document', { $ref: 'https://example.com/other.json' }, 'https://example.com/other.json'],
    ['to nothing', { $ref: '#/$defs/missing' }, '#/$defs/missing'],
    ['to what is no schema', { $ref: '#/properties/a/type' }, 'no schema'],
    ['that are none', { $ref: 'http://[' }, 'no reference'],
  ])('%s are a problem', (_what, b, said) => {
    const problem = problemOf(object({ a: { type: 'string' }, b }), openaiDialect);
    expect(problem).toContain('OpenAI');
    expect(problem).toContain(said);
  });

  it('at the top that lead in a circle are a problem', () => {
    const schema = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } };
    expect(problemOf(schema, openaiDialect)).toContain('refers to itself');
  });

  it('whose way decides where they lead are a problem; with one way only, they are plain', () => {
    const node = (anchor: string): JsonObject => ({
      $dynamicAnchor: anchor,
      ...object({ next: { $dynamicRef: '#node' }, v: { type: 'number' } }, { required: ['v'] }),
    });
    expectSameMeaning(node('node'), openaiDialect, {
      fit: [{ v: 1, next: { v: 1 } }],
      unfit: [{ v: 1, next: {} }],
    });
    const two = { ...node('node'), $defs: { other: { $id: 'other', ...node('node') } } };
    expect(problemOf(two, openaiDialect)).toContain('$dynamicRef');
  });
});

describe('M9 unions at the top', () => {
  const either = object(
    { id: { type: 'string' }, name: { type: 'string' } },
    {
      anyOf: [{ required: ['id'] }, { required: ['name'] }],
      additionalProperties: false,
      description: 'One of.',
    },
  );

  it.each(each)('go one level down, whole, and arguments come up again: %s', (_name, dialect) => {
    const samples = {
      fit: [{ id: 'a' }, { name: 'b' }, { id: 'a', name: 'b' }],
      unfit: [{}, { id: 1 }, { x: 1 }],
    };
    const portable = expectSameMeaning(either, dialect, samples, wrap);
    expect(Object.keys(portable)).not.toContain('anyOf');
    expect(portable).toMatchObject({ type: 'object', required: ['arguments'], description: 'One of.' });
  });

  it('are understood without the level too, should a model leave it out', () => {
    const { decode } = expressed(either, openaiDialect);
    expect(decode({ id: 'a' })).toEqual({ id: 'a' });
  });

  it('take what refers to the whole along', () => {
    const schema = {
      type: 'object',
      oneOf: [object({ leaf: { type: 'string' } }, { required: ['leaf'] }), { $ref: '#/$defs/Pair' }],
      $defs: {
        Pair: object({ a: { $ref: '#' }, b: { $ref: '#' } }, { required: ['a', 'b'] }),
        arguments: true,
      },
    };
    const portable = expectSameMeaning(
      schema,
      openaiDialect,
      {
        fit: [{ leaf: 'x' }, { a: { leaf: 'x' }, b: { a: { leaf: 'y' }, b: { leaf: 'z' } } }],
        unfit: [{ a: { leaf: 'x' } }, { a: { leaf: 'x' }, b: {} }],
      },
      wrap,
    );
    expect(portable['properties']).toEqual({
      arguments: { $ref: expect.stringMatching(/^#\/\$defs\/arguments/) },
    });
  });

  it('that a provider takes at the top stay there', () => {
    const schema = object({ a: { type: 'string' } }, { not: { required: ['b'] } });
    expect(expressed(schema, anthropicDialect).schema).toEqual(schema);
    expectSameMeaning(schema, openaiDialect, { fit: [{ a: 'x' }], unfit: [{ b: 1 }] }, wrap);
  });
});

describe('M9 what some validators insist on', () => {
  it('is said: items of arrays and properties of objects, which are anything', () => {
    const schema = object({
      list: { type: ['array', 'null'] },
      pair: { type: 'array', prefixItems: [{ type: 'string' }] },
      map: { type: 'object' },
      any: true,
      none: false,
    });
    const portable = expectSameMeaning(schema, openaiDialect, {
      fit: [{ list: [1], pair: ['a', 2], map: { x: 1 }, any: 1 }, { list: null }],
      unfit: [{ list: 1 }, { pair: [1] }, { none: 1 }],
    });
    expect(portable['properties']).toEqual({
      list: { type: ['array', 'null'], items: {} },
      pair: { type: 'array', prefixItems: [{ type: 'string' }], items: {} },
      map: { type: 'object', properties: {} },
      any: {},
      none: { not: {} },
    });
  });

  it('is left alone in data that only looks like a schema', () => {
    const schema = object({
      a: { const: { type: 'array' } },
      b: { default: { type: 'object' }, type: 'object' },
    });
    expect(expressed(schema, openaiDialect).schema).toMatchObject({
      properties: { a: { const: { type: 'array' } }, b: { default: { type: 'object' } } },
    });
  });

  it('about additional properties stays, be it a flag or a schema', () => {
    const schema = object(
      {
        a: object({}, { additionalProperties: false }),
        b: object({}, { additionalProperties: { type: 'number' } }),
      },
      { additionalProperties: true },
    );
    for (const [, dialect] of each) expect(expressed(schema, dialect).schema).toEqual(schema);
  });
});

describe('M9 formats', () => {
  const schema = object({
    when: { type: 'string', format: 'date-time' },
    where: { type: 'string', format: 'uri', description: 'The page.' },
    hex: { type: 'string', format: 'colour-hex' },
  });

  it('that a provider does not know are said in words', () => {
    expect(expressed(schema, openaiDialect).schema['properties']).toEqual({
      when: { type: 'string', format: 'date-time' },
      where: { type: 'string', description: 'The page. (Format: uri.)' },
      hex: { type: 'string', description: '(Format: colour-hex.)' },
    });
  });

  it('stay where all are taken', () => {
    expect(expressed(schema, anthropicDialect).schema).toEqual(schema);
  });
});

describe('M9 names of properties that a provider refuses', () => {
  const schema = object(
    {
      $filter: { type: 'string', description: 'OData.' },
      'first name': object({ $top: { type: 'number' } }, { required: ['$top'] }),
      ok: { type: 'string' },
    },
    {
      required: ['$filter'],
      dependentRequired: { 'first name': ['$filter', 'ok'] },
      additionalProperties: false,
    },
  );

  it('are replaced, and arguments get the real ones back', () => {
    const { schema: portable, decode } = expressed(schema, anthropicDialect);
    const [filter = '', first = ''] = Object.keys(portable['properties'] as JsonObject);
    for (const name of [filter, first]) expect(name).toMatch(/^[a-zA-Z0-9_.-]{1,64}$/);
    expect(portable['properties']).toMatchObject({
      [filter]: { description: 'OData. (Stands for "$filter".)' },
      ok: { type: 'string' },
    });
    const top = Object.keys(
      ((portable['properties'] as JsonObject)[first] as JsonObject)['properties'] as JsonObject,
    );
    expect(decode({ [filter]: 'a', [first]: { [String(top[0])]: 3 }, ok: 'b' })).toEqual({
      $filter: 'a',
      'first name': { $top: 3 },
      ok: 'b',
    });
    const rename = (args: JsonObject): JsonObject =>
      JSON.parse(
        JSON.stringify(args)
          .replaceAll('"$filter"', JSON.stringify(filter))
          .replaceAll('"first name"', JSON.stringify(first))
          .replaceAll('"$top"', JSON.stringify(top[0])),
      ) as JsonObject;
    expectSameMeaning(
      schema,
      anthropicDialect,
      {
        fit: [{ $filter: 'a' }, { $filter: 'a', 'first name': { $top: 1 }, ok: 'b' }],
        unfit: [{}, { $filter: 'a', 'first name': { $top: 1 } }, { $filter: 'a', 'first name': {}, ok: 'b' }],
      },
      rename,
    );
  });

  it('are the same each time, whatever else there is', () => {
    const names = (schema: unknown): string[] =>
      Object.keys(expressed(schema, anthropicDialect).schema['properties'] as JsonObject);
    expect(names(object({ $filter: {} }))).toEqual(names(object({ $filter: {}, $top: {} })).slice(0, 1));
  });

  it('are a problem where other rules hang on them', () => {
    const schema = object({ $filter: {} }, { patternProperties: { '^\\$': { type: 'string' } } });
    expect(problemOf(schema, anthropicDialect)).toContain('patternProperties');
  });

  it('stay for a provider that takes them', () => {
    expect(expressed(schema, openaiDialect).schema).toEqual(schema);
  });
});

describe('M9 what is no schema is a problem with its place, and never sent', () => {
  it.each([
    ['another type than an object', { type: 'string' }, 'something else than an object'],
    ['no schema at all', 'nonsense', 'no schema'],
    ['false', false, ''],
    ['an unknown type', object({ a: { type: 'any' } }), '#/properties/a'],
    ['an empty enum', object({ a: { enum: [] } }), '"enum"'],
    ['required as a flag', object({ a: { type: 'string', required: true } }), '"required"'],
    ['properties as a list', { type: 'object', properties: ['a'] }, '"properties"'],
    ['a bound that is a text', object({ a: { type: 'number', minimum: '1' } }), '"minimum"'],
    ['a property that is no schema', object({ a: 'string' }), '"properties"'],
  ])('%s', (_what, schema, said) => {
    if (schema === false) {
      // Nothing fits `false`, and `{ not: {} }` is how to say it; OpenAI has it one level down.
      expect(expressed(schema, openaiDialect).schema).toMatchObject({
        properties: { arguments: { not: {} } },
      });
      return;
    }
    const problem = problemOf(schema, openaiDialect);
    expect(problem).toContain('cannot be put to OpenAI');
    expect(problem).toContain(said);
  });

  it('nesting that would take the stack', () => {
    let schema: JsonObject = { type: 'string' };
    for (let depth = 0; depth < 50_000; depth++) schema = object({ a: schema });
    expect(problemOf(schema, openaiDialect)).toContain('levels deep');
  });

  it('a long chain of references is none of that', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 5000 }, (_, nr) => [
        `d${nr}`,
        { type: 'array', items: { $ref: `#/$defs/d${nr + 1}` } },
      ]),
    );
    const schema = {
      ...object({ a: { $ref: '#/$defs/d0' } }),
      $defs: { ...$defs, d5000: { type: 'string' } },
    };
    expect(Object.keys(expressed(schema, openaiDialect).schema['$defs'] as JsonObject)).toHaveLength(5001);
  });

  it('text of a server is cut and made printable', () => {
    const ref = `#/$defs/\u0007${'x'.repeat(5000)}`;
    const problem = problemOf(object({ a: { $ref: ref } }), openaiDialect);
    expect(problem.length).toBeLessThan(500);
    expect(problem).not.toContain('\u0007');
  });
});
