import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlenumError, type Session } from '../../../src/index.ts';
import { stdioSpec, type ScriptedTool } from '../../../src/testing/index.ts';
import { connectGroup } from '../../support/groups.ts';
import { local } from '../../support/servers.ts';

class Point {
  readonly x = 1;
}

const circle: { self?: object } = {};
circle.self = circle;

const odd: readonly unknown[] = [
  undefined,
  NaN,
  -0,
  Infinity,
  1n,
  () => {},
  Symbol('s'),
  new Date(0),
  new Date(NaN),
  new Map([[1, 2]]),
  new Set([1]),
  new Uint8Array([1, 2]),
  new Point(),
  new Error('e'),
  new URL('https://example.org/'),
  Object('boxed'),
  Object.create(null),
  '\ud800',
  { toJSON: () => 'own' },
  { toJSON: () => undefined },
  Object.assign([], { 1: 1 }),
  circle,
];

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...odd),
    fc.jsonValue({ maxDepth: 2 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 3 }),
  ),
})).value;

async function outcomeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return { result: await call() };
  } catch (error) {
    return error instanceof PlenumError
      ? { code: error.code, maybeExecuted: error.maybeExecuted }
      : { error };
  }
}

describe('C7 a server in this process and the same one over stdio', () => {
  it('get the same arguments, whatever they are, and calls fail alike', async () => {
    const script = { tools: [{ name: 'echo' }] };
    const group = await connectGroup({
      servers: { here: { server: local(script) }, there: stdioSpec(script) },
    });
    const [here, there]: Session[] = [group.session('here'), group.session('there')];
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ maxLength: 3 }), value, { maxKeys: 4 }), async (args) => {
        const [first, second] = await Promise.all(
          [here, there].map((session) => outcomeOf(async () => session?.callTool('echo', args))),
        );
        expect(first).toStrictEqual(second);
      }),
      { numRuns: 150 },
    );
  });

  it('give the same results', async () => {
    const holding = odd.filter((each) => typeof each !== 'bigint' && each !== circle);
    const tools = holding.map((each, nr): ScriptedTool => {
      const result = { content: [], structuredContent: { each, list: [each] }, _meta: { each } };
      return { name: `t${nr}`, does: { type: 'result', result } };
    });
    const wire = JSON.parse(JSON.stringify({ tools })) as { tools: ScriptedTool[] };
    const group = await connectGroup({
      servers: { here: { server: local({ tools }) }, there: stdioSpec(wire) },
    });
    for (const { name } of tools) {
      const [here, there] = await Promise.all([
        group.callTool(`here__${name}`),
        group.callTool(`there__${name}`),
      ]);
      expect(here).toStrictEqual(there);
    }
  });
});
