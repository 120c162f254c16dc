import { isRecord } from '../internal/checks.ts';

/** A schema, or a schema inside another. */
export type SchemaNode = Readonly<Record<string, unknown>>;

/** Keywords with schemas that apply to the same value of the data. */
const LISTS = ['allOf', 'anyOf', 'oneOf'];
const SINGLE = ['not', 'if', 'then', 'else'];
const MAPS = ['dependentSchemas', 'dependencies'];
/** References whose target depends on the schemas that were passed on the way. */
const DYNAMIC = ['$dynamicRef', '$recursiveRef'];
/** The base URI of a schema without `$id`. */
const NOWHERE = 'https://schema.invalid/';

/** Which other schemas a validator applies from each schema. */
export class SchemaGraph {
  readonly root: SchemaNode;
  /** How many schemas there are. */
  readonly size: number;
  readonly hasReferences: boolean;
  /** Whether there are references whose target this graph does not know. */
  readonly isOpaque: boolean;
  /** By address and by anchor. */
  readonly #named = new Map<string, SchemaNode>();
  readonly #targets = new Map<SchemaNode, SchemaNode>();
  readonly #inPlace = new Map<SchemaNode, readonly SchemaNode[]>();

  constructor(schema: unknown) {
    this.root = isRecord(schema) ? schema : {};
    const referring: { node: SchemaNode; ref: string; base: string }[] = [];
    let size = 0;
    let isDynamic = false;
    // Every object might be a schema. Data that looks like one does no harm: it is counted too much.
    const left: { value: unknown; base: string }[] = [{ value: this.root, base: NOWHERE }];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { value, base: outer } = next;
      if (typeof value !== 'object' || value === null) continue;
      const base = isRecord(value) ? this.#name(value, outer) : outer;
      for (const inner of Object.values(value)) left.push({ value: inner, base });
      if (!isRecord(value)) continue;
      size++;
      if (typeof value['$ref'] === 'string') referring.push({ node: value, ref: value['$ref'], base });
      isDynamic ||= DYNAMIC.some((keyword) => typeof value[keyword] === 'string');
    }
    let lost = 0;
    for (const { node, ref, base } of referring) {
      const target = this.#find(ref, base);
      if (isRecord(target)) this.#targets.set(node, target);
      else if (typeof target !== 'boolean') lost++;
    }
    this.size = size;
    this.hasReferences = isDynamic || referring.length > 0;
    this.isOpaque = isDynamic || lost > 0;
  }

  /** The schemas that references lead to. */
  get targets(): ReadonlySet<SchemaNode> {
    return new Set(this.#targets.values());
  }

  /** Whether some schema applies itself to the same value again, so that a check would never end. */
  get isEndless(): boolean {
    const done = new Set<SchemaNode>();
    const open = new Set<SchemaNode>();
    // Each circle goes through the target of a reference. Without recursion, as chains of references may be long.
    const left = [...this.targets].map((node) => ({ node, isLeaving: false }));
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { node, isLeaving } = next;
      if (isLeaving) {
        open.delete(node);
        done.add(node);
        continue;
      }
      if (open.has(node)) return true;
      if (done.has(node)) continue;
      open.add(node);
      left.push({ node, isLeaving: true });
      for (const inner of this.inPlace(node)) left.push({ node: inner, isLeaving: false });
    }
    return false;
  }

  /** The schemas that apply to the same value. */
  inPlace(node: SchemaNode): readonly SchemaNode[] {
    const known = this.#inPlace.get(node);
    if (known !== undefined) return known;
    const found = [
      this.#targets.get(node),
      ...LISTS.flatMap((keyword) => listOf(node[keyword])),
      ...SINGLE.map((keyword) => node[keyword]),
      ...MAPS.flatMap((keyword) => (isRecord(node[keyword]) ? Object.values(node[keyword]) : [])),
    ].filter(isRecord);
    this.#inPlace.set(node, found);
    return found;
  }

  /** The schemas that apply to a member of an object, or to its name. */
  ofMember(node: SchemaNode, name: string): readonly SchemaNode[] {
    const { properties, additionalProperties, unevaluatedProperties, propertyNames } = node;
    const own =
      namesProperty(node, name) && isRecord(properties)
        ? [properties[name]]
        : [additionalProperties, unevaluatedProperties];
    return [...own, propertyNames].filter(isRecord);
  }

  /** The schemas that apply to an item of an array. */
  ofItem(node: SchemaNode, index: number): readonly SchemaNode[] {
    const { items, additionalItems, contains, unevaluatedItems } = node;
    const first = prefixOf(node);
    const others = Array.isArray(items) ? additionalItems : items;
    const own = index < first.length ? [first[index]] : [others, unevaluatedItems];
    return [...own, contains].filter(isRecord);
  }

  /** Remembers a schema by the names that it gives itself; returns the address that its references start from. */
  #name(schema: SchemaNode, outer: string): string {
    const { $id, $anchor, $dynamicAnchor } = schema;
    const base = (typeof $id === 'string' ? addressOf($id, outer)?.split('#', 1)[0] : undefined) ?? outer;
    if (schema === this.root) this.#named.set(NOWHERE, schema);
    if (base !== outer) this.#named.set(base, schema);
    if (typeof $id === 'string' && $id.startsWith('#')) this.#named.set(base + $id, schema);
    for (const name of [$anchor, $dynamicAnchor]) {
      if (typeof name === 'string') this.#named.set(`${base}#${name}`, schema);
    }
    return base;
  }

  #find(ref: string, from: string): unknown {
    const [base = '', fragment = ''] = addressOf(ref, from)?.split('#') ?? [];
    if (fragment !== '' && !fragment.startsWith('/')) return this.#named.get(`${base}#${fragment}`);
    let found: unknown = this.#named.get(base);
    if (fragment === '') return found;
    for (const part of fragment.slice(1).split('/')) {
      const key = unescaped(part);
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
      found = Object.getOwnPropertyDescriptor(found, key)?.value;
    }
    return found;
  }
}

/** The number of values in some data, nested ones included. */
export function placesOf(data: unknown): number {
  let places = 0;
  const left: unknown[] = [data];
  while (left.length > 0) {
    const next = left.pop();
    places++;
    if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) left.push(inner);
  }
  return places;
}

/** Whether a schema has an entry for this property. */
export function namesProperty({ properties }: SchemaNode, name: string): boolean {
  return isRecord(properties) && Object.hasOwn(properties, name);
}

/** The schemas that a schema has for the first items, in order. */
export function prefixOf({ items, prefixItems }: SchemaNode): readonly unknown[] {
  return listOf(Array.isArray(items) ? items : prefixItems);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function addressOf(ref: string, base: string): string | undefined {
  return URL.canParse(ref, base) ? new URL(ref, base).href : undefined;
}

function unescaped(part: string): string {
  let text = part;
  try {
    text = decodeURIComponent(part);
  } catch {
    // A `%` that begins no escape: the text is taken as it is.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}
