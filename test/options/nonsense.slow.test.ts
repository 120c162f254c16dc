import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../src/index.ts';
import { isRecord } from '../../src/internal/checks.ts';
import * as auth from '../../src/auth/index.ts';
import * as config from '../../src/config/index.ts';
import * as gateway from '../../src/gateway/index.ts';
import * as main from '../../src/index.ts';
import * as testing from '../../src/testing/index.ts';
import * as aiSdk from '../../src/toolkit/ai-sdk/index.ts';
import * as anthropic from '../../src/toolkit/anthropic/index.ts';
import * as toolkit from '../../src/toolkit/index.ts';
import * as langchain from '../../src/toolkit/langchain/index.ts';
import * as mcp from '../../src/toolkit/mcp/index.ts';
import * as openai from '../../src/toolkit/openai/index.ts';
import * as trust from '../../src/trust/index.ts';

const ENTRIES: Record<string, object> = {
  '.': main,
  './auth': auth,
  './config': config,
  './gateway': gateway,
  './testing': testing,
  './toolkit': toolkit,
  './toolkit/ai-sdk': aiSdk,
  './toolkit/anthropic': anthropic,
  './toolkit/langchain': langchain,
  './toolkit/mcp': mcp,
  './toolkit/openai': openai,
  './trust': trust,
};

const NONSENSE: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['0', 0],
  ['NaN', NaN],
  ['42', 42],
  ['an empty string', ''],
  ['true', true],
  ['an array', []],
  ['an array of null', [null]],
  ['an empty object', {}],
  ['an object without prototype', Object.create(null)],
  ['a symbol', Symbol('s')],
  ['a bigint', 10n],
  ['a date', new Date(0)],
  ['a map', new Map()],
  ['a promise', Promise.resolve(1)],
  ['a function', () => {}],
  ['a URL of no file', new URL('https://example.com/x')],
  ['a file URL with a host', new URL('file://host/x%2Fy')],
  ['an unknown option', { nonsense: 1 }],
  ['members that are null', { content: null, tools: null, servers: null, target: null, scriptFile: null }],
  [
    'members that are wrong',
    { content: [null], tools: [1], servers: [null], target: {}, scriptFile: 7, url: 5 },
  ],
  ['tools without definitions', { tools: new Map([['a', null]]), sessions: [1], path: 'x' }],
  ['servers that are null', { path: 'x', servers: [null], sections: [], sessions: new Map([['a', null]]) }],
];

/** With what the first argument may be, the second is nonsense. */
const FIRST: readonly unknown[] = [undefined, {}, 'x', { tools: new Map(), callTool: async () => ({}) }];

const exported: unknown = JSON.parse(
  readFileSync(new URL('../package/exports.json', import.meta.url), 'utf8'),
);

function* functions(): Generator<[string, (...args: readonly unknown[]) => unknown]> {
  if (!isRecord(exported)) return;
  for (const [entry, names] of Object.entries(exported)) {
    for (const name of names as string[]) {
      const value: unknown = Reflect.get(ENTRIES[entry] ?? {}, name);
      // An error takes any text.
      if (typeof value !== 'function' || name === 'PlenumError') continue;
      const isClass = Function.prototype.toString.call(value).startsWith('class');
      const call = (...args: readonly unknown[]): unknown =>
        isClass ? Reflect.construct(value, args) : Reflect.apply(value, undefined, args);
      yield [`${isClass ? 'new ' : ''}${name} of ${entry}`, call];
    }
  }
}

/** What a call threw or rejected with; what it opened is closed. */
async function failure(call: () => unknown): Promise<unknown> {
  try {
    const made: unknown = await call();
    if (typeof made !== 'object' || made === null) return undefined;
    const close: unknown = Reflect.get(made, 'close') ?? Reflect.get(made, 'stop');
    if (typeof close === 'function') await Reflect.apply(close, made, []);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('C2 an exported function that is given nonsense', () => {
  it.each([...functions()])(
    '%s: works, or fails with a PlenumError that says what is wrong',
    async (_, call) => {
      for (const [, nonsense] of NONSENSE) {
        for (const args of [[], [nonsense], ...FIRST.map((first) => [first, nonsense])]) {
          const error = await failure(() => call(...args));
          if (error === undefined) continue;
          expect(error).toBeInstanceOf(PlenumError);
          expect((error as PlenumError).message).not.toMatch(/is not a function|undefined \(|destructure/);
        }
      }
    },
  );
});
