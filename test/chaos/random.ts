import { createHash } from 'node:crypto';

/** A seeded source of chance: the same seed gives the same choices. */
export class Random {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: number | string) {
    this.#seed = String(seed);
  }

  /** From 0 to 1, without 1. */
  next(): number {
    return this.#draw().readUInt32BE() / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from');
    return item;
  }

  /** Another source, so that what one part draws does not depend on how often another did. */
  fork(): Random {
    return new Random(this.#draw().toString('hex'));
  }

  #draw(): Buffer {
    return createHash('sha256').update(`${this.#seed} ${this.#drawn++}`).digest();
  }
}
