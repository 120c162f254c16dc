/** How many parts of a value are looked at: a value that is not JSON may lead back to itself. */
const MOST_PARTS = 4_000_000;
/** What an object counts whose content is not looked at. */
const OPAQUE_BYTES = 1_000;
/** What any value counts, with its place in the object that has it. */
const PART_BYTES = 16;

/**
 * About how many bytes a value takes in memory. It looks at each part once, makes no copy and no text, and calls nothing of
 * the value's own.
 */
export function estimatedSize(value: unknown): number {
  let bytes = 0;
  let parts = 0;
  const left: unknown[] = [value];
  while (left.length > 0 && parts++ < MOST_PARTS) {
    const part = left.pop();
    bytes += PART_BYTES;
    if (typeof part === 'string') bytes += 2 * part.length;
    else if (typeof part === 'object' && part !== null) bytes += sizeOfObject(part, left);
  }
  return bytes;
}

/** The size of an object without its parts, which are added to `left`. */
function sizeOfObject(object: object, left: unknown[]): number {
  if (Array.isArray(object)) {
    for (const part of object as unknown[]) left.push(part);
    return 0;
  }
  if (object instanceof Error) {
    left.push(partOf(object, 'message'), partOf(object, 'data'), partOf(object, 'rpcMessage'));
    return OPAQUE_BYTES;
  }
  if (ArrayBuffer.isView(object)) return object.byteLength;
  if (object instanceof Map || object instanceof Set) {
    for (const part of object) left.push(part);
    return 0;
  }
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return OPAQUE_BYTES;
  let bytes = 0;
  for (const key of Object.keys(object)) {
    bytes += 2 * key.length;
    left.push(partOf(object, key));
  }
  return bytes;
}

function partOf(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}
