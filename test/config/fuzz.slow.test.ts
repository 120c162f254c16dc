import { readFileSync, readdirSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlenumError, SessionGroup } from '../../src/index.ts';
import { loadConfig, type Config } from '../../src/config/index.ts';
import { configFile, fixture, writeTo } from './support/files.ts';

const TEXTS = readdirSync(fixture('.')).map((name) => readFileSync(fixture(name), 'utf8'));
const KEYS = (
  'mcpServers servers inputs plenum command args env envFile cwd url type headers auth token lazy idleMs allow deny ' +
  'reconnect health timeoutMs naming disabled serverUrl httpUrl requestInit timeout tools id options a ' +
  '__proto__ constructor '
).split(' ');
const WORDS = [
  'stdio',
  'http',
  'ws',
  'bearer',
  'prefixed',
  'promptString',
  'https://a.example.com',
  'wss://a',
  'http://[',
  '',
  './x',
  '\0',
  '\ud800',
  '${A}',
  '${B:-x}',
  '$${',
  '${',
  '${env:',
  '${input:i}',
  '${workspaceFolder}',
  '${__proto__}',
];
const key = fc.constantFrom(...KEYS);
const scalar = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
  ),
}));
const server = fc.dictionary(key, tree, { maxKeys: 6 });
const document = fc.oneof(
  tree,
  fc.record(
    { mcpServers: fc.dictionary(fc.oneof(key, fc.string()), server), plenum: tree, inputs: tree },
    { requiredKeys: [] },
  ),
);

/** A text with some of it cut out, and something else put in. */
const mutated = fc
  .record({
    text: fc.constantFrom(...TEXTS),
    cuts: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        length: fc.nat(20),
        insert: fc.oneof(
          fc.constantFrom(...WORDS, '{', '}', '[', ']', ',', ':', '"', '/*', '//', '\\u', '\uFEFF'),
          fc.string({ maxLength: 5 }),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ text, cuts }) =>
    cuts.reduce((left, { at, length, insert }) => {
      const start = Math.floor(at * left.length);
      return left.slice(0, start) + insert + left.slice(start + length);
    }, text),
  );

/** The configuration that a text is, or nothing when it is refused as it should be; anything else is a failure. */
async function outcomeOf(path: string, text: string): Promise<Config | undefined> {
  writeTo(path, text);
  try {
    return await loadConfig({ path, env: { A: 'a', HOME: '/home/me' }, prompt: () => 'answer' });
  } catch (error) {
    expect(error).toBeInstanceOf(PlenumError);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return undefined;
  }
}

describe('any text at all gives a configuration or CONFIG_INVALID', () => {
  it.each([
    ['text', fc.string({ unit: 'binary', maxLength: 200 })],
    ['JSON', fc.json()],
    ['documents of the right words', document.map((value) => JSON.stringify(value))],
    ['configurations with a hole', mutated],
  ])('%s', async (_, texts) => {
    const path = configFile('');
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const config = await outcomeOf(path, text);
        expect(({} as Record<string, unknown>)['command']).toBeUndefined();
        if (config === undefined) return;
        // What is good enough for a configuration is good enough for a group: nothing is opened.
        const { signal } = givenUp;
        await expect(SessionGroup.connect({ ...config, signal })).rejects.toMatchObject({ code: 'ABORTED' });
      }),
      { numRuns: 400 },
    );
  });
});

const givenUp = new AbortController();
givenUp.abort();
