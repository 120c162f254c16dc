import { isSameData } from '../../internal/json/same-data.ts';
import type { CatalogKindDiff, CatalogOrigin } from './catalog.ts';
import { snapshotMap } from '../../internal/snapshot-map.ts';

/** Entries of one server by exposed name. */
export type Wanted<E> = ReadonlyMap<string, E>;

/**
 * All entries of one kind, by exposed name. A change takes time in proportion to the entries of the server that changed.
 * The snapshot is made when it is first read.
 */
export class KindIndex<E extends CatalogOrigin> {
  /** The entries of each name, in the order of arrival; the snapshot has the first. */
  readonly #owners = new Map<string, readonly E[]>();
  readonly #byServer = new Map<string, Wanted<E>>();
  /** Entries whose exposed name is not their upstream one, by the upstream one. */
  readonly #byUpstream = new Map<string, Set<E>>();
  /** All entries that are or were in the index. */
  readonly #seen = new WeakSet<E>();
  #snapshot: ReadonlyMap<string, E> | undefined;

  get(key: string): E | undefined {
    return this.#owners.get(key)?.[0];
  }

  /** All entries with this exposed or upstream name. */
  find(name: string): readonly E[] {
    const owners = this.#owners.get(name);
    const renamed = this.#byUpstream.get(name);
    if (renamed === undefined) return owners ?? [];
    return [...new Set([...(owners ?? []), ...renamed])];
  }

  /** Whether this object is an entry of this index, or was one. */
  hasSeen(entry: E): boolean {
    return this.#seen.has(entry);
  }

  /** The name of an entry that is in the index, with this definition or a newer one; undefined for one that has left. */
  keyOf(entry: E): string | undefined {
    let newer: string | undefined;
    for (const [key, each] of this.ofServer(entry.server)) {
      if (each === entry) return key;
      if (each.upstreamName === entry.upstreamName) newer ??= key;
    }
    return newer;
  }

  keys(): Iterable<string> {
    return this.#owners.keys();
  }

  ofServer(server: string): Wanted<E> {
    return this.#byServer.get(server) ?? new Map<string, E>();
  }

  *entries(): Iterable<E> {
    for (const owners of this.#owners.values()) yield* owners;
  }

  /** The first server other than `server` that has this name and meets `condition`. */
  ownerBeside(key: string, server: string, condition: (owner: string) => boolean): string | undefined {
    const owners = this.#owners.get(key);
    return owners?.find((entry) => entry.server !== server && condition(entry.server))?.server;
  }

  /** Replaces all entries of `server`. An entry that is equal to the old one keeps its object. */
  replace(server: string, wanted: Wanted<E>): CatalogKindDiff {
    const before = this.ofServer(server);
    const added: string[] = [];
    const removed: string[] = [];
    const changed: string[] = [];
    for (const [key, entry] of before) {
      if (wanted.has(key)) continue;
      removed.push(key);
      this.#remove(key, entry);
    }
    const after = new Map<string, E>();
    for (const [key, entry] of wanted) {
      const old = before.get(key);
      if (old !== undefined && isSame(old, entry)) {
        after.set(key, old);
        continue;
      }
      (old === undefined ? added : changed).push(key);
      after.set(key, entry);
      this.#put(key, entry, old);
    }
    if (after.size === 0) this.#byServer.delete(server);
    else this.#byServer.set(server, after);
    if (added.length + removed.length + changed.length > 0) this.#snapshot = undefined;
    return { added, removed, changed };
  }

  snapshot(): ReadonlyMap<string, E> {
    this.#snapshot ??= snapshotMap(this.#shown());
    return this.#snapshot;
  }

  *#shown(): Iterable<readonly [string, E]> {
    for (const [key, [first]] of this.#owners) if (first !== undefined) yield [key, first];
  }

  #put(key: string, entry: E, old: E | undefined): void {
    this.#seen.add(entry);
    const owners = this.#owners.get(key) ?? [];
    this.#owners.set(
      key,
      old === undefined ? [...owners, entry] : owners.map((each) => (each === old ? entry : each)),
    );
    if (old !== undefined) this.#forgetUpstream(key, old);
    if (entry.upstreamName === key) return;
    const renamed = this.#byUpstream.get(entry.upstreamName) ?? new Set<E>();
    this.#byUpstream.set(entry.upstreamName, renamed.add(entry));
  }

  #remove(key: string, entry: E): void {
    const left = (this.#owners.get(key) ?? []).filter((each) => each !== entry);
    if (left.length === 0) this.#owners.delete(key);
    else this.#owners.set(key, left);
    this.#forgetUpstream(key, entry);
  }

  #forgetUpstream(key: string, entry: E): void {
    if (entry.upstreamName === key) return;
    const renamed = this.#byUpstream.get(entry.upstreamName);
    renamed?.delete(entry);
    if (renamed?.size === 0) this.#byUpstream.delete(entry.upstreamName);
  }
}

/** Whether two definitions are equal; false when they are nested too deeply to compare. */
function isSame(a: object, b: object): boolean {
  try {
    return isSameData(a, b);
  } catch {
    return false;
  }
}
