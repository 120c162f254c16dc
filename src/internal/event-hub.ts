/** What a reader that fell too far behind gets in place of the events that were dropped. */
export interface OverflowEvent {
  readonly type: 'overflow';
  /** How many events were dropped since the last one delivered. */
  readonly dropped: number;
}

/** How many events wait for one slow reader before the oldest are dropped. */
const BACKLOG_LIMIT = 10_000;

/**
 * Sends events to synchronous listeners and to async iterators. What a listener throws is ignored. A slow iterator loses
 * its oldest events and gets an `overflow` event with their number.
 */
export class EventHub<E extends { readonly type: string }> {
  readonly #listeners = new Set<(event: E) => void>();
  readonly #readers = new Set<Reader<E>>();
  #ended = false;

  publish(event: E): void {
    if (this.#ended) return;
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // It must not keep the event from the other listeners.
      }
    }
    for (const reader of this.#readers) reader.push(event);
  }

  /** Calls `listener` on each event, in order, as it is published. Returns how to stop. */
  listen(listener: (event: E) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts collecting at once, not at the first `next()`, so that nothing in between is lost. */
  iterate(): AsyncIterableIterator<E | OverflowEvent> {
    const reader = new Reader<E>((self) => this.#readers.delete(self));
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  /** Ends every iterator after the events that it still has to deliver. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
    this.#listeners.clear();
  }
}

type Item<E> = IteratorResult<E | OverflowEvent, undefined>;

class Reader<E> implements AsyncIterableIterator<E | OverflowEvent> {
  readonly #onReturn: (self: Reader<E>) => void;
  readonly #waiting: ((item: Item<E>) => void)[] = [];
  #backlog: E[] = [];
  #dropped = 0;
  #ended = false;

  constructor(onReturn: (self: Reader<E>) => void) {
    this.#onReturn = onReturn;
  }

  push(event: E): void {
    const resolve = this.#waiting.shift();
    if (resolve !== undefined) return resolve({ value: event, done: false });
    this.#backlog.push(event);
    if (this.#backlog.length > BACKLOG_LIMIT) {
      // Half at a time: dropping one by one would cost a shift of the whole array for every event.
      this.#backlog = this.#backlog.slice(BACKLOG_LIMIT / 2);
      this.#dropped += BACKLOG_LIMIT / 2;
    }
  }

  end(): void {
    this.#ended = true;
    for (const resolve of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
  }

  async next(): Promise<Item<E>> {
    if (this.#dropped > 0) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      return { value: { type: 'overflow', dropped }, done: false };
    }
    const event = this.#backlog.shift();
    if (event !== undefined) return { value: event, done: false };
    if (this.#ended) return { value: undefined, done: true };
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async return(): Promise<Item<E>> {
    this.#backlog = [];
    this.#dropped = 0;
    this.end();
    this.#onReturn(this);
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
