import { createHash } from 'node:crypto';
import { canonicalJson } from '../../internal/canonical-json.ts';

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/**
 * Equal for data that is equal, whatever the order of its keys. Functions and objects that are more than data are
 * told apart by identity. A hash, because the data may hold secrets.
 */
export function fingerprint(data: unknown): string {
  return createHash('sha256').update(canonicalJson(data, identify)).digest('base64url');
}

function identify(value: unknown): string {
  const isObject = typeof value === 'function' || (typeof value === 'object' && value !== null);
  return isObject ? `#${identityOf(value)}` : `<${typeof value}>`;
}

function identityOf(object: object): number {
  let identity = identities.get(object);
  if (identity === undefined) {
    identity = ++lastIdentity;
    identities.set(object, identity);
  }
  return identity;
}
