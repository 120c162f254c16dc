import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../../src/index.ts';
import { fileLock } from '../../../src/trust/index.ts';
import { lockedOf } from '../../../src/trust/lock/lock-content.ts';
import { canonicalText, plainCopy } from '../../../src/trust/lock/canonical.ts';
import { ERAS, http } from '../../support/servers.ts';
import { lockOf } from './support.ts';

const TOOL = {
  name: 'write',
  title: 'Write',
  description: 'Writes a file.',
  inputSchema: {
    type: 'object',
    properties: { path: { type: 'string', maxLength: 10 }, mode: { enum: ['a', 'w'] } },
    required: ['path'],
  },
  outputSchema: { type: 'object', properties: { bytes: { type: 'integer' } } },
  annotations: { destructiveHint: true, readOnlyHint: false },
  icons: [{ src: 'https://example.com/a.png' }],
  execution: { taskSupport: 'optional' },
};

type Place = readonly (string | number)[];

/** Every place in a value that holds no further places. */
function leaves(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...at, key]));
}

function changed(value: unknown, [key, ...rest]: Place, to: unknown): unknown {
  if (key === undefined) return to;
  const copy: Record<string, unknown> = { ...(value as object) };
  copy[String(key)] = changed(copy[String(key)], rest, to);
  return Array.isArray(value) ? Object.values(copy) : copy;
}

describe('H7 the digest of a definition', () => {
  it('differs when any one member does', () => {
    const before = lockedOf(TOOL).digest;
    fc.assert(
      fc.property(fc.constantFrom(...leaves(TOOL)), fc.jsonValue(), (place, to) => {
        const after = changed(TOOL, place, to);
        const isSame = canonicalText(after) === canonicalText(TOOL);
        expect(lockedOf(after as object).digest === before).toBe(isSame);
      }),
    );
  });

  it('differs when a member is added or left out', () => {
    const before = lockedOf(TOOL).digest;
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (key, value) => {
        fc.pre(
          key !== '_meta' && !Object.hasOwn(TOOL, key) && !/\p{Surrogate}/u.test(key + JSON.stringify(value)),
        );
        expect(lockedOf({ ...TOOL, [key]: value }).digest).not.toBe(before);
      }),
    );
    for (const key of Object.keys(TOOL)) {
      const { [key]: _, ...rest } = TOOL as Record<string, unknown>;
      expect(lockedOf(rest).digest).not.toBe(before);
    }
  });

  it('differs when one character of a description does', () => {
    fc.assert(
      fc.property(
        fc.nat(TOOL.description.length - 1),
        fc.string({ minLength: 1, maxLength: 1 }),
        (at, char) => {
          const description = TOOL.description.slice(0, at) + char + TOOL.description.slice(at + 1);
          fc.pre(description !== TOOL.description && !/\p{Surrogate}/u.test(description));
          expect(lockedOf({ ...TOOL, description }).digest).not.toBe(lockedOf(TOOL).digest);
        },
      ),
    );
  });

  it('does not depend on the order of members, nor on what is in `_meta` for programs', () => {
    const turned = Object.fromEntries(Object.entries(TOOL).toReversed());
    expect(lockedOf({ ...turned, _meta: { at: Date.now() } }).digest).toBe(lockedOf(TOOL).digest);
  });
});

describe('canonical JSON (RFC 8785)', () => {
  it.each([
    ['{"b":1,"a":2}', '{"a":2,"b":1}'],
    ['[56, {"d": true, "10": null, "1": []}]', '[56,{"1":[],"10":null,"d":true}]'],
    ['{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}', undefined],
    [
      '[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0]',
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    ],
    ['"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
  ])('of %s', (given, wanted) => {
    const order = '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}';
    expect(canonicalText(plainCopy(JSON.parse(given)))).toBe(wanted ?? order);
  });

  it.each<[string, unknown]>([
    ['a number that is not finite', { n: Infinity }],
    ['no number', { n: NaN }],
    ['half of a character', { text: '\ud800' }],
    ['half of a character in a key', { ['\udc00']: 1 }],
    ['a bigint', { n: 1n }],
    ['a function', { f: () => 1 }],
    ['an object of a class', { m: new Map() }],
    ['too much depth', Array.from({ length: 600 }).reduce<unknown>((inner) => [inner], 1)],
    [
      'a getter that throws',
      Object.defineProperty({}, 'x', {
        enumerable: true,
        get: () => {
          throw new Error('no');
        },
      }),
    ],
  ])('refuses %s', (_, value) => {
    expect(() => plainCopy(value)).toThrow();
  });

  it('reads a getter once', () => {
    let reads = 0;
    const copy = plainCopy({
      get x() {
        return ++reads;
      },
    });
    expect(copy).toEqual({ x: 1 });
    expect(reads).toBe(1);
  });
});

describe.each(ERAS)('H7 a definition (%s) with members that no revision knows', (era) => {
  it('is the one that was locked, also when it is used before it was listed', async () => {
    const wire = { odd: [1], annotations: { odd: 2 } };
    const server = await http({
      era,
      tools: [{ name: 't', wire }],
      prompts: [{ name: 'p', messages: [], wire: { odd: 1, arguments: [{ name: 'a', odd: 3 }] } }],
      resourceTemplates: [{ uriTemplate: 'test://{a}', name: 'm', text: 'x', wire: { odd: [1] } }],
    });
    const path = await lockOf({ a: { url: server.url } });
    const session = await openSession({ url: server.url }, { name: 'a', lock: fileLock(path) });
    onTestFinished(() => session.destroy());
    expect(await session.callTool('t')).toHaveProperty('content');
    expect(await session.getPrompt('p')).toHaveProperty('messages');
    expect(await session.readResource('test://b')).toHaveProperty('contents');
  });
});
