function refuse(): never {
  throw new TypeError('A snapshot does not change. Ask for a new one.');
}

const SEAL: PropertyDescriptorMap = {
  set: { value: refuse },
  delete: { value: refuse },
  clear: { value: refuse },
};

/** A `Map` whose methods that change it throw, so that a program cannot change a snapshot even with a cast. */
export function snapshotMap<K, V>(entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  return Object.defineProperties(new Map(entries), SEAL);
}
