/** Random numbers that come the same every time for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to 1, without 1. */
  next(): number {
    return this.#draw() / 2 ** 32;
  }

  /** A whole number from 0 to `limit`, without `limit`. */
  below(limit: number): number {
    return this.#draw() % limit;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from');
    return item;
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, at: this.below(1 << 30) }))
      .toSorted((one, two) => one.at - two.at)
      .map(({ item }) => item);
  }

  /** Another source, so that what one part draws does not depend on how often another did. */
  fork(): Random {
    return new Random(this.#draw());
  }

  /** A whole number of 32 bits. */
  #draw(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
