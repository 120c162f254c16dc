import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { messageOf } from '../errors/plenum-error.ts';
import type { ArgumentProblem } from '../errors/registry.ts';
import { isRecord } from '../internal/checks.ts';
import { checkingCost } from './checking-cost.ts';
import { fromDraft4, harmlessSchema } from './harmless-schema.ts';
import { SchemaGraph } from './schema-graph.ts';
import { schemaProblems } from './schema-problems.ts';

/** Checks data; returns what does not fit, the first findings at most. */
export type SchemaCheck = (data: unknown) => readonly ArgumentProblem[];

/** A compiled schema, or why it cannot be checked: a clause such as `it is nested too deeply`. */
export type CompiledSchema = { readonly check: SchemaCheck } | { readonly problem: string };

/** A schema with more characters of JSON is not compiled, as that takes too long. */
const MAX_SCHEMA_LENGTH = 250_000;
/** The compiler is recursive, and so is what it makes. */
const MAX_SCHEMA_DEPTH = 500;
/** Names that every object inherits: a validator would find such a property in data that does not have it. */
const INHERITED =
  /"(?:constructor|toString|toLocaleString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|__\w+__)"/;

const OPTIONS: Options = {
  strict: false,
  allErrors: true,
  verbose: true, // Errors then have the schema that they are about.
  validateSchema: false,
  // The engine would print parts of a schema, such as the name of an unknown format.
  logger: false,
};

const ENGINES = {
  '2020-12': () => new Ajv2020(OPTIONS),
  '2019-09': () => new Ajv2019(OPTIONS),
  'draft-07': () => new Ajv(OPTIONS),
};
type Engine = keyof typeof ENGINES;

/** The dialects that can be checked, by the end of what `$schema` says. */
const DIALECTS: readonly (readonly [pattern: RegExp, engine: Engine])[] = [
  [/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/, '2020-12'],
  [/^https?:\/\/json-schema\.org\/draft\/2019-09\/schema#?$/, '2019-09'],
  [/^https?:\/\/json-schema\.org\/draft-0[67]\/schema#?$/, 'draft-07'],
];
const DRAFT_4 = /^https?:\/\/json-schema\.org\/draft-04\/schema#?$/;

/** Compiles schemas of servers. It keeps all that it has compiled, so drop it together with the schemas. */
export class SchemaCompiler {
  readonly #engines = new Map<Engine, Ajv>();

  /**
   * Never throws. The check accepts what would take too long to check, and does not run regular expressions
   * (docs/decisions/0008).
   */
  compile(schema: unknown): CompiledSchema {
    if (!isRecord(schema)) return { problem: 'it is not an object' };
    if (isNestedDeeper(schema, MAX_SCHEMA_DEPTH)) return { problem: 'it is nested too deeply' };
    try {
      return this.#compile(schema);
    } catch (error) {
      return { problem: messageOf(error) };
    }
  }

  #compile(schema: Record<string, unknown>): CompiledSchema {
    const { $schema: dialect = 'https://json-schema.org/draft/2020-12/schema', ...rest } = schema;
    const isDraft4 = typeof dialect === 'string' && DRAFT_4.test(dialect);
    const engine = isDraft4
      ? 'draft-07'
      : DIALECTS.find(([pattern]) => typeof dialect === 'string' && pattern.test(dialect))?.[1];
    if (engine === undefined) return { problem: 'its dialect ("$schema") is not known' };
    const checkable = harmlessSchema(isDraft4 ? fromDraft4(rest) : rest) as Record<string, unknown>;
    const text = JSON.stringify(checkable);
    if (text.length > MAX_SCHEMA_LENGTH) {
      return { problem: `it has more than ${MAX_SCHEMA_LENGTH} characters` };
    }
    const graph = new SchemaGraph(checkable);
    if (graph.isEndless) return { problem: 'its references lead in a circle' };
    const validate = this.#engineFor(engine, text).compile(checkable);
    const canAfford = checkingCost(graph);
    const read = INHERITED.test(text) ? withoutPrototypes : undefined;
    return { check: (data) => (canAfford?.(data) === false ? FITS : check(validate, read?.(data) ?? data)) };
  }

  #engineFor(name: Engine, schema: string): Ajv {
    // An engine keeps schemas by `$id`, and two tools may have different schemas with the same `$id`.
    if (schema.includes('"$id"')) return createEngine(name);
    const known = this.#engines.get(name) ?? createEngine(name);
    this.#engines.set(name, known);
    return known;
  }
}

const FITS: readonly ArgumentProblem[] = [];

function check(validate: ValidateFunction, data: unknown): readonly ArgumentProblem[] {
  try {
    if (validate(data)) return FITS;
  } catch (error) {
    if (error instanceof RangeError) return [{ path: '', problem: 'is nested too deeply to be checked' }];
    throw error;
  }
  return schemaProblems((validate.errors ?? []) as readonly ErrorObject[]);
}

function createEngine(name: Engine): Ajv {
  const engine = ENGINES[name]();
  formats.default(engine);
  return engine;
}

function isNestedDeeper(root: object, levels: number): boolean {
  let level: object[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((value) =>
      Object.values(value).filter((inner): inner is object => typeof inner === 'object' && inner !== null),
    );
  }
  return false;
}

function withoutPrototypes(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withoutPrototypes);
  if (!isRecord(data)) return data;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(data)) copy[key] = withoutPrototypes(value);
  return copy;
}
