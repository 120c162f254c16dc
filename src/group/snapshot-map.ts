/** A map that cannot change once it is made, also not by a reader that casts. */
export class SnapshotMap<K, V> extends Map<K, V> {
  #sealed = false;

  constructor(entries: Iterable<readonly [K, V]>) {
    super();
    for (const [key, value] of entries) super.set(key, value);
    this.#sealed = true;
  }

  override set(key: K, value: V): this {
    this.#refuse();
    return super.set(key, value);
  }

  override delete(key: K): boolean {
    this.#refuse();
    return super.delete(key);
  }

  override clear(): void {
    this.#refuse();
    super.clear();
  }

  #refuse(): void {
    if (this.#sealed) throw new TypeError('A snapshot does not change. Ask the group for a new one.');
  }
}
