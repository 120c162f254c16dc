import { isRecord } from '../../internal/checks.ts';
import { withRemark, escapePointer, isAssertion } from './keywords.ts';
import type { JsonObject, StrictRules } from './dialect.ts';
import { areDisjoint } from './disjoint.ts';
import { inexpressible } from './inexpressible.ts';
import { hasType } from './spelled-out.ts';
import { checkLimits } from './strict-limits.ts';

/** Converts a value for the strict schema back to one for the original; undefined when they are the same. */
type Restore = ((value: unknown) => unknown) | undefined;

interface Strict {
  readonly schema: JsonObject;
  readonly restore: Restore;
}

interface StrictSchema {
  readonly schema: JsonObject;
  readonly restore?: (args: JsonObject) => JsonObject;
}

/**
 * Converts a schema for OpenAI's strict mode, in which every object is closed and every property required. An
 * optional property may be null instead, and `restore` removes it again. Throws `Inexpressible` for what strict mode
 * cannot express, because a weaker schema would allow other values.
 */
export function strictSchema(schema: JsonObject, rules: StrictRules): StrictSchema {
  const { schema: strict, restore } = new Converter(schema, rules).convertAll();
  checkLimits(strict, rules);
  return { schema: strict, ...(restore !== undefined && { restore: (args) => restore(args) as JsonObject }) };
}

const UNIONS = ['anyOf', 'oneOf', 'allOf'];

/** Each branch of a union is compared with all others. */
const MAX_BRANCHES = 100;
const MAX_COMPARED = 20_000;

class Converter {
  readonly #root: JsonObject;
  readonly #defs: JsonObject;
  readonly #rules: StrictRules;
  readonly #restores = new Map<string, Restore>();
  #compared = 0;

  constructor(root: JsonObject, rules: StrictRules) {
    this.#root = root;
    this.#defs = isRecord(root['$defs']) ? root['$defs'] : {};
    this.#rules = rules;
  }

