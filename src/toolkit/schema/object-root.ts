import { isRecord } from '../../internal/checks.ts';
import type { JsonObject, SchemaDialect } from './dialect.ts';
import { inexpressible } from './inexpressible.ts';
import { mapSubschemas } from './keywords.ts';
import { localReferences } from './local-references.ts';
import { hasType } from './spelled-out.ts';

/** The single property of the object that wraps a schema that is not accepted at the top level. */
const WRAPPED = 'arguments';

interface ObjectRoot {
  readonly schema: JsonObject;
  readonly unwrap?: (args: JsonObject) => JsonObject;
}

/**
 * Gives a schema `type: 'object'` and `properties` at the top, without keywords that are not accepted there. A union
 * is wrapped in an object with one property, because merging its branches would allow more values.
 */
export function objectRoot(schema: JsonObject, dialect: SchemaDialect): ObjectRoot {
  const { $defs, ...root } = typed(withoutRootReference(schema));
  const forbidden = ['$ref', ...dialect.notAtRoot].some((keyword) => keyword in root);
  if (!forbidden)
    return {
      schema: { ...root, properties: root['properties'] ?? {}, ...($defs !== undefined && { $defs }) },
    };
  return { schema: wrapped(root, isRecord($defs) ? $defs : {}), unwrap };
}

/** Resolves a `$ref` at the top that stands alone or beside `type: 'object'`, which arguments have anyway. */
function withoutRootReference(schema: JsonObject): JsonObject {
  const defs = isRecord(schema['$defs']) ? schema['$defs'] : {};
  let found = schema;
  for (const seen = new Set<unknown>(); ;) {
    const { $ref, $defs: _, $comment: __, title, description, type, ...rest } = found;
    const decides = Object.keys(rest).length > 0 || (type !== undefined && !hasType(found, 'object'));
    if (typeof $ref !== 'string' || decides) return found === schema ? schema : localReferences(found);
    const target = defs[$ref.slice('#/$defs/'.length)];
    if (seen.has($ref) || !isRecord(target))
      return inexpressible('#', 'it refers to itself and to nothing else');
    seen.add($ref);
    found = {
      ...target,
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      $defs: defs,
    };
  }
}

/** Adds `type: 'object'`, which arguments have anyway. */
function typed(schema: JsonObject): JsonObject {
  if (schema['type'] !== undefined && !hasType(schema, 'object')) {
    return inexpressible('#', 'it takes something else than an object');
  }
  const { type: _, ...rest } = schema;
  return { type: 'object', ...rest };
}

function wrapped(root: JsonObject, defs: JsonObject): JsonObject {
  const { description, ...inner } = root;
  let name = WRAPPED;
  while (Object.hasOwn(defs, name)) name = `${name}_`;
  const state = { refersToRoot: false };
  const moved = redirected({ ...inner, $defs: defs }, `#/$defs/${name}`, state);
  const { $defs, ...content } = moved;
  const held = state.refersToRoot ? { ...(isRecord($defs) && $defs), [name]: content } : $defs;
  return {
    type: 'object',
    ...(description !== undefined && { description }),
    properties: { [WRAPPED]: state.refersToRoot ? { $ref: `#/$defs/${name}` } : content },
    required: [WRAPPED],
    additionalProperties: false,
    ...(isRecord(held) && Object.keys(held).length > 0 && { $defs: held }),
  };
}

/** Redirects references to the whole schema to its new place. */
function redirected(schema: JsonObject, to: string, state: { refersToRoot: boolean }): JsonObject {
  const copy = mapSubschemas(schema, (sub) => (isRecord(sub) ? redirected(sub, to, state) : sub));
  if (copy['$ref'] !== '#') return copy;
  state.refersToRoot = true;
  return { ...copy, $ref: to };
}

/** Also accepts arguments that a model sent without the wrapping object. */
function unwrap(args: JsonObject): JsonObject {
  const inner = args[WRAPPED];
  return Object.keys(args).length === 1 && isRecord(inner) ? inner : args;
}
