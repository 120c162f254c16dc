import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Searchable } from './search-fields.ts';
import { createSearchIndex, type SearchIndex } from './search-index.ts';

/** The name of a part of the searched entries, such as a server, and its snapshot: the same object until it changes. */
export type ScopeSnapshot<E> = readonly [scope: string, snapshot: ReadonlyMap<string, E>];

/** Searches entries that change: each search first indexes what has changed since the last one. */
export class LiveSearch<E extends Searchable> {
  readonly #read: () => Iterable<ScopeSnapshot<E>>;
  #loading: Promise<SearchIndex<E>> | undefined;
  #preparing: Promise<void> | undefined;

  /** @param read Returns the present snapshots of all scopes. */
  constructor(read: () => Iterable<ScopeSnapshot<E>>) {
    this.#read = read;
  }

  /**
   * Indexes what has changed, in slices, so that it does not block the event loop. Returns the function that searches; it
   * first indexes what has changed since.
   */
  async prepare(): Promise<SearchIndex<E>['search']> {
    this.#loading ??= createSearchIndex<E>();
    const index = await this.#loading;
    this.#preparing ??= inSlices(this.#changes(index)).finally(() => (this.#preparing = undefined));
    await this.#preparing;
    return (query, limit, accepts) => {
      atOnce(this.#changes(index));
      return index.search(query, limit, accepts);
    };
  }

  *#changes(index: SearchIndex<E>): Generator<void> {
    const gone = new Set(index.scopes);
    for (const [scope, snapshot] of this.#read()) {
      gone.delete(scope);
      yield* index.update(scope, snapshot);
    }
    for (const scope of gone) yield* index.update(scope, new Map());
  }
}

/** How long indexing may block the event loop at a time, in milliseconds. */
const SLICE_MS = 8;

/** Runs all steps; after each slice of time, lets the event loop do other work. */
async function inSlices(steps: Iterable<void>): Promise<void> {
  let endOfSlice = performance.now() + SLICE_MS;
  for (const _ of steps) {
    if (performance.now() < endOfSlice) continue;
    await nextTurn();
    endOfSlice = performance.now() + SLICE_MS;
  }
}

/** Runs all steps without a pause. */
function atOnce(steps: Iterable<void>): void {
  for (const _ of steps);
}
