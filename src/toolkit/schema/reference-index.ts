import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import type { JsonObject } from './dialect.ts';
import { checkDepth, inexpressible } from './inexpressible.ts';
import { mapSubschemas } from './keywords.ts';

/** The base URI of a schema without `$id`. */
const DEFAULT_BASE = 'https://schema.invalid/';

export interface Reference {
  readonly target: unknown;
  /** A name for the target's definition. */
  readonly name: string;
}

/** Resolves references within one document: by pointer, by `$anchor` and by the `$id` of a subschema. */
export class ReferenceIndex {
  readonly #bases = new Map<JsonObject, string>();
  readonly #resources = new Map<string, JsonObject>();
  readonly #anchors = new Map<string, JsonObject>();
  readonly #dynamic = new Map<string, number>();

  constructor(document: JsonObject) {
    this.#resources.set(DEFAULT_BASE, document);
    this.#read(document, DEFAULT_BASE, '#', 0);
  }

  /** The target of a schema's `$ref`; undefined without one. */
  referenceOf(schema: JsonObject, at: string): Reference | undefined {
    const refs = [schema['$ref'], this.#dynamicRef(schema, at), schema['$recursiveRef']];
    const given = refs.filter((ref) => typeof ref === 'string');
    if (given.length > 1) inexpressible(at, 'it refers to two schemas at once');
    const [ref] = given;
    return ref === undefined ? undefined : this.#resolve(ref, this.#bases.get(schema) ?? DEFAULT_BASE, at);
  }

  #read(schema: JsonObject, outer: string, at: string, depth: number): void {
    checkDepth(depth, at);
    const { $id, $anchor, $dynamicAnchor } = schema;
    // Up to draft 7, an `$id` with only a fragment meant the same as `$anchor`.
    const names = typeof $id === 'string' && !$id.startsWith('#');
    const base = names ? withoutHash(addressOf($id, outer, at)) : outer;
    this.#bases.set(schema, base);
    if (names) this.#resources.set(base, schema);
    else if (typeof $id === 'string') this.#anchors.set(`${base}${$id}`, schema);
    if (typeof $anchor === 'string') this.#anchors.set(`${base}#${$anchor}`, schema);
    if (typeof $dynamicAnchor === 'string') {
      this.#anchors.set(`${base}#${$dynamicAnchor}`, schema);
      this.#dynamic.set($dynamicAnchor, (this.#dynamic.get($dynamicAnchor) ?? 0) + 1);
    }
    mapSubschemas(schema, (sub, step) => {
      if (isRecord(sub)) this.#read(sub, base, at + step, depth + 1);
      return sub;
    });
  }

  /** With one candidate in the document, a dynamic reference is the same as a plain one. */
  #dynamicRef(schema: JsonObject, at: string): unknown {
    const ref = schema['$dynamicRef'];
    if (typeof ref !== 'string') return undefined;
    if ((this.#dynamic.get(ref.slice(ref.indexOf('#') + 1)) ?? 0) > 1) {
      inexpressible(at, 'what its "$dynamicRef" leads to depends on the way there');
    }
    return ref;
  }

  #resolve(ref: string, base: string, at: string): Reference {
    const address = addressOf(ref, base, at);
    const resource = this.#resources.get(withoutHash(address));
    const fragment = decoded(address.slice(withoutHash(address).length + 1));
    if (resource !== undefined && fragment === '') return { target: resource, name: 'schema' };
    const target =
      fragment.startsWith('/') && resource !== undefined
        ? walk(resource, fragment)
        : this.#anchors.get(`${withoutHash(address)}#${fragment}`);
    if (target === undefined) {
      inexpressible(at, `it refers to "${printable(ref, 80)}", which is not part of the schema`);
    }
    return { target, name: fragment.slice(fragment.lastIndexOf('/') + 1) };
  }
}

function addressOf(ref: string, base: string, at: string): string {
  try {
    return new URL(ref, base).href;
  } catch {
    return inexpressible(at, `"${printable(ref, 80)}" is no reference`);
  }
}

function withoutHash(address: string): string {
  const hash = address.indexOf('#');
  return hash === -1 ? address : address.slice(0, hash);
}

/** Decodes a fragment; some references have a `%` that is not an escape. */
function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

function walk(from: JsonObject, pointer: string): unknown {
  let found: unknown = from;
  for (const part of pointer.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Object.getOwnPropertyDescriptor(found, key)?.value;
  }
  return found;
}
