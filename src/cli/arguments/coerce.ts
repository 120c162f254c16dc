import { isRecord } from '../../internal/checks.ts';
import { UsageError } from '../exit-codes.ts';
import { resolveSchema, typesOf, type JsonType, type Schema } from './schema-types.ts';

/**
 * Converts typed texts to a type of the schema. A text stays a text when the schema allows one. Throws a {@link
 * UsageError}.
 */
export function coerce(key: string, texts: readonly string[], schema: unknown, root: Schema): unknown {
  const types = typesOf(schema, root);
  const [text = '', ...more] = texts;
  if (types.has('array') && (more.length > 0 || !types.has('string')))
    return arrayOf(key, texts, schema, root);
  if (more.length > 0)
    throw new UsageError(`Argument "${key}" is given ${texts.length} times, but it is not a list.`);
  return valueOf(key, text, types);
}

function valueOf(key: string, text: string, types: ReadonlySet<JsonType>): unknown {
  if (types.size === 0 || types.has('string')) return text;
  if (types.has('boolean') && /^(true|false)$/.test(text)) return text === 'true';
  if (types.has('null') && text === 'null') return null;
  const number = Number(text);
  if ((types.has('number') || types.has('integer')) && !isExact(text))
    throw inexact(`Argument "${key}"`, text);
  const isNumber = text.trim() !== '' && Number.isFinite(number);
  if (isNumber && (types.has('number') || (types.has('integer') && Number.isInteger(number)))) return number;
  if (types.has('object') || types.has('array')) {
    const value = parsed(text);
    if ((types.has('object') && isRecord(value)) || (types.has('array') && Array.isArray(value)))
      return value;
  }
  throw new UsageError(`Argument "${key}" must be ${wanted(types)}, not "${text}".`);
}

/** An array is given as JSON, or as one item per `key=value`. */
function arrayOf(key: string, texts: readonly string[], schema: unknown, root: Schema): unknown {
  const [text = '', ...more] = texts;
  const whole = more.length === 0 && text.trim().startsWith('[') ? parsed(text) : undefined;
  if (Array.isArray(whole)) return whole;
  const { items } = resolveSchema(schema, root);
  const itemTypes = typesOf(items, root);
  return texts.map((each) => valueOf(key, each, itemTypes));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const WORDS: Readonly<Record<JsonType, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
  array: 'a JSON array',
  object: 'a JSON object',
};

function wanted(types: ReadonlySet<JsonType>): string {
  return [...types].map((type) => WORDS[type]).join(', or ');
}

/** Whether a number can be sent exactly: not too large, and not rounded. */
function isExact(text: string): boolean {
  const number = Number(text);
  if (Number.isNaN(number)) return true;
  if (!Number.isFinite(number)) return false;
  return !/^\s*-?\d+\s*$/.test(text) || BigInt(text) === BigInt(number);
}

function inexact(where: string, text: string): UsageError {
  return new UsageError(
    `${where}: ${text.trim()} is a number too large to be sent exactly. If a text is allowed there, write it as one.`,
  );
}

/** Throws a {@link UsageError} for numbers in JSON that would be rounded. */
export function expectExactNumbers(json: string, where: string): void {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs) ?? [];
  const wrong = tokens.find((token) => !token.startsWith('"') && !isExact(token));
  if (wrong !== undefined) throw inexact(where, wrong);
}
