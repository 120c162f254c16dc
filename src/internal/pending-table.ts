const LEAST_PLACES = 64;
/** What an empty table may keep. */
const MOST_IDLE_PLACES = 1_024;

/**
 * What waits for an answer, by the number that the answer will bear. Numbers grow, and none is given twice.
 *
 * Places in an array, and no map: a map through which everything passes leaves dead tables behind, which keep what
 * passed from being collected young; that costs more than all the rest of a call.
 */
export class PendingTable<T extends { readonly id: number }> {
  /** None until they are needed: most sessions are idle. */
  #places: (T | undefined)[] = [];
  #count = 0;
  #lastId: number;

  constructor(firstId: number) {
    this.#lastId = firstId - 1;
  }

  /** A number for what is to be kept next. Half of the places are free, so one is soon found. */
  nextId(): number {
    if (this.#count * 2 >= this.#places.length) this.#resize(Math.max(this.#places.length * 2, LEAST_PLACES));
    do this.#lastId++;
    while (this.#places[this.#lastId % this.#places.length] !== undefined);
    return this.#lastId;
  }

  /** Keeps an entry with a number of `nextId`, before another is asked for. */
  add(entry: T): void {
    this.#places[entry.id % this.#places.length] = entry;
    this.#count++;
  }

  /** Returns the entry with this number, and forgets it. */
  take(id: number): T | undefined {
    const place = id % this.#places.length;
    const entry = this.#places[place];
    if (entry?.id !== id) return undefined;
    this.#places[place] = undefined;
    this.#count--;
    if (this.#count === 0 && this.#places.length > MOST_IDLE_PLACES) this.#resize(LEAST_PLACES);
    return entry;
  }

  takeAll(): T[] {
    const entries = this.#places.filter((entry) => entry !== undefined);
    this.#places = [];
    this.#count = 0;
    return entries;
  }

  /** Entries in different places stay so when the places are doubled. */
  #resize(length: number): void {
    const places = emptyPlaces<T>(length);
    for (const entry of this.#places) if (entry !== undefined) places[entry.id % length] = entry;
    this.#places = places;
  }
}

function emptyPlaces<T>(length: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length }).fill(undefined);
}
