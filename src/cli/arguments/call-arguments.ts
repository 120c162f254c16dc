import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { messageOf } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable, suggestion } from '../../internal/text.ts';
import { coerce, expectExactNumbers } from './coerce.ts';
import { UsageError } from '../exit-codes.ts';
import { propertyOf, resolveSchema, type Schema } from './schema-types.ts';

type Arguments = Record<string, unknown>;

/** Arguments as they were typed. Their types are not known before the tool's schema is. */
interface TypedArguments {
  /** From `--args`, or from standard input. */
  readonly base: Arguments;
  /** From `key:=json`. */
  readonly values: ReadonlyMap<string, unknown>;
  /** From `key=value`; a key may be given several times. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
}

/** Reads the words after the name of a tool. Throws a {@link UsageError}, before any server is opened. */
export async function readArguments(
  words: readonly string[],
  json: string | undefined,
  signal: AbortSignal,
): Promise<TypedArguments> {
  const fromInput = words.filter((word) => word === '-').length;
  if (fromInput > 1 || (fromInput === 1 && json !== undefined))
    throw new UsageError('Give arguments as JSON only once: with --args, or with - from standard input.');
  const base =
    fromInput === 1 ? await fromStandardInput(signal) : json === undefined ? {} : await fromOption(json);
  const values = new Map<string, unknown>();
  const texts = new Map<string, string[]>();
  for (const word of words.filter((each) => each !== '-')) {
    const { key, value, isJson } = splitWord(word);
    if (isJson) values.set(key, parse(value, `Argument "${key}"`));
    else texts.set(key, [...(texts.get(key) ?? []), value]);
  }
  return { base, values, texts };
}

/** Reads `key=value` pairs whose values are texts, such as the arguments of a prompt. */
export function readTexts(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const { key, value } = splitWord(word);
      return [key, value];
    }),
  );
}

/** Converts typed arguments to the types of the tool's schema. Throws a {@link UsageError}. */
export function fitArguments({ base, values, texts }: TypedArguments, schema: Schema): Arguments {
  const { properties: given, required } = resolveSchema(schema, schema);
  const properties = isRecord(given) ? given : {};
  const known = Object.keys(properties);
  for (const key of [...Object.keys(base), ...values.keys(), ...texts.keys()])
    if (!propertyOf(schema, key).isKnown)
      throw new UsageError(`The tool has no argument "${key}".${suggestion(key, known)}`);
  const fitted = [...texts].map(([key, words]) => {
    return [key, coerce(key, words, propertyOf(schema, key).schema, schema)] as const;
  });
  const args = { ...base, ...Object.fromEntries([...values, ...fitted]) };
  const wanted: unknown[] = Array.isArray(required) ? required : [];
  const missing = wanted.filter((key): key is string => typeof key === 'string' && !Object.hasOwn(args, key));
  // Some servers list arguments with a default as required.
  const open = missing.filter((key) => resolveSchema(properties[key], schema)['default'] === undefined);
  if (open.length === 0) return args;
  const names = open.map((key) => `"${printable(key)}"`).join(', ');
  throw new UsageError(
    `The tool also needs ${names}. Its arguments: ${known.map((key) => printable(key)).join(', ')}.`,
  );
}

function splitWord(word: string): { key: string; value: string; isJson: boolean } {
  const at = word.indexOf('=');
  const isJson = word[at - 1] === ':';
  const key = word.slice(0, isJson ? at - 1 : at);
  if (at < 1 || key === '')
    throw new UsageError(
      `"${word}" is not an argument: write key=value, key:=json, or - for JSON from standard input.`,
    );
  return { key, value: word.slice(at + 1), isJson };
}

async function fromOption(text: string): Promise<Arguments> {
  if (!text.startsWith('@')) return asArguments(parse(text, '--args'), '--args');
  const file = text.slice(1);
  try {
    return asArguments(parse(await readFile(file, 'utf8'), file), file);
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`--args ${text}: ${messageOf(error)}`);
  }
}

async function fromStandardInput(signal: AbortSignal): Promise<Arguments> {
  addAbortSignal(signal, process.stdin);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return asArguments(parse(Buffer.concat(chunks).toString('utf8'), 'Standard input'), 'Standard input');
}

function parse(text: string, where: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${where} is not JSON: ${messageOf(error)}`);
  }
  expectExactNumbers(text, where);
  return value;
}

function asArguments(value: unknown, where: string): Arguments {
  if (isRecord(value)) return value;
  throw new UsageError(`${where} must be a JSON object of arguments by name.`);
}
