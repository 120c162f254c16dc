/** Pieces that names are made of: legal ones, and what names should not hold. */
const PIECES = [
  'a',
  'b',
  'Z',
  '0',
  '-',
  '_',
  '__',
  '.',
  '/',
  ' ',
  ':',
  'ö',
  '日本',
  '🦊',
  '\u0007',
  '\u202e',
  'echo',
];

/** Random numbers that come the same every time (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to `below`, which is left out. */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  /** A name: mostly short and harmless, sometimes long, sometimes odd. */
  name(): string {
    const length = this.roll(5) === 0 ? 20 + this.roll(80) : 1 + this.roll(4);
    const harmless = this.roll(2) === 0;
    const pieces = harmless ? PIECES.slice(0, 7) : PIECES;
    return Array.from({ length }, () => pieces[this.roll(pieces.length)]).join('');
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, at: this.roll(1 << 30) }))
      .toSorted((one, two) => one.at - two.at)
      .map(({ item }) => item);
  }
}
