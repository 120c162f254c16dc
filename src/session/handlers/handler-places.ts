import { serverRequestsRefused } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { INTERNAL_ERROR } from '../../internal/json/rpc-codes.ts';
import { onAbort } from '../../internal/limit.ts';

/** How many requests of one kind a server may have open. */
export interface ServerRequestOptions {
  /**
   * How many requests of one kind the handlers answer at a time.
   * @default 10
   */
  concurrency?: number;
  /**
   * How many further requests of one kind wait for their turn; one more is answered with an error at once.
   * @default 100
   */
  maxWaiting?: number;
}

/** The error for a request that is refused before its handler is called. */
export class RefusedRequest extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** How many handlers may still run after their requests were cancelled. Beyond that, a cancelled one keeps its place. */
const MOST_ABANDONED = 100;

export function tooManyRequests(): RefusedRequest {
  return new RefusedRequest(INTERNAL_ERROR, 'The client has too many requests to answer. Try again later.');
}

/** Continues a sentence that begins with the server's name. */
export function tooMany(kind: string): string {
  return `sends too many requests at a time (${kind}); further ones are refused`;
}

/** The places of a session's handlers, by the method of the request; they outlive connections, as handlers do. */
export class HandlerPlaces {
  readonly bounds: Required<ServerRequestOptions>;
  readonly #server: string;
  readonly #report: (error: PlenumError) => void;
  readonly #kinds = new Map<string, Places>();
  readonly #reported = new Set<string>();

  constructor(server: string, bounds: Required<ServerRequestOptions>, report: (error: PlenumError) => void) {
    this.bounds = bounds;
    this.#server = server;
    this.#report = report;
  }

  of(method: string): Places {
    const known = this.#kinds.get(method);
    if (known !== undefined) return known;
    const places = new Places(this.bounds, () => this.refused(method, tooMany(method)));
    this.#kinds.set(method, places);
    return places;
  }

  /** Reports that requests are refused: once for each kind. `what` continues a sentence that begins with the server's name. */
  refused(kind: string, what: string): void {
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    this.#report(serverRequestsRefused(this.#server, what));
  }
}

/** The places for requests of one kind. */
class Places {
  readonly #bounds: Required<ServerRequestOptions>;
  readonly #onFull: () => void;
  readonly #turns = new Set<() => void>();
  #running = 0;
  #abandoned = 0;

  constructor(bounds: Required<ServerRequestOptions>, onFull: () => void) {
    this.#bounds = bounds;
    this.#onFull = onFull;
  }

  /**
   * Runs `work` when it has its turn. Rejects when no place is free or `signal` aborts. A handler that goes on after that
   * no longer counts.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    if (signal.aborted) {
      this.#leave();
      throw signal.reason;
    }
    const aborted = createDeferred<never>();
    let isIn = true;
    const leave = (): void => {
      if (isIn) this.#leave();
      isIn = false;
    };
    const stop = onAbort(signal, () => {
      aborted.reject(signal.reason);
      if (this.#abandoned >= MOST_ABANDONED) return;
      this.#abandoned++;
      leave();
    });
    const running = work().finally(() => {
      stop();
      if (isIn) leave();
      else this.#abandoned--;
    });
    return Promise.race([running, aborted.promise]);
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.#bounds.concurrency) {
      this.#running++;
      return;
    }
    if (this.#turns.size >= this.#bounds.maxWaiting) {
      this.#onFull();
      throw tooManyRequests();
    }
    const turn = createDeferred<void>();
    this.#turns.add(turn.resolve);
    const stop = onAbort(signal, () => {
      if (this.#turns.delete(turn.resolve)) turn.reject(signal.reason);
    });
    try {
      await turn.promise;
    } finally {
      stop();
    }
  }

  /** Gives the place to the next one that waits. */
  #leave(): void {
    const [next] = this.#turns;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#turns.delete(next);
    next();
  }
}
