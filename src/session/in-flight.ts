import { createDeferred, type Deferred } from '../internal/deferred.ts';

/** Counts the calls under way, so that a close can wait for them. */
export class InFlight {
  #count = 0;
  #idle: Deferred<void> | undefined;

  enter(): void {
    this.#count++;
  }

  leave(): void {
    if (--this.#count > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    this.#idle ??= createDeferred();
    await this.#idle.promise;
  }
}
