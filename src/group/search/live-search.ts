import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Searchable } from './search-fields.ts';
import { createSearchIndex, type SearchIndex } from './search-index.ts';

/** Names a part of what is searched, and its present snapshot: the same object until it changes. */
export type ScopeSnapshot<E> = readonly [scope: string, snapshot: ReadonlyMap<string, E>];

/** Searches what changes: each search first indexes what became different since the last one. */
export class LiveSearch<E extends Searchable> {
  readonly #read: () => Iterable<ScopeSnapshot<E>>;
  #loading: Promise<SearchIndex<E>> | undefined;
  #preparing: Promise<void> | undefined;

  /** @param read Tells what there is to be found now. */
  constructor(read: () => Iterable<ScopeSnapshot<E>>) {
    this.#read = read;
  }

  /**
   * Indexes what is new, without keeping others waiting. Returns how to search; as that is in step with the present
   * by itself, it may be used in the same turn or any time later.
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

/** How long other work may be kept waiting, in milliseconds. */
const SLICE_MS = 8;

/** Takes steps to their end, and lets others have a turn in between when that takes long. */
async function inSlices(steps: Iterable<void>): Promise<void> {
  let endOfSlice = performance.now() + SLICE_MS;
  for (const _ of steps) {
    if (performance.now() < endOfSlice) continue;
    await nextTurn();
    endOfSlice = performance.now() + SLICE_MS;
  }
}

/** Takes steps to their end in this turn. */
function atOnce(steps: Iterable<void>): void {
  for (const _ of steps);
}
