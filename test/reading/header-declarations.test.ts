import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EventLog } from '../support/event-log.ts';
import { connectGroup, newSession } from '../support/groups.ts';
import { local } from '../support/servers.ts';
import { RawServer } from '../session/support/raw-server.ts';

const object = (properties: object, rest: object = {}): object => ({ type: 'object', properties, ...rest });
const header = (name: unknown, type: unknown = 'string'): object => ({ type, 'x-mcp-header': name });

const UNSENDABLE: readonly (readonly [string, object])[] = [
  ['a name with a space', object({ a: header('a b') })],
  ['an empty name', object({ a: header('') })],
  ['a name that is no text', object({ a: header(7) })],
  ['a name with a line break', object({ a: header('a\r\nb') })],
  ['an argument that is a number', object({ a: header('A', 'number') })],
  ['an argument that is an object', object({ a: header('A', 'object') })],
  ['an argument without a type', object({ a: { 'x-mcp-header': 'A' } })],
  ['an argument of several types', object({ a: header('A', ['string', 'null']) })],
  ['two of one name', object({ a: header('Tenant'), b: header('tenant') })],
  ['the root', object({}, { 'x-mcp-header': 'A' })],
  ['an item of a list', object({ a: { type: 'array', items: header('A') } })],
  ['a choice', object({ a: { oneOf: [header('A')] } })],
  ['a definition', object({}, { $defs: { a: header('A') } })],
  ['a nested argument of a wrong type', object({ a: object({ b: header('A', 'array') }) })],
];

const SENDABLE: readonly (readonly [string, object])[] = [
  ['a text', object({ a: header('A') })],
  ['a boolean and an integer', object({ a: header('A', 'boolean'), b: header('B', 'integer') })],
  ['a nested argument', object({ a: object({ b: header('A') }) })],
  ['an argument of that name', object({ 'x-mcp-header': { type: 'string' } })],
  ['a default that looks like one', object({ a: { type: 'object', default: header('a b') } })],
];

/** A server that lists one tool for each schema, and whose lists never change. */
function listing(modern: boolean, ...schemas: readonly object[]): RawServer {
  const tools = schemas.map((inputSchema, index) => ({ name: `t${index}`, inputSchema }));
  const envelope = modern ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {};
  const results: Readonly<Record<string, object>> = {
    'tools/list': { ...envelope, tools },
    'server/discover': { ...envelope, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
  };
  return new RawServer(({ method = '' }) => results[method], { modern });
}

/** All that is written to the console until the test ends. */
function consoleOutput(): unknown[] {
  const written: unknown[] = [];
  for (const method of ['log', 'info', 'debug', 'warn', 'error'] as const) {
    const spy = vi.spyOn(console, method).mockImplementation((...line) => void written.push(line));
    onTestFinished(() => spy.mockRestore());
  }
  return written;
}

describe.each(['lenient', 'strict'] as const)('headers that tools declare, with %s checks', (checks) => {
  it.each(UNSENDABLE)(
    '%s: the tool is left out and reported, and nothing is written to the console',
    async (_, odd) => {
      const written = consoleOutput();
      const server = listing(true, object({}), odd);
      const group = await connectGroup({ servers: {} });
      const events = new EventLog(group);
      await group.add('peer', { ...server.spec, protocol: '2026-07-28', checks });
      await group.add('beside', { server: local({ tools: [{ name: 'calm' }] }) });
      expect([...group.tools.keys()].toSorted()).toEqual(['beside__calm', 'peer__t0']);
      const { error } = await events.until('problem', ({ server: name }) => name === 'peer');
      expect(error.data).toMatchObject({ oddity: 'header-declaration', places: ['tool "t1"'] });
      expect(events.of('problem')).toHaveLength(1);
      expect(written).toEqual([]);
    },
  );

  it.each(SENDABLE)('%s: the tool stays', async (_, schema) => {
    const written = consoleOutput();
    const session = await newSession({ ...listing(true, schema).spec }, { protocol: '2026-07-28', checks });
    expect((await session.listTools()).tools).toHaveLength(1);
    expect((await session.listToolsPage()).tools).toHaveLength(1);
    expect(written).toEqual([]);
  });

  it.each(UNSENDABLE)('%s: a page has no such tool', async (_, odd) => {
    const session = await newSession({ ...listing(true, odd).spec }, { protocol: '2026-07-28', checks });
    expect((await session.listToolsPage()).tools).toEqual([]);
  });

  it.each(UNSENDABLE)('%s: an older server has no headers, so the tool stays', async (_, odd) => {
    const session = await newSession({ ...listing(false, odd).spec }, { protocol: 'legacy', checks });
    expect((await session.listTools()).tools).toHaveLength(1);
  });

  it('leaves out all that the official client would, whatever the schema', async () => {
    const written = consoleOutput();
    const leaf = fc.record(
      {
        type: fc.constantFrom('string', 'integer', 'number', 'object', 'boolean', ['string']),
        'x-mcp-header': fc.constantFrom('A', 'a', 'B', 'b c', '', 3, null),
      },
      { requiredKeys: [] },
    );
    const around = fc.constantFrom<((part: object) => object)[]>(
      (part) => object({ part, other: header('a') }),
      (part) => object({ part }),
      (part) => object({}, { $defs: { part } }),
      (part) => ({ items: part }),
      (part) => ({ anyOf: [{ type: 'null' }, part] }),
      (part) => ({ patternProperties: { '^a': part } }),
    );
    const schema = fc
      .tuple(leaf, fc.array(around, { maxLength: 3 }))
      .map(([part, layers]) => object({ part: layers.reduce<object>((inner, wrap) => wrap(inner), part) }));
    const schemas = fc.sample(schema, { numRuns: 200, seed: 7 });
    const session = await newSession(
      { ...listing(true, ...schemas).spec },
      { protocol: '2026-07-28', checks },
    );
    const kept = (await session.listTools()).tools.length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(schemas.length);
    expect(written).toEqual([]);
  });
});
