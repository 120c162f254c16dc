import { createDeferred, type Deferred } from '../../internal/deferred.ts';

/** Counts the calls under way, so that a close can wait for them. */
export class InFlight {
  readonly #listeners = new Set<() => void>();
  #count = 0;
  #idle: Deferred<void> | undefined;

  /** How many calls are under way. */
  get count(): number {
    return this.#count;
  }

  enter(): void {
    this.#count++;
  }

  leave(): void {
    if (--this.#count > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    this.#idle ??= createDeferred();
    await this.#idle.promise;
  }

  /** Calls `listener` whenever the last call under way has ended. Returns how to stop. */
  onIdle(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
