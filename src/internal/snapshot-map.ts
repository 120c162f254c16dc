function refuse(): never {
  throw new TypeError('A snapshot does not change. Ask for a new one.');
}

const SEAL: PropertyDescriptorMap = {
  set: { value: refuse },
  delete: { value: refuse },
  clear: { value: refuse },
};

/** A map that does not change once it is made, also not by a reader that casts; a plain `Map` to everything else. */
export function snapshotMap<K, V>(entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  return Object.defineProperties(new Map(entries), SEAL);
}
