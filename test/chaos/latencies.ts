/** How long calls took, in milliseconds. */
export class Latencies {
  readonly #all: number[] = [];

  add(ms: number): void {
    this.#all.push(ms);
  }

  get count(): number {
    return this.#all.length;
  }

  /** The longest of those after the first `count`. */
  slowestAfter(count: number): number {
    return Math.max(0, ...this.#all.slice(count));
  }

  /** `p50 3.1 ms, p99 12.0 ms (of 940)`. */
  describe(): string {
    const sorted = this.#all.toSorted((a, b) => a - b);
    const at = (share: number): string => {
      const ms = sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
      return ms === undefined ? '–' : `${ms.toFixed(1)} ms`;
    };
    return `p50 ${at(0.5)}, p99 ${at(0.99)} (of ${sorted.length})`;
  }
}
