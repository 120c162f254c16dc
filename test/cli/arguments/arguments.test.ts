import * as fc from 'fast-check';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitArguments } from '../../../src/cli/arguments/fit-arguments.ts';
import { readArguments } from '../../../src/cli/arguments/typed-arguments.ts';
import { bounded } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';

const { signal } = new AbortController();

interface Fitted {
  readonly args: Record<string, unknown>;
  readonly warnings: readonly string[];
}

async function fit(schema: object, words: readonly string[], json?: string): Promise<Fitted> {
  return fitArguments(await readArguments(words, json, signal), schema as Record<string, unknown>);
}

async function refusal(schema: object, words: readonly string[], json?: string): Promise<string> {
  const error: unknown = await fit(schema, words, json).then(
    ({ args }) => new Error(`it was sent: ${JSON.stringify(args)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'UsageError' });
  return (error as Error).message;
}

const object = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });
const sum = object({ a: { type: 'number' }, b: { type: 'number' } }, { required: ['a', 'b'] });
const closed = object(
  { city: { type: 'string' }, unit: { enum: ['C', 'F'] } },
  { additionalProperties: false },
);
const edit = object({
  path: { type: 'string' },
  edits: {
    type: 'array',
    items: object({ oldText: { type: 'string' }, newText: { type: 'string' }, count: { type: 'integer' } }),
  },
  o: object({ k: { type: 'string' }, n: { type: 'number' }, deep: object({ flag: { type: 'boolean' } }) }),
  names: { type: 'array', items: { type: 'string' } },
  sizes: { type: 'array', items: { type: 'number' } },
  'a.b': { type: 'string' },
  'list[0]': { type: 'string' },
  any: {},
  text: { type: 'string' },
  map: { type: 'object', additionalProperties: { type: 'number' } },
});

describe('L5 an argument that the tool does not have', () => {
  it.each<[situation: string, schema: object, words: string[], sent: object, warned: string]>([
    ['a third number', sum, ['a=1', 'b=2', 'c=3'], { a: 1, b: 2, c: '3' }, '"c"'],
    ['a misspelt one', edit, ['paht=x'], { paht: 'x' }, 'Did you mean "path"?'],
    ['one further inside', edit, ['o.kk=x'], { o: { kk: 'x' } }, 'Did you mean "o.k"'],
    [
      'one of an item',
      edit,
      ['edits[0].oldTxt=x'],
      { edits: [{ oldTxt: 'x' }] },
      'Did you mean "edits[0].oldText"',
    ],
    ['as JSON', edit, ['paht:=1'], { paht: 1 }, 'Did you mean "path"?'],
    [
      'where others are welcome',
      object({ path: {} }, { additionalProperties: true }),
      ['paht=x'],
      { paht: 'x' },
      'Did you mean "path"?',
    ],
  ])('%s: is sent, with a warning', async (_, schema, words, sent, warned) => {
    const { args, warnings } = await fit(schema, words);
    expect(args).toEqual(sent);
    expect(warnings).toEqual([expect.stringContaining(warned)]);
  });

  it('in --args, too', async () => {
    expect((await fit(edit, [], '{"paht":"x"}')).warnings).toEqual([expect.stringContaining('"paht"')]);
  });

  it.each<[situation: string, schema: object, words: string[]]>([
    ['without names', { type: 'object' }, ['x=1']],
    ['of a map', object({ a: {} }, { additionalProperties: { type: 'number' } }), ['other=1']],
    ['where any is welcome', object({ a: {} }, { additionalProperties: true }), ['other=1']],
    [
      'by a pattern',
      object({ a: {} }, { patternProperties: { '^x-': {} }, additionalProperties: false }),
      ['x-key=1'],
    ],
    [
      'of a part of the schema',
      { allOf: [object({ alpha: {} }), object({ beta: {} })] },
      ['alpha=1', 'beta=2'],
    ],
    [
      'of one of several',
      {
        oneOf: [object({ alpha: {} }, { required: ['alpha'] }), object({ beta: {} }, { required: ['beta'] })],
      },
      ['beta=2'],
    ],
    ['behind a reference', { $ref: '#/$defs/A', $defs: { A: object({ alpha: {} }) } }, ['alpha=1']],
  ])('%s: there is no warning', async (_, schema, words) => {
    expect((await fit(schema, words)).warnings).toEqual([]);
  });

  it.each<[schema: object, words: string[], message: string]>([
    [closed, ['ctiy=x'], 'The tool has no argument "ctiy". Did you mean "city"?'],
    [closed, ['x=1'], 'The tool has no argument "x". Known: "city", "unit".'],
    [object({ o: closed }), ['o.ctiy=x'], 'The tool has no argument "o.ctiy". Did you mean "o.city"?'],
    [{ allOf: [closed] }, ['ctiy=x'], 'The tool has no argument "ctiy"'],
    [closed, ['__proto__=x'], 'The tool has no argument "__proto__"'],
    [edit, ['__proto__=x'], 'The tool has no argument "__proto__"'],
  ])('%j refuses %j', async (schema, words, message) => {
    expect(await refusal(schema, words)).toContain(message);
  });
});

describe('L5 a value that the schema does not allow', () => {
  const limits = object({
    unit: { enum: ['C', 'F'] },
    level: { type: 'integer', minimum: 1, maximum: 5 },
    step: { type: 'number', multipleOf: 0.5 },
    name: { type: 'string', minLength: 2, maxLength: 4 },
    mail: { type: 'string', format: 'email' },
    list: { type: 'array', items: { type: 'integer', maximum: 9 }, maxItems: 2 },
    kind: { const: 'fixed' },
    inner: object({ unit: { enum: ['C', 'F'] } }, { required: ['unit'] }),
    odd: { type: 'string', format: 'no-such-format' },
  });

  it.each<[words: string[], message: string]>([
    [['unit=K'], 'Argument "unit" must be equal to one of the allowed values: "C", "F"'],
    [['level=9'], 'Argument "level" must be <= 5'],
    [['level=0'], 'Argument "level" must be >= 1'],
    [['step=0.3'], 'Argument "step" must be multiple of 0.5'],
    [['name=x'], 'Argument "name" must NOT have fewer than 2 characters'],
    [['name=toolong'], 'Argument "name" must NOT have more than 4 characters'],
    [['list=1', 'list=12'], 'Argument "list[1]" must be <= 9'],
    [['list=1', 'list=2', 'list=3'], 'Argument "list" must NOT have more than 2 items'],
    [['kind=other'], 'Argument "kind" must be equal to constant'],
    [['inner={}'], 'Argument "inner.unit" is required'],
    [['inner.unit=K'], 'Argument "inner.unit" must be equal to one of the allowed values'],
    [['level=many'], 'Argument "level" must be a whole number, not "many"'],
  ])('%j', async (words, message) => {
    expect(await refusal(limits, words)).toContain(message);
  });

  it('in --args, too, of another type', async () => {
    expect(await refusal(limits, [], '{"level":"3"}')).toContain('Argument "level" must be integer');
  });

  it('several are all said', async () => {
    expect((await refusal(limits, ['unit=K', 'level=9'])).split('\n')).toHaveLength(2);
  });

  it.each<[words: string[], sent: object]>([
    [['level=5', 'unit=F', 'step=1.5', 'name=abcd'], { level: 5, unit: 'F', step: 1.5, name: 'abcd' }],
    [['unit:="K"', 'level:=9'], { unit: 'K', level: 9 }],
    [['inner.unit:=5'], { inner: { unit: 5 } }],
    [['inner:={}'], { inner: {} }],
    [['odd=x'], { odd: 'x' }],
  ])('%j is sent: it fits, or it is JSON', async (words, sent) => {
    expect((await fit(limits, words)).args).toEqual(sent);
  });

  it.each([
    ['that does not compile', { type: 'object', properties: { a: { $ref: '#/nowhere' } } }],
    ['of another dialect', { $schema: 'http://json-schema.org/draft-99/schema#', properties: { a: {} } }],
    ['whose parts go in a circle', { properties: { a: {} }, allOf: [{ $ref: '#' }] }],
  ])('a schema %s checks nothing', async (_, schema) => {
    expect((await bounded('fitting', fit(schema, ['a=1']))).args).toEqual({ a: '1' });
  });
});

describe('L6 arguments in parts', () => {
  it.each<[words: string[], sent: object]>([
    [['o.k=v'], { o: { k: 'v' } }],
    [['o.k=1', 'o.n=1'], { o: { k: '1', n: 1 } }],
    [['o.deep.flag=true'], { o: { deep: { flag: true } } }],
    [['edits[0].oldText=a', 'edits[0].newText=b'], { edits: [{ oldText: 'a', newText: 'b' }] }],
    [['edits[0].oldText=a', 'edits[1].oldText=b'], { edits: [{ oldText: 'a' }, { oldText: 'b' }] }],
    [['edits[0].count=3'], { edits: [{ count: 3 }] }],
    [['edits[].oldText=a', 'edits[].newText=b'], { edits: [{ oldText: 'a', newText: 'b' }] }],
    [
      ['edits[].oldText=a', 'edits[].newText=b', 'edits[].oldText=c', 'edits[].newText=d'],
      {
        edits: [
          { oldText: 'a', newText: 'b' },
          { oldText: 'c', newText: 'd' },
        ],
      },
    ],
    [['edits[0]={"oldText":"a"}', 'edits[0].newText=b'], { edits: [{ oldText: 'a', newText: 'b' }] }],
    [['edits[]={"oldText":"a"}', 'edits[]={"oldText":"b"}'], { edits: [{ oldText: 'a' }, { oldText: 'b' }] }],
    [['names[0]=a', 'names[1]=b'], { names: ['a', 'b'] }],
    [['names[]=a', 'names[]=b'], { names: ['a', 'b'] }],
    [['names[]=a,b'], { names: ['a,b'] }],
    [['sizes[]=1', 'sizes[]=2.5'], { sizes: [1, 2.5] }],
    [['o={"k":"a"}', 'o.n=2'], { o: { k: 'a', n: 2 } }],
    [['o.n:=2', 'o:={"k":"a"}'], { o: { k: 'a' } }],
    [['map.x=1', 'map.y=2'], { map: { x: 1, y: 2 } }],
    [['any.a[0].b=1'], { any: { a: [{ b: '1' }] } }],
    [['a.b=v'], { 'a.b': 'v' }],
    [['list[0]=v'], { 'list[0]': 'v' }],
    [['text=o.k=v'], { text: 'o.k=v' }],
    [['any:={"x":[1]}', 'any.x[1]:=2'], { any: { x: [1, 2] } }],
  ])('%j', async (words, sent) => {
    expect(await fit(edit, words)).toEqual({ args: sent, warnings: [] });
  });

  it('single parts go into what --args says, and never change it twice', async () => {
    const { args } = await fit(
      edit,
      ['o.n=2', 'edits[].newText=z', 'names[1]=b'],
      '{"o":{"k":"a"},"edits":[{"oldText":"x"}],"names":["a"]}',
    );
    expect(args).toEqual({
      o: { k: 'a', n: 2 },
      edits: [{ oldText: 'x' }, { newText: 'z' }],
      names: ['a', 'b'],
    });
  });

  it.each<[schema: object, words: string[], sent: object]>([
    [{ type: 'object' }, ['o.k=v', 'x[0]=1'], { 'o.k': 'v', 'x[0]': '1' }],
    [edit, ['text.x=1'], { 'text.x': '1' }],
    [edit, ['nowhere.x=1'], { 'nowhere.x': '1' }],
    [object({ 'a.b': object({ c: {} }), a: object({ 'b.c': {} }) }), ['a.b.c=1'], { 'a.b': { c: '1' } }],
    [object({ a: object({ 'b.c': {}, b: object({}) }) }), ['a.b.c=1'], { a: { 'b.c': '1' } }],
    [object({ a: object({ 'x[0]': {} }) }), ['a.x[0]=1'], { a: { 'x[0]': '1' } }],
  ])('a name that the schema has, or that has no parts, is a name: %j %j', async (schema, words, sent) => {
    expect((await fit(schema, words)).args).toEqual(sent);
  });

  it.each<[words: string[], message: string]>([
    [['edits[1].oldText=a'], 'there are 0 items before it, so the next one is [0]'],
    [['names[99999999999]=a'], 'there are 0 items before it'],
    [['o.__proto__.x=1'], 'has no argument "o.__proto__.x"'],
    [['any.__proto__=1'], 'has no argument "any.__proto__"'],
    [['o.=1'], 'a name is missing'],
    [['o..k=1'], 'a name is missing'],
    [['o[x]=1'], 'write o.key=value'],
    [['o={"k":"a"}', 'o[0]=1'], 'has no such part'],
    [['names=a', 'names.x=1'], 'has no such part'],
    [['o.n=x'], 'Argument "o.n" must be a number, not "x"'],
    [['o.n=1', 'o.n=2'], 'is given 2 times'],
    [[`any${'.a'.repeat(100)}=1`], 'goes too deep'],
  ])('%j is refused', async (words, message) => {
    expect(await refusal(edit, words)).toContain(message);
  });

  it('whatever the names are, no other object changes and nothing hangs', async () => {
    const part = fc.constantFrom(
      'o',
      'any',
      'edits',
      '.',
      '[',
      ']',
      '[]',
      '[0]',
      '__proto__',
      'constructor',
      'prototype',
      'k',
      'a.b',
      '',
    );
    const key = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
    const word = fc
      .tuple(key, fc.constantFrom('=x', '=1', ':={"polluted":1}', '={}'))
      .map((pair) => pair.join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 5 }), async (words) => {
        await fit(edit, words).catch((error: unknown) => expect(error).toMatchObject({ name: 'UsageError' }));
        expect(Reflect.get({}, 'polluted')).toBeUndefined();
        expect(Reflect.get([], 'polluted')).toBeUndefined();
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });
});

describe('L6 values from files', () => {
  function folder(files: Readonly<Record<string, string | Buffer>>): string {
    const path = newFolder();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
    mkdirSync(join(path, 'folder'));
    return path;
  }

  it.each<[situation: string, word: (path: string) => string, sent: object]>([
    ['a text as it is, with its line end', (path) => `text=@${path}/note.txt`, { text: 'é = 1\n' }],
    ['a number', (path) => `o.n=@${path}/number`, { o: { n: 5 } }],
    ['JSON', (path) => `any:=@${path}/data.json`, { any: { a: [1] } }],
    ['JSON with a byte order mark', (path) => `any:=@${path}/mark.json`, { any: 1 }],
    ['into a part', (path) => `edits[0].oldText=@${path}/note.txt`, { edits: [{ oldText: 'é = 1\n' }] }],
    ['no file: @@ is a text that begins with @', () => 'text=@@ada', { text: '@ada' }],
    ['no file: an @ alone', () => 'text=@', { text: '@' }],
    ['no file: an @ further on', () => 'text=a@b', { text: 'a@b' }],
    ['no file: JSON', () => 'text:="@ada"', { text: '@ada' }],
  ])('%s', async (_, word, sent) => {
    const path = folder({
      'note.txt': 'é = 1\n',
      number: '5\n',
      'data.json': '{"a":[1]}',
      'mark.json': '\uFEFF1',
    });
    expect((await fit(edit, [word(path)])).args).toEqual(sent);
  });

  it('--args @file, with single ones in it', async () => {
    const path = folder({ 'order.json': '{"o":{"k":"a"}}' });
    expect((await fit(edit, ['o.n=1'], `@${path}/order.json`)).args).toEqual({ o: { k: 'a', n: 1 } });
  });

  it.each<[situation: string, word: string, message: RegExp]>([
    ['is not there', 'nowhere', /Argument "text": ENOENT.*write @@.*nowhere/],
    ['is a folder', 'folder', /Argument "text": EISDIR/],
    ['is an image', 'image', /image is not text in UTF-8/],
    ['has NUL characters', 'nul', /nul is not text in UTF-8/],
  ])('a file that %s is refused in words', async (_, name, message) => {
    const path = folder({ image: Buffer.from([0x89, 0x50, 0xff, 0xfe]), nul: 'a\0b' });
    expect(await refusal(edit, [`text=@${path}/${name}`])).toMatch(message);
  });

  it('a file without an end is not read for ever', async () => {
    expect(await bounded('refusal', refusal(edit, ['text=@/dev/zero']))).toContain('is larger than');
  });

  it('JSON that is none names the argument', async () => {
    const path = folder({ 'bad.json': '{' });
    expect(await refusal(edit, [`any:=@${path}/bad.json`])).toContain('Argument "any" is not JSON');
    expect(await refusal(edit, [], `@${path}/bad.json`)).toContain('bad.json is not JSON');
  });

  it('standard input is read once', async () => {
    for (const [words, json] of [
      [['text=@-', 'o.k=@-'], undefined],
      [['text=@-', '-'], undefined],
      [['text=@-'], '-'],
      [['text=@-'], '@-'],
      [['-', '-'], undefined],
      [['-'], '{}'],
    ] as const)
      expect(await refusal(edit, words, json)).toContain('only once');
  });
});