  convertAll(): Strict {
    const defs = Object.entries(this.#defs).map(([name, def]) => {
      const at = `#/$defs/${name}`;
      const { schema, restore } = this.#convert(def, at);
      this.#restores.set(at, restore);
      return [name, schema] as const;
    });
    const { $defs: _, ...own } = this.#root;
    const { schema, restore } = this.#convert(own, '#');
    this.#restores.set('#', restore);
    return { schema: defs.length === 0 ? schema : { ...schema, $defs: Object.fromEntries(defs) }, restore };
  }

  #convert(schema: unknown, at: string): Strict {
    if (!isRecord(schema)) return inexpressible(at, 'it takes anything');
    const said = inWords(this.#simpler(schema, at));
    for (const keyword of Object.keys(said)) {
      if (this.#rules.keywords.has(keyword)) continue;
      if (isAssertion(keyword)) inexpressible(at, `strict mode has no "${keyword}"`);
      delete said[keyword];
    }
    if (typeof said['pattern'] === 'string' && said['pattern'].includes('(?')) {
      inexpressible(at, 'its pattern may use what strict mode does not know');
    }
    if (typeof said['$ref'] === 'string') return this.#reference(said, said['$ref'], at);
    if (Array.isArray(said['anyOf'])) return this.#union(said, said['anyOf'], at);
    if (said['type'] === undefined) said['type'] = typeOfValues(said, at);
    if (hasType(said, 'object')) return this.#object(said, at);
    for (const keyword of ['properties', 'required', 'additionalProperties']) delete said[keyword];
    if (hasType(said, 'array')) return this.#array(said, at);
    delete said['items'];
    return { schema: said, restore: undefined };
  }

  /** `oneOf` becomes `anyOf` when no two branches overlap. A union or `allOf` of one branch becomes that branch. */
  #simpler(schema: JsonObject, at: string): JsonObject {
    const { oneOf, allOf, ...rest } = schema;
    if (Array.isArray(allOf) && allOf.length === 1 && oneOf === undefined && rest['anyOf'] === undefined) {
      return { ...rest, anyOf: allOf };
    }
    if (!Array.isArray(oneOf) || allOf !== undefined || rest['anyOf'] !== undefined) return schema;
    if (oneOf.length > MAX_BRANCHES) inexpressible(at, `its "oneOf" has more than ${MAX_BRANCHES} branches`);
    const branches = oneOf.map(this.#resolve);
    const clear = branches.every((branch, nr) =>
      branches.slice(nr + 1).every((other) => this.#tellsApart(branch, other, at)),
    );
    return clear ? { ...rest, anyOf: oneOf } : inexpressible(at, 'branches of its "oneOf" may overlap');
  }

  #tellsApart(a: JsonObject, b: JsonObject, at: string): boolean {
    if (++this.#compared > MAX_COMPARED)
      inexpressible(at, 'its unions have too many branches to be compared');
    return areDisjoint(a, b, this.#resolve);
  }

  /** The schema that a reference, or a union of one branch, stands for. */
  readonly #resolve = (schema: unknown): JsonObject => {
    let found = schema;
    for (let steps = 0; isRecord(found) && steps < 20; steps++) {
      const { $ref } = found;
      const branch = onlyBranch(found);
      if (typeof $ref === 'string')
        found = $ref === '#' ? this.#root : this.#defs[$ref.slice('#/$defs/'.length)];
      else if (branch !== undefined) found = branch;
      else break;
    }
    return isRecord(found) ? found : {};
  };

  #reference(schema: JsonObject, $ref: string, at: string): Strict {
    onlyDescribed(schema, '$ref', at);
    const { $ref: _, ...described } = schema;
    const alone = Object.keys(described).length === 0;
    // Looked up when a value is restored: only then have all definitions been converted.
    const restore = (value: unknown): unknown => this.#restores.get($ref)?.(value) ?? value;
    return { schema: alone ? { $ref } : { ...described, anyOf: [{ $ref }] }, restore };
  }

  #union(schema: JsonObject, anyOf: readonly unknown[], at: string): Strict {
    this.#dropImplied(schema, anyOf);
    onlyDescribed(schema, 'anyOf', at);
    if (anyOf.length > MAX_BRANCHES) inexpressible(at, `its "anyOf" has more than ${MAX_BRANCHES} branches`);
    const originals = anyOf.map(this.#resolve);
    const branches = anyOf.map((branch, nr) => this.#convert(branch, `${at}/anyOf/${nr}`));
    const objects = originals.flatMap((original, nr) =>
      hasType(original, 'object') ? [{ original, nr }] : [],
    );
    const nested = originals.some((original) => UNIONS.some((keyword) => keyword in original));
    const lists = originals.filter((original) => hasType(original, 'array'));
    const clear = objects.every(({ original }, nr) =>
      objects.slice(nr + 1).every(({ original: other }) => this.#tellsApart(original, other, at)),
    );
    if (!clear) inexpressible(at, 'nothing tells the objects of its "anyOf" apart');
    const restores = branches.some(({ restore }) => restore !== undefined);
    if (restores && (nested || lists.length > 1))
      inexpressible(at, 'nothing tells the branches of its "anyOf" apart');
    const restore = (value: unknown): unknown => {
      const nr = originals.findIndex((original) => this.#mayBe(value, original));
      return branches[nr]?.restore?.(value) ?? value;
    };
    return {
      schema: { ...schema, anyOf: branches.map((branch) => branch.schema) },
      restore: restores ? restore : undefined,
    };
  }

  /** Removes a type that every branch has, and empty properties: beside a union they have no effect. */
  #dropImplied(schema: JsonObject, branches: readonly unknown[]): void {
    const { type, properties } = schema;
    if (isRecord(properties) && Object.keys(properties).length === 0) delete schema['properties'];
    const implied = branches.every((branch) => this.#resolve(branch)['type'] === type);
    if (typeof type === 'string' && implied) delete schema['type'];
  }

  /** Whether a value matches this branch of a union, by its type and the constants in its properties. */
  #mayBe(value: unknown, schema: JsonObject): boolean {
    if (Array.isArray(value)) return hasType(schema, 'array');
    if (!isRecord(value) || !hasType(schema, 'object') || !isRecord(schema['properties'])) return false;
    return Object.entries(schema['properties']).every(([name, property]) => {
      const { const: only, enum: some } = this.#resolve(property);
      const held = value[name];
      if (only !== undefined) return held === only || held === null;
      return !Array.isArray(some) || some.includes(held) || held === null;
    });
  }

  #array(schema: JsonObject, at: string): Strict {
    const { schema: items, restore } = this.#convert(schema['items'], `${at}/items`);
    const each = (value: unknown): unknown =>
      Array.isArray(value) ? value.map((item) => restore?.(item)) : value;
    return { schema: { ...schema, items }, restore: restore === undefined ? undefined : each };
  }

  #object(schema: JsonObject, at: string): Strict {
    const { additionalProperties: open, properties, required, items: _, ...rest } = schema;
    if (hasType(schema, 'array')) inexpressible(at, 'it takes objects and arrays');
    if (open !== false && !(open === undefined && this.#rules.closeObjects)) {
      inexpressible(at, 'it takes properties that it does not name');
    }
    const names = isRecord(properties) ? properties : {};
    const needed = new Set<unknown>(Array.isArray(required) ? required : []);
    for (const name of needed) {
      if (!Object.hasOwn(names, String(name)))
        inexpressible(at, 'it requires a property that it does not name');
    }
    const converted = Object.entries(names).map(([name, property]) => {
      const where = `${at}/properties/${escapePointer(name)}`;
      const strict = this.#convert(property, where);
      return [name, needed.has(name) ? strict : this.#optional(strict, property, where)] as const;
    });
    return {
      schema: {
        ...rest,
        properties: Object.fromEntries(converted.map(([name, strict]) => [name, strict.schema])),
        required: Object.keys(names),
        additionalProperties: false,
      },
      restore: restoreProperties(new Map(converted)),
    };
  }

  /** Makes a property nullable, where null then means that it is left out. */
  #optional(strict: Strict, original: unknown, at: string): Strict {
    if (this.#acceptsNull(original, 0)) {
      // Null is the default, so sending it is the same as leaving it out.
      if (isRecord(original) && original['default'] === null) return strict;
      return inexpressible(at, 'it may be null and may be left out, which strict mode cannot tell apart');
    }
    const restore = (value: unknown): unknown =>
      value === null ? undefined : (strict.restore?.(value) ?? value);
    return { schema: nullable(strict.schema), restore };
  }

  #acceptsNull(schema: unknown, depth: number): boolean {
    const found = this.#resolve(schema);
    if ('const' in found) return found['const'] === null;
    if (Array.isArray(found['enum']) && !found['enum'].includes(null)) return false;
    if (found['type'] !== undefined) return hasType(found, 'null');
    const branches = found['anyOf'] ?? found['oneOf'] ?? found['allOf'];
    if (!Array.isArray(branches) || depth > 20) return true;
    return branches.some((branch) => this.#acceptsNull(branch, depth + 1));
  }
}

/** The branch of a union that has no other, and beside which nothing is asserted. */
function onlyBranch(schema: JsonObject): unknown {
  const [keyword, ...more] = Object.keys(schema).filter(isAssertion);
  if (keyword === undefined || more.length > 0 || !UNIONS.includes(keyword)) return undefined;
  const branches = schema[keyword];
  return Array.isArray(branches) && branches.length === 1 ? branches[0] : undefined;
}

/** Properties that are undefined after restoring are removed; null may be a restored value. */
function restoreProperties(properties: ReadonlyMap<string, Strict>): Restore {
  const restores = [...properties].filter(([, { restore }]) => restore !== undefined);
  if (restores.length === 0) return undefined;
  return (value) => {
    if (!isRecord(value)) return value;
    const entries = Object.entries(value).map(([name, held]) => {
      const restore = properties.get(name)?.restore;
      return [name, restore === undefined ? held : restore(held)] as const;
    });
    return Object.fromEntries(entries.filter(([, held]) => held !== undefined));
  };
}

function nullable(schema: JsonObject): JsonObject {
  const { type } = schema;
  if (typeof type === 'string' && !('enum' in schema) && !('const' in schema)) {
    return { ...schema, type: [type, 'null'] };
  }
  const { title, description, ...rest } = schema;
  const branches = Array.isArray(rest['anyOf']) && Object.keys(rest).length === 1 ? rest['anyOf'] : [rest];
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    anyOf: [...branches, { type: 'null' }],
  };
}

