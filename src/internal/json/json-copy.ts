/** Deeper data takes the way through text, which has a limit of its own. */
const MAX_DEPTH = 500;

/** Stands for a value that only `JSON.stringify` knows what to do with. */
const UNUSUAL = Symbol('unusual');

/**
 * What is left of a value that is written as JSON and read again: without what JSON leaves out, with null for `NaN`, with
 * what `toJSON` returns. Plain data is copied without being written, which takes a fraction of the time. Throws what
 * `JSON.stringify` throws, such as a `TypeError` for a bigint or a circle.
 */
export function jsonCopy<T extends object>(value: T): T {
  const copy = copyOf(value, 0);
  return (copy === UNUSUAL ? JSON.parse(JSON.stringify(value)) : copy) as T;
}

/** A value as JSON; undefined when JSON cannot hold it, as when it is nested too deeply. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Undefined for what JSON leaves out. */
function copyOf(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      // JSON has no -0.
      return Number.isFinite(value) ? value + 0 : null;
    case 'object':
      if (value === null) return null;
      if (depth === MAX_DEPTH) return UNUSUAL;
      return Array.isArray(value) ? copyOfArray(value, depth + 1) : copyOfObject(value, depth + 1);
    case 'bigint':
      return UNUSUAL;
    default:
      return undefined;
  }
}

function copyOfArray(list: readonly unknown[], depth: number): unknown {
  if ('toJSON' in list) return UNUSUAL;
  const copy: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    const item = copyOf(list[index], depth);
    if (item === UNUSUAL) return UNUSUAL;
    copy.push(item ?? null);
  }
  return copy;
}

function copyOfObject(source: object, depth: number): unknown {
  if (Object.getPrototypeOf(source) !== Object.prototype || 'toJSON' in source) return UNUSUAL;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(source)) {
    // By assignment, it would become the prototype of the copy.
    if (key === '__proto__') return UNUSUAL;
    const member = copyOf(Reflect.get(source, key), depth);
    if (member === UNUSUAL) return UNUSUAL;
    if (member !== undefined) copy[key] = member;
  }
  return copy;
}
