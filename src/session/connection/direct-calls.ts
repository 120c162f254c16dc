import type {
  CallToolRequestParams,
  CallToolResult,
  JSONRPCMessage,
  JSONRPCResponse,
  RequestOptions,
} from '@modelcontextprotocol/client';
import { onAbort } from '../../internal/limit.ts';
import { official } from '../../transport/official.ts';
import { callResultOf } from './call-result.ts';

/** Far from the official client's numbers, which begin at 0, and small enough for any server. */
const FIRST_ID = 1_000_000_000;

/** How many places a table of pending calls has at first. */
const LEAST_PLACES = 64;
/** How many places an empty table may keep. */
const MOST_IDLE_PLACES = 1_024;

interface Call {
  readonly id: number;
  readonly resolve: (result: CallToolResult) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
  readonly stopListening: (() => void) | undefined;
}

/**
 * Tool calls of the usual kind, past the official client and beside it, on the same connection: for most of what
 * a call costs is what that does for requests of every kind. They fail with its errors, so that nobody can tell.
 *
 * For connections of the revisions up to 2025-11-25, and calls that want no progress and no resumption.
 */
export class DirectCalls {
  readonly #send: (message: JSONRPCMessage) => Promise<void>;
  readonly #calls = new PendingTable<Call>(FIRST_ID);

  constructor(send: (message: JSONRPCMessage) => Promise<void>) {
    this.#send = send;
  }

  /** Whether a call wants nothing that only the official client does. */
  static suffices({ onprogress, resumptionToken, onresumptiontoken }: RequestOptions): boolean {
    return onprogress === undefined && resumptionToken === undefined && onresumptiontoken === undefined;
  }

  /** Settles as the official client's `request` does. */
  call(params: CallToolRequestParams, { timeout, signal }: RequestOptions): Promise<CallToolResult> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const id = this.#calls.nextId();
      const timer = setTimeout(() => {
        this.#cancel(
          id,
          new official.SdkError(official.SdkErrorCode.RequestTimeout, 'Request timed out', { timeout }),
        );
      }, timeout);
      const stopListening =
        signal === undefined ? undefined : onAbort(signal, () => this.#cancel(id, signal.reason));
      this.#calls.add({ id, resolve, reject, timer, stopListening });
      this.#send({ jsonrpc: '2.0', id, method: 'tools/call', params }).catch((error: unknown) =>
        this.#take(id)?.reject(error),
      );
    });
  }

  /** Takes an answer, if it is to one of these calls. */
  accept(answer: JSONRPCResponse): boolean {
    // Some servers give numbers back as texts.
    const call = this.#take(Number(answer.id));
    if (call === undefined) return false;
    if ('error' in answer) {
      const { code, message, data } = answer.error;
      call.reject(official.ProtocolError.fromError(code, message, data));
    } else {
      settle(call, answer.result);
    }
    return true;
  }

  /** The connection has ended. */
  end(): void {
    for (const call of this.#calls.takeAll()) {
      release(call);
      call.reject(new official.SdkError(official.SdkErrorCode.ConnectionClosed, 'Connection closed'));
    }
  }

  #cancel(id: number, reason: unknown): void {
    const call = this.#take(id);
    if (call === undefined) return;
    const params = { requestId: id, reason: String(reason) };
    // If it cannot be sent, the connection is about to end, and says so itself.
    this.#send({ jsonrpc: '2.0', method: 'notifications/cancelled', params }).catch(() => {});
    call.reject(
      reason instanceof official.SdkError
        ? reason
        : new official.SdkError(official.SdkErrorCode.RequestTimeout, String(reason)),
    );
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.take(id);
    if (call !== undefined) release(call);
    return call;
  }
}

function release({ timer, stopListening }: Call): void {
  clearTimeout(timer);
  stopListening?.();
}

/** Takes a result as the official client does in these revisions, to which `resultType` is a foreign word. */
function settle({ resolve, reject }: Call, result: Record<string, unknown>): void {
  const known = 'resultType' in result ? withoutType(result) : result;
  const checked = callResultOf('legacy')['~standard'].validate(known);
  if (checked.issues === undefined) return resolve(checked.value);
  const what = checked.issues.map(({ message }) => message).join(', ');
  reject(
    new official.SdkError(official.SdkErrorCode.InvalidResult, `Invalid result for tools/call: ${what}`),
  );
}

function withoutType(result: Record<string, unknown>): Record<string, unknown> {
  const rest = { ...result };
  delete rest['resultType'];
  return rest;
}

/**
 * What waits for an answer, by the id that the answer will have. Ids grow, and none is given twice.
 *
 * It uses an array and no map: a map that many calls pass through leaves old tables behind, and what those refer to
 * outlives its first garbage collection; that costs more than all the rest of a call.
 */
export class PendingTable<T extends { readonly id: number }> {
  /** Empty until it is needed, as most sessions are idle. */
  #places: (T | undefined)[] = [];
  #count = 0;
  #lastId: number;

  constructor(firstId: number) {
    this.#lastId = firstId - 1;
  }

  /** The id of the next entry. At least half of the places are free, so one is found soon. */
  nextId(): number {
    if (this.#count * 2 >= this.#places.length) this.#resize(Math.max(this.#places.length * 2, LEAST_PLACES));
    do this.#lastId++;
    while (this.#places[this.#lastId % this.#places.length] !== undefined);
    return this.#lastId;
  }

  /** Adds an entry with the id that `nextId` returned last. */
  add(entry: T): void {
    this.#places[entry.id % this.#places.length] = entry;
    this.#count++;
  }

  /** Removes the entry with this id and returns it. */
  take(id: number): T | undefined {
    const place = id % this.#places.length;
    const entry = this.#places[place];
    if (entry?.id !== id) return undefined;
    this.#places[place] = undefined;
    this.#count--;
    if (this.#count === 0 && this.#places.length > MOST_IDLE_PLACES) this.#resize(LEAST_PLACES);
    return entry;
  }

  takeAll(): T[] {
    const entries = this.#places.filter((entry) => entry !== undefined);
    this.#places = [];
    this.#count = 0;
    return entries;
  }

  /** Entries in different places have different places in a table of twice the size, too. */
  #resize(length: number): void {
    const places = emptyPlaces<T>(length);
    for (const entry of this.#places) if (entry !== undefined) places[entry.id % length] = entry;
    this.#places = places;
  }
}

function emptyPlaces<T>(length: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length }).fill(undefined);
}