/** Moves defaults and examples to the description: strict mode has no keywords for them. */
function inWords(schema: JsonObject): JsonObject {
  const { default: preset, examples, ...rest } = schema;
  let said: JsonObject = rest;
  if (preset !== undefined && preset !== null)
    said = withRemark(said, `(Default: ${JSON.stringify(preset)}.)`);
  if (Array.isArray(examples) && examples.length > 0) {
    const shown = examples.slice(0, 3).map((example) => JSON.stringify(example));
    said = withRemark(said, `(For example: ${shown.join(', ')}.)`);
  }
  return { ...said };
}

/** In strict mode, no other restricting keyword may stand beside `$ref` and `anyOf`. */
function onlyDescribed(schema: JsonObject, keyword: string, at: string): void {
  const other = Object.keys(schema).find((key) => key !== keyword && isAssertion(key));
  if (other !== undefined) inexpressible(at, `strict mode does not take "${other}" beside "${keyword}"`);
}

/** The types of the values of `const` or `enum`, for a schema without `type`. */
function typeOfValues(schema: JsonObject, at: string): string | string[] {
  const values = 'const' in schema ? [schema['const']] : schema['enum'];
  if (!Array.isArray(values)) return inexpressible(at, 'it names no type');
  const types = new Set(
    values.map((value) => {
      if (value === null) return 'null';
      if (typeof value === 'object') return inexpressible(at, 'it names no type');
      return typeof value;
    }),
  );
  const [only, ...more] = types;
  return more.length === 0 && only !== undefined ? only : [...types];
}
