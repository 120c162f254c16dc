import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { runTool } from '../../package/run.ts';
import { configFile, inline, plenum, plenumJson, referenceServer } from '../support/run-cli.ts';
import { newFolder } from '../../support/folders.ts';

type Tools = NonNullable<ServerScript['tools']>;

async function typesOf(tools: Tools): Promise<string> {
  const { exitCode, stdout } = await plenum(['types', ...inline(stdioSpec({ tools }))]);
  expect(exitCode).toBe(0);
  return stdout;
}

async function expectCompiles(source: string, program = ''): Promise<void> {
  const cwd = newFolder();
  writeFileSync(join(cwd, 'tools.ts'), `${source}\n${program}`);
  await expect(
    runTool(
      'tsc',
      ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--types', '', 'tools.ts'],
      cwd,
    ),
  ).resolves.toBe('');
}

const input = (properties: object, more: object = {}): never =>
  ({ type: 'object', properties, ...more }) as never;

describe('plenum types', () => {
  it('has the arguments and results of every tool, under its name', async () => {
    const source = await typesOf([
      {
        name: 'order',
        inputSchema: input(
          { id: { type: 'integer' }, note: { type: ['string', 'null'] } },
          { required: ['id'] },
        ),
        outputSchema: input({ state: { enum: ['open', 'done'] } }, { required: ['state'] }),
      },
      { name: 'free' },
    ]);
    await expectCompiles(
      source,
      `const args: Tools['order']['arguments'] = { id: 1, note: null };
       const state: 'open' | 'done' = ({} as Tools['order']['structuredContent']).state;
       const none: Tools['free']['structuredContent'] = undefined;
       // @ts-expect-error: the id is required
       const wrong: OrderArguments = {};
       void [args, state, none, wrong];`,
    );
  });

  it('tools with definitions of the same name do not get in each other’s way', async () => {
    const schema = input(
      { next: { $ref: '#/$defs/Node' } },
      { $defs: { Node: input({ next: { $ref: '#/$defs/Node' }, value: { type: 'number' } }) } },
    );
    const source = await typesOf([
      { name: 'a', inputSchema: schema },
      { name: 'b', inputSchema: schema },
      { name: 'a-', inputSchema: schema },
    ]);
    await expectCompiles(
      source,
      `const value: number | undefined = ({} as AArguments).next?.next?.value; void value;`,
    );
  });

  it('a schema that is a reference to one of its definitions', async () => {
    const order = {
      type: 'object',
      $ref: '#/definitions/Order',
      definitions: { Order: input({ id: { type: 'number' } }) },
    } as never;
    const source = await typesOf([{ name: 'order', inputSchema: order, outputSchema: order }]);
    await expectCompiles(source, `const id: number | undefined = ({} as OrderArguments).id; void id;`);
  });

  it('compile for the public servers', async () => {
    const config = configFile({
      everything: referenceServer('everything'),
      files: referenceServer('filesystem', newFolder()),
      memory: referenceServer('memory'),
      thinking: referenceServer('sequential-thinking'),
    });
    const cwd = newFolder();
    const { exitCode, stdout, stderr } = await plenum(['types', '--out', 'tools.ts', '-c', config], { cwd });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: 'Wrote tools.ts\n' });
    const source = readFileSync(join(cwd, 'tools.ts'), 'utf8');
    await expectCompiles(
      source,
      `const args: Tools['everything__echo']['arguments'] = { message: 'hi' }; void args;`,
    );
  });

  it('--json has the declarations one by one', async () => {
    const tools = [{ name: 'order', outputSchema: input({}) }];
    expect(await plenumJson(['types', ...inline(stdioSpec({ name: 's', tools }))])).toEqual([
      {
        name: 'order',
        server: expect.any(String),
        arguments: 'OrderArguments',
        result: 'OrderResult',
        source: expect.stringContaining('interface OrderArguments'),
      },
    ]);
  });
});

describe('plenum types: schemas are a stranger’s', () => {
  it('a reference to a file or URL is not followed', async () => {
    const requests: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url);
      response.end('{"type":"object","properties":{"stolen":{"type":"string"}}}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const cwd = newFolder();
    const secret = join(cwd, 'secret.json');
    writeFileSync(secret, '{"type":"object","properties":{"stolen":{"type":"string"}}}');

    const refs = [
      `http://127.0.0.1:${port}/x.json`,
      `http://127.0.0.1:${port}/x.json#/a`,
      secret,
      `file://${secret}`,
      'secret.json',
      './secret.json#/properties',
    ];
    const properties = Object.fromEntries(refs.map(($ref, index) => [`p${index}`, { $ref }]));
    const inside = {
      anyOf: refs.map(($ref) => ({ $ref })),
      items: { $ref: secret },
      additionalProperties: { $ref: secret },
    };
    const tools: Tools = [
      {
        name: 'a',
        inputSchema: input(properties, {
          $id: `http://127.0.0.1:${port}/base/`,
          $schema: `http://127.0.0.1:${port}/schema`,
        }),
      },
      {
        name: 'b',
        inputSchema: input({ inside }, { $defs: { x: { $ref: secret } }, allOf: [{ $ref: '#/$defs/x' }] }),
        outputSchema: input({ y: { $ref: refs[0] } }),
      },
      { name: 'c', inputSchema: input({ z: { $ref: 'other#/x' } }, { $id: `file://${cwd}/` }) },
    ];
    const { exitCode, stdout } = await plenum(['types', ...inline(stdioSpec({ tools }))], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain('stolen');
    expect(requests).toEqual([]);
    await expectCompiles(stdout);
  });

  it('no code gets into the types: by extensions, comments, names or values', async () => {
    const evil = 'any }; declare const owned: 1; export type Z = { a';
    const source = await typesOf([
      {
        name: 'x"; declare const owned: 1; //',
        inputSchema: input(
          {
            a: { tsType: evil },
            b: { type: 'string', description: `*/ declare const owned: 1; /*` },
            [`k" : 1 }; ${evil}`]: { enum: [`v"; ${evil}`, `\`\${1}\``, '\n*/'] },
            c: { title: evil, type: 'object', properties: {} },
            d: { enum: [1, 2], tsEnumNames: [evil, '*/'] },
            e: { $ref: `#/$defs/${encodeURIComponent(evil)}` },
          },
          { title: evil, $id: evil, $defs: { [evil]: { type: 'string' } } },
        ),
      },
    ]);
    const check = 'type Is<T> = T; declare const owned: 2; void owned; void ({} as Is<1>);';
    await expectCompiles(source, check);
  });

  it.each([
    ['a reference to nowhere', { $ref: '#/$defs/nowhere' }],
    ['a reference to itself', { $ref: '#/properties/p' }],
    ['a type that is none', { type: 'colour' }],
    ['no schema at all', 5],
    ['lists that are none', { type: 'object', required: 'a', properties: 3, anyOf: {} }],
  ])('%s costs its tool the precision, and no other', async (_, schema) => {
    const tools: Tools = [
      { name: 'odd', inputSchema: input({ p: schema }) },
      { name: 'good', inputSchema: input({ a: { type: 'number' } }) },
    ];
    const source = await typesOf(tools);
    await expectCompiles(
      source,
      `const args: Tools['good']['arguments'] = { a: 1 }; void args; type O = Tools['odd']; void ({} as O);`,
    );
  });

  it('one that is nested without end comes to an end', async () => {
    let schema: object = { type: 'string' };
    for (let depth = 0; depth < 300; depth++) schema = { type: 'array', items: schema };
    await expectCompiles(await typesOf([{ name: 'deep', inputSchema: input({ p: schema }) }]));
  });
});
