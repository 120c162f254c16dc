const KEPT = 40;

/** Invariants that did not hold. */
export class Violations {
  readonly #found: string[] = [];
  #count = 0;

  add(invariant: string, details: string): void {
    this.#count++;
    if (this.#found.length < KEPT) this.#found.push(`${invariant}: ${details}`);
  }

  get all(): readonly string[] {
    const more = this.#count - this.#found.length;
    return more === 0 ? this.#found : [...this.#found, `… and ${more} more`];
  }
}
