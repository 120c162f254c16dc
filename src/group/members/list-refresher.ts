import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { CatalogKind } from '../catalog/catalog.ts';

/** How long to wait for more changes before lists are fetched, in milliseconds. */
const DEBOUNCE_MS = 20;

/** The longest pause between two fetches, for a server that changes its lists all the time, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * Decides when changed lists of one server are fetched: after a pause, one fetch at a time, and again if they changed
 * meanwhile. The pause doubles with each fetch that soon follows another, so that frequent changes cost little.
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

  /** Called with the lists that may have changed: they will be fetched. */
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
