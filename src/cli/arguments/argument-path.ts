import { printable, suggestion } from '../../internal/text.ts';
import { UsageError } from '../exit-codes.ts';
import { itemOf, memberOf, namesOf, typesOf, type Schema } from './schema-types.ts';

/** A step into an argument: a member's name, an item's index, or `[]` for the next item. */
export type Step = string | number | typeof NEXT_ITEM;

export const NEXT_ITEM = Symbol('[]');

/** Where a value goes, and the schema of what is there. */
export interface ArgumentPath {
  readonly steps: readonly Step[];
  readonly schema: unknown;
  /** What is to be said of a name that the schema does not have, but allows. */
  readonly warning?: string;
}

const MAX_STEPS = 32;

/**
 * Reads `o.k`, `edits[0].oldText` and `edits[].oldText`, the names that `plenum describe` shows. A name that the schema
 * has as it is wins, and a longer one over a shorter one. Throws a {@link UsageError} for a name that the schema
 * refuses.
 */
export function readPath(key: string, root: Schema): ArgumentPath {
  const steps: Step[] = [];
  let schema: unknown = root;
  let rest = key;
  let warning: string | undefined;
  const takeName = (isFirst: boolean): void => {
    const found = nameIn(rest, schema, root, isFirst);
    warning ??= unknownName(found.name, key.slice(0, key.length - rest.length), schema, root);
    if (found.name === '') throw new UsageError(`Argument "${key}": a name is missing.`);
    if (found.name === '__proto__' && !namesOf(schema, root).includes(found.name))
      throw new UsageError(`The tool has no argument "${key}".`);
    steps.push(found.name);
    schema = memberOf(schema, found.name, root).schema;
    rest = rest.slice(found.name.length);
  };
  takeName(true);
  while (rest !== '') {
    if (steps.length >= MAX_STEPS) throw new UsageError(`Argument "${printable(key, 80)}" goes too deep.`);
    const [bracket, inside = ''] = /^\[([^\]]*)\]/.exec(rest) ?? [];
    if (bracket !== undefined && (inside === '' || /^\d+$/.test(inside))) {
      const index = inside === '' ? NEXT_ITEM : Number(inside);
      steps.push(index);
      schema = itemOf(schema, typeof index === 'number' ? index : undefined, root);
      rest = rest.slice(bracket.length);
    } else if (rest.startsWith('.')) {
      rest = rest.slice(1);
      takeName(false);
    } else throw new UsageError(`Argument "${key}": write o.key=value, list[0]=value or list[]=value.`);
  }
  return { steps, schema, ...(warning !== undefined && { warning }) };
}

/** The name at the beginning of a text: the longest that the schema has, else all up to the next sign. */
function nameIn(text: string, schema: unknown, root: Schema, isFirst: boolean): { name: string } {
  const names = namesOf(schema, root);
  if (names.includes(text)) return { name: text };
  const beginnings = names
    .filter((name) => text.startsWith(name) && /^[.[]/.test(text.slice(name.length)))
    .filter((name) => hasParts(memberOf(schema, name, root).schema, root))
    .toSorted((a, b) => b.length - a.length);
  const [longest] = beginnings;
  if (longest !== undefined) return { name: longest };
  // An argument that the schema does not have is sent under the name as it was written.
  return { name: isFirst ? text : (/^[^.[]*/.exec(text)?.[0] ?? text) };
}

function hasParts(schema: unknown, root: Schema): boolean {
  const types = typesOf(schema, root);
  return types.size === 0 || types.has('object') || types.has('array');
}

/** Throws for a name that the schema refuses; returns a warning for one that it does not know. */
export function unknownName(name: string, before: string, schema: unknown, root: Schema): string | undefined {
  if (memberOf(schema, name, root).isNamed) return undefined;
  const known = namesOf(schema, root);
  const shown = printable(`${before}${name}`, 200);
  const near = suggestion(
    `${before}${name}`,
    known.map((each) => `${before}${each}`),
  );
  if (!memberOf(schema, name, root).isAllowed)
    throw new UsageError(`The tool has no argument "${shown}".${near}`);
  const isOpen = memberOf(schema, name, root).isOpen && !near.includes('Did you mean');
  return known.length === 0 || isOpen
    ? undefined
    : `The tool does not name an argument "${shown}"; it is sent all the same.${near}`;
}

/** Arguments that are put together from several words. */
export class ArgumentBuilder {
  readonly value: Record<string, unknown>;
  /** Items that `[]` began. */
  readonly #begun = new WeakSet<object>();

  constructor(base: Readonly<Record<string, unknown>>) {
    this.value = structuredClone(base);
  }

  set(key: string, { steps }: ArgumentPath, value: unknown): void {
    let at: object = this.value;
    for (const [index, step] of steps.entries()) {
      const rest = steps.slice(index + 1);
      const place = this.#placeOf(key, at, step, rest);
      if (rest.length === 0) {
        assign(at, place, value);
        return;
      }
      const inner: unknown = Object.hasOwn(at, place) ? Reflect.get(at, place) : undefined;
      const next = inner ?? (typeof rest[0] === 'string' ? {} : []);
      const isList = Array.isArray(next);
      if (typeof next !== 'object' || isList !== (typeof rest[0] !== 'string'))
        throw new UsageError(`Argument "${key}": what is there already has no such part.`);
      if (inner === undefined || inner === null) {
        assign(at, place, next);
        if (step === NEXT_ITEM) this.#begun.add(next);
      }
      at = next;
    }
  }

  #placeOf(key: string, at: object, step: Step, rest: readonly Step[]): string | number {
    if (typeof step === 'string') return step;
    const length = Array.isArray(at) ? at.length : 0;
    if (step === NEXT_ITEM) {
      const last: unknown = Array.isArray(at) ? at.at(-1) : undefined;
      const goesOn = typeof last === 'object' && last !== null && this.#begun.has(last) && rest.length > 0;
      return goesOn && !isSet(last, rest) ? length - 1 : length;
    }
    if (step > length)
      throw new UsageError(
        `Argument "${key}": there are ${length} items before it, so the next one is [${length}].`,
      );
    return step;
  }
}

/** Whether something is at the end of these steps already. */
function isSet(value: unknown, [step, ...rest]: readonly Step[]): boolean {
  if (step === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  if (step === NEXT_ITEM) return false;
  return Object.hasOwn(value, step) && isSet(Reflect.get(value, step), rest);
}

/** Never goes through a setter, such as that of `__proto__`. */
function assign(target: object, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
