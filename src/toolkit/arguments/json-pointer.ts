import { isRecord } from '../../internal/checks.ts';

/** The JSON pointer (RFC 6901) of a property of the value at `parent`. */
export function pointerTo(parent: string, key: string): string {
  return `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at `pointer` in `data`; undefined when there is none. */
export function valueAt(data: unknown, pointer: string): unknown {
  return tokensOf(pointer).reduce(ownValue, data);
}

/** The subschema for a place in the data; undefined when several subschemas may apply. */
export function subschemaAt(schema: unknown, pointer: string): unknown {
  const step = (at: unknown, token: string): unknown => {
    if (!isRecord(at)) return undefined;
    const inner = ownValue(at['properties'], token) ?? ownValue(at['prefixItems'], token);
    const rest = /^\d+$/.test(token) ? at['items'] : undefined;
    return followRef(schema, inner ?? rest ?? at['additionalProperties']);
  };
  return tokensOf(pointer).reduce(step, followRef(schema, schema));
}

const MAX_HOPS = 10;

function followRef(root: unknown, schema: unknown): unknown {
  let at = schema;
  for (let hops = 0; isRecord(at) && typeof at['$ref'] === 'string'; hops++) {
    const ref = at['$ref'];
    if (hops === MAX_HOPS || !(ref === '#' || ref.startsWith('#/'))) return undefined;
    at = valueAt(root, ref.slice(1));
  }
  return at;
}

function ownValue(data: unknown, key: string): unknown {
  if (!isRecord(data) && !Array.isArray(data)) return undefined;
  return Object.hasOwn(data, key) ? Reflect.get(data, key) : undefined;
}
