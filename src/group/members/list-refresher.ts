import { Backoff, type BackoffPolicy } from '../../internal/backoff.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { CatalogKind } from '../catalog/catalog.ts';

/** How long to wait for more changes before lists are fetched, in milliseconds. */
const DEBOUNCE_MS = 20;

/** The longest pause between two fetches, for a server that changes its lists all the time, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000;

/** How long to wait before a list that failed is fetched again, in milliseconds. */
const RETRY: BackoffPolicy = { delayMs: 1_000, maxDelayMs: 60_000 };

/**
 * Decides when changed lists of one server are fetched: after a pause, one fetch at a time, and again if they changed
 * meanwhile. The pause doubles with each fetch that soon follows another, so that frequent changes cost little. Lists that
 * failed are fetched again with backoff, until they come or are refused for good.
 */
export class ListRefresher {
  /** Fetches lists, and calls `report` with the outcome. */
  readonly #fetch: (kinds: ReadonlySet<CatalogKind>) => Promise<void>;
  #dirty = new Set<CatalogKind>();
  #stopTimer: StopTimer | undefined;
  #running = false;
  #stopped = false;
  #pauseMs = DEBOUNCE_MS;
  #lastEndedAt = -Infinity;
  readonly #backoff = new Backoff(RETRY);
  /** Lists that failed and may come later. */
  readonly #failed = new Set<CatalogKind>();
  #stopRetry: StopTimer | undefined;

  constructor(fetch: (kinds: ReadonlySet<CatalogKind>) => Promise<void>) {
    this.#fetch = fetch;
  }

  /** Called with the lists that may have changed: they will be fetched. */
  mark(kinds: Iterable<CatalogKind>): void {
    for (const kind of kinds) this.#dirty.add(kind);
    this.#schedule();
  }

  /**
   * Takes the outcome of a fetch: `done` came or will not come, `failed` are to be fetched again, after `askedMs` if the server
   * asks for such a wait.
   */
  report(done: Iterable<CatalogKind>, failed: Iterable<CatalogKind>, askedMs: number): void {
    for (const kind of done) this.#failed.delete(kind);
    for (const kind of failed) this.#failed.add(kind);
    if (this.#failed.size === 0) {
      this.#backoff.reset();
      this.#stopRetry?.();
      this.#stopRetry = undefined;
    } else if (!this.#stopped) {
      this.#stopRetry ??= startTimer(this.#backoff.next(askedMs), () => {
        this.#stopRetry = undefined;
        this.mark(this.#failed);
      });
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#stopTimer?.();
    this.#stopRetry?.();
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
    await this.#fetch(kinds);
    this.#running = false;
    this.#lastEndedAt = performance.now();
    this.#schedule();
  }
}
