import { printable } from '../../internal/text.ts';
import { UsageError } from '../exit-codes.ts';
import { ArgumentBuilder, NEXT_ITEM, readPath, unknownName, type ArgumentPath } from './argument-path.ts';
import { coerce } from './coerce.ts';
import { memberOf, namesOf, resolveSchema, type Schema } from './schema-types.ts';
import type { Arguments, TypedArguments, TypedWord } from './typed-arguments.ts';

/** Arguments that fit the schema of a tool as far as it can be told. */
interface FittedArguments {
  readonly args: Arguments;
  /** What is probably a mistake, but is sent. */
  readonly warnings: readonly string[];
}

/**
 * Converts typed arguments to the types of the tool's schema, and checks them. Throws a {@link UsageError} for what the
 * tool would refuse; `key:=json` is sent whatever the schema says of its value.
 */
export async function fitArguments(
  { base, words }: TypedArguments,
  schema: Schema,
): Promise<FittedArguments> {
  const warnings = new Set<string>();
  const warn = (warning: string | undefined): void => {
    if (warning !== undefined) warnings.add(warning);
  };
  for (const key of Object.keys(base)) warn(unknownName(key, '', schema, schema));
  const builder = new ArgumentBuilder(base);
  const unchecked: ArgumentPath['steps'][] = [];
  const texts = new Map<string, string[]>();
  for (const word of words)
    if ('text' in word) texts.set(word.key, [...(texts.get(word.key) ?? []), word.text]);
  for (const word of words) {
    const path = readPath(word.key, schema);
    warn(path.warning);
    if (!('text' in word)) {
      unchecked.push(path.steps);
      builder.set(word.key, path, word.value);
      continue;
    }
    const given = textsFor(word, path, texts);
    if (given.length > 0) builder.set(word.key, path, coerce(word.key, given, path.schema, schema));
  }
  const args = builder.value;
  expectRequired(args, schema);
  const { problemsOf } = await import('./schema-problems.ts');
  const problems = problemsOf(args, schema, unchecked);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return { args, warnings: [...warnings] };
}

/** What is given for one key: a key may stand several times for a list, and `[]` begins an item each time. */
function textsFor(
  { key, text }: Extract<TypedWord, { text: string }>,
  { steps }: ArgumentPath,
  texts: Map<string, string[]>,
): readonly string[] {
  if (steps.includes(NEXT_ITEM)) return [text];
  const given = texts.get(key) ?? [];
  texts.delete(key);
  return given;
}

function expectRequired(args: Arguments, schema: Schema): void {
  const { required } = resolveSchema(schema, schema);
  const wanted: unknown[] = Array.isArray(required) ? required : [];
  const missing = wanted.filter((key): key is string => typeof key === 'string' && !Object.hasOwn(args, key));
  // Some servers list arguments with a default as required.
  const open = missing.filter(
    (key) => resolveSchema(memberOf(schema, key, schema).schema, schema)['default'] === undefined,
  );
  if (open.length === 0) return;
  const names = open.map((key) => `"${printable(key)}"`).join(', ');
  const known = namesOf(schema, schema)
    .map((key) => printable(key))
    .join(', ');
  throw new UsageError(`The tool also needs ${names}. Its arguments: ${known}.`);
}
