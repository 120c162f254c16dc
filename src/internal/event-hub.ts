import { estimatedSize } from './estimated-size.ts';

/** What a reader that fell too far behind gets in place of the events that were dropped. */
export interface OverflowEvent {
  readonly type: 'overflow';
  /** How many events were dropped since the last one delivered. */
  readonly dropped: number;
}

/** How far a reader of `events()` may fall behind before it loses the oldest events. */
export interface EventBacklog {
  /**
   * How many events may wait for one reader.
   * @default 10000
   */
  maxEvents?: number;
  /**
   * How many bytes the events that wait for one reader may have, by estimate; a text counts two bytes for each UTF-16 unit.
   * The newest event is kept, however large it is.
   * @default 67108864
   */
  maxBytes?: number;
}

const DEFAULT_BACKLOG: Required<EventBacklog> = { maxEvents: 10_000, maxBytes: 64 * 1024 * 1024 };

/**
 * Sends events to synchronous listeners and to async iterators. What a listener throws is ignored. A slow iterator loses
 * its oldest events and gets an `overflow` event with their number.
 */
export class EventHub<E extends { readonly type: string }> {
  readonly #backlog: Required<EventBacklog>;
  readonly #listeners = new Set<(event: E) => void>();
  readonly #readers = new Set<Reader<E>>();
  #ended = false;

  constructor(backlog: EventBacklog = DEFAULT_BACKLOG) {
    this.#backlog = { ...DEFAULT_BACKLOG, ...backlog };
  }

  publish(event: E): void {
    if (this.#ended) return;
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // It must not keep the event from the other listeners.
      }
    }
    // Measured once for all readers, and only if one of them does not wait for it.
    let bytes: number | undefined;
    for (const reader of this.#readers) {
      if (reader.take(event)) continue;
      bytes ??= estimatedSize(event);
      reader.keep(event, bytes);
    }
  }

  /** Calls `listener` on each event, in order, as it is published. Returns how to stop. */
  listen(listener: (event: E) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Calls a function of the program's on each event, without waiting for it. The first time that it throws or rejects,
   * `onFailure` is called; it is called with further events all the same.
   */
  call(onEvent: (event: E) => unknown, onFailure: (error: unknown, event: E) => void): void {
    let hasFailed = false;
    this.listen((event) => {
      const failed = (error: unknown): void => {
        if (hasFailed) return;
        hasFailed = true;
        // Later, so that what it publishes comes after this event.
        queueMicrotask(() => onFailure(error, event));
      };
      callQuietly(onEvent, event, failed);
    });
  }

  /** Starts collecting at once, not at the first `next()`, so that nothing in between is lost. */
  iterate(): AsyncIterableIterator<E | OverflowEvent> {
    const reader = new Reader<E>(this.#backlog, (self) => this.#readers.delete(self));
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

/** Calls a function at once; what it throws or rejects with goes to `onError`. */
function callQuietly<A>(
  callback: (argument: A) => unknown,
  argument: A,
  onError: (error: unknown) => void,
): void {
  const call = async (): Promise<void> => {
    try {
      await callback(argument);
    } catch (error) {
      onError(error);
    }
  };
  void call();
}

type Item<E> = IteratorResult<E | OverflowEvent, undefined>;

/** How many delivered events may stay at the front of a reader's backlog before they are cut off. */
const MOST_DELIVERED = 1_000;

class Reader<E> implements AsyncIterableIterator<E | OverflowEvent> {
  readonly #bounds: Required<EventBacklog>;
  readonly #onReturn: (self: Reader<E>) => void;
  readonly #waiting: ((item: Item<E>) => void)[] = [];
  #backlog: ({ readonly event: E; readonly bytes: number } | undefined)[] = [];
  /** Where the backlog begins: what stands before it is gone. */
  #first = 0;
  #bytes = 0;
  #dropped = 0;
  #ended = false;

  constructor(bounds: Required<EventBacklog>, onReturn: (self: Reader<E>) => void) {
    this.#bounds = bounds;
    this.#onReturn = onReturn;
  }

  /** Delivers an event if somebody waits for one. */
  take(event: E): boolean {
    const resolve = this.#waiting.shift();
    resolve?.({ value: event, done: false });
    return resolve !== undefined;
  }

  /** Keeps an event for later, and drops the oldest ones when that is too much. */
  keep(event: E, bytes: number): void {
    this.#backlog.push({ event, bytes });
    this.#bytes += bytes;
    const { maxEvents, maxBytes } = this.#bounds;
    // Half at a time, so that a reader that stays behind is told of each loss of many events once.
    const most = this.#count > maxEvents ? Math.max(Math.ceil(maxEvents / 2), 1) : Infinity;
    while (this.#count > 1 && (this.#count > most || this.#bytes > maxBytes)) {
      this.#shift();
      this.#dropped++;
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
    const kept = this.#shift();
    if (kept !== undefined) return { value: kept.event, done: false };
    if (this.#ended) return { value: undefined, done: true };
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async return(): Promise<Item<E>> {
    this.#backlog = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#dropped = 0;
    this.end();
    this.#onReturn(this);
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get #count(): number {
    return this.#backlog.length - this.#first;
  }

  #shift(): { readonly event: E; readonly bytes: number } | undefined {
    const kept = this.#backlog[this.#first];
    if (kept === undefined) return undefined;
    this.#backlog[this.#first++] = undefined;
    this.#bytes -= kept.bytes;
    if (this.#count === 0 || this.#first > Math.max(MOST_DELIVERED, this.#count)) {
      this.#backlog = this.#backlog.slice(this.#first);
      this.#first = 0;
    }
    return kept;
  }
}
