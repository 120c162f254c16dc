import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { CatalogKind } from '../catalog/catalog.ts';

/** How long to wait for more changes before fetching, in milliseconds. */
const DEBOUNCE_MS = 20;

/** The longest pause between fetches that a server which changes its lists all the time can cause, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * Decides when changed lists of one server are fetched: after a pause, one fetch at a time, again when something
 * changed meanwhile. Each fetch that follows hard upon another doubles the pause, so that a storm of changes
 * costs little.
 */
export class ListRefresher {
  /** Fetches lists; returns the kinds that should be tried again. */
  readonly #fetch: (kinds: ReadonlySet<CatalogKind>) => Promise<Iterable<CatalogKind>>;
  #dirty = new Set<CatalogKind>();
  #stopTimer: StopTimer | undefined;
  #running = false;
  #stopped = false;
  #pauseMs = DEBOUNCE_MS;
  #lastEndedAt = -Infinity;

  constructor(fetch: (kinds: ReadonlySet<CatalogKind>) => Promise<Iterable<CatalogKind>>) {
    this.#fetch = fetch;
  }

  /** These lists may have changed. */
  mark(kinds: Iterable<CatalogKind>): void {
    for (const kind of kinds) this.#dirty.add(kind);
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#stopTimer?.();
  }

  #schedule(): void {
    if (this.#running || this.#stopped || this.#stopTimer !== undefined || this.#dirty.size === 0) return;
    const quietMs = performance.now() - this.#lastEndedAt;
    this.#pauseMs = quietMs > this.#pauseMs * 4 ? DEBOUNCE_MS : Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.#stopTimer = startTimer(this.#pauseMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#stopTimer = undefined;
    this.#running = true;
    const kinds = this.#dirty;
    this.#dirty = new Set();
    for (const kind of await this.#fetch(kinds)) this.#dirty.add(kind);
    this.#running = false;
    this.#lastEndedAt = performance.now();
    this.#schedule();
  }
}
