import type {
  CallToolRequestParams,
  CallToolResult,
  JSONRPCMessage,
  JSONRPCResponse,
  RequestId,
  RequestOptions,
} from '@modelcontextprotocol/client';
import { onAbort } from '../../internal/limit.ts';
import type { ServerReader } from '../../reading/server-reader.ts';
import { askedId } from '../../transport/json-rpc.ts';
import { official } from '../../transport/official.ts';
import { callResultOf } from './call-result.ts';

/** Far from the ids of the official client, which begin at 0, and small enough for servers with 32-bit numbers. */
const FIRST_ID = 1_000_000_000;

/** How many slots a table of pending calls has at first. */
const LEAST_SLOTS = 64;
/** How many slots an empty table may keep. */
const MOST_IDLE_SLOTS = 1_024;

/** Whether a request with this id is sent by {@link DirectCalls}. */
export function isDirect(id: RequestId): boolean {
  return typeof id === 'number' && id >= FIRST_ID;
}

/** How many blocks of content may be checked before they are mended: the check of an odd one takes long. */
const MOST_BLOCKS = 1_000;

interface Call {
  readonly id: number;
  readonly resolve: (result: CallToolResult) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
  readonly stopListening: (() => void) | undefined;
}

/**
 * Sends tool calls over the connection of an official client, without the client: most of the cost of a call is what the
 * client does for requests of any kind. A call fails with the same errors as through the client.
 *
 * For revisions up to 2025-11-25, and calls without progress and resumption.
 */
export class DirectCalls {
  readonly #send: (message: JSONRPCMessage) => Promise<void>;
  readonly #calls = new PendingTable<Call>(FIRST_ID);

  readonly #reader: ServerReader | undefined;

  constructor(send: (message: JSONRPCMessage) => Promise<void>, reader?: ServerReader) {
    this.#send = send;
    this.#reader = reader;
  }

  /** Whether calls with these options can be sent without the official client. */
  static supports({ onprogress, resumptionToken, onresumptiontoken }: RequestOptions): boolean {
    return onprogress === undefined && resumptionToken === undefined && onresumptiontoken === undefined;
  }

  /** Sends a call. Settles as `request` of the official client does. */
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

  /** Whether a call with this id has no answer yet. */
  has(id: RequestId): boolean {
    return this.#calls.has(Number(id));
  }

  /** Settles the call that this answers. Returns false when it answers none of these calls. */
  accept(answer: JSONRPCResponse): boolean {
    const id = answer.id === undefined ? undefined : askedId(answer.id);
    const call = typeof id === 'number' ? this.#take(id) : undefined;
    if (call === undefined) return false;
    if ('error' in answer) {
      const { code, message, data } = answer.error;
      call.reject(official.ProtocolError.fromError(code, message, data));
    } else {
      this.#settle(call, answer.result);
    }
    return true;
  }

  /** Fails all pending calls: the connection has ended. */
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
    // When it cannot be sent, the connection is ending, and its end is reported elsewhere.
    this.#send({ jsonrpc: '2.0', method: 'notifications/cancelled', params }).catch(() => {});
    call.reject(
      reason instanceof official.SdkError
        ? reason
        : new official.SdkError(official.SdkErrorCode.RequestTimeout, String(reason)),
    );
  }

  /** Checks a result as the official client does. It ignores `resultType`, which these revisions do not have. */
  #settle({ resolve, reject }: Call, result: Record<string, unknown>): void {
    const known = 'resultType' in result ? withoutType(result) : result;
    const { content } = known;
    const isLarge = Array.isArray(content) && content.length > MOST_BLOCKS;
    const early = isLarge ? this.#reader?.readToolResult(known) : undefined;
    if (early !== undefined) return resolve(early);
    const checked = callResultOf('legacy')['~standard'].validate(known);
    if (checked.issues === undefined) return resolve(checked.value);
    const mended = isLarge ? undefined : this.#reader?.readToolResult(known);
    if (mended !== undefined) return resolve(mended);
    const what = checked.issues.map(({ message }) => message).join(', ');
    reject(
      new official.SdkError(official.SdkErrorCode.InvalidResult, `Invalid result for tools/call: ${what}`),
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

function withoutType(result: Record<string, unknown>): Record<string, unknown> {
  const rest = { ...result };
  delete rest['resultType'];
  return rest;
}

/**
 * Pending entries by request id. Ids grow, and none is used twice.
 *
 * It uses an array because a `Map` with many insertions and deletions replaces its table again and again, and the old
 * tables keep entries alive past the first garbage collection: that would cost more than the rest of a call.
 */
export class PendingTable<T extends { readonly id: number }> {
  /** The entry with an id is at `id % length`. Empty until it is needed, as most sessions are idle. */
  #slots: (T | undefined)[] = [];
  #count = 0;
  #lastId: number;

  constructor(firstId: number) {
    this.#lastId = firstId - 1;
  }

  /** The id for the next entry. At least half of the slots are free, so a free one is found soon. */
  nextId(): number {
    if (this.#count * 2 >= this.#slots.length) this.#resize(Math.max(this.#slots.length * 2, LEAST_SLOTS));
    do this.#lastId++;
    while (this.#slots[this.#lastId % this.#slots.length] !== undefined);
    return this.#lastId;
  }

  /** Adds an entry with the id that `nextId` returned last. */
  add(entry: T): void {
    this.#slots[entry.id % this.#slots.length] = entry;
    this.#count++;
  }

  has(id: number): boolean {
    return this.#slots[id % this.#slots.length]?.id === id;
  }

  /** Removes the entry with this id and returns it. */
  take(id: number): T | undefined {
    const slot = id % this.#slots.length;
    const entry = this.#slots[slot];
    if (entry?.id !== id) return undefined;
    this.#slots[slot] = undefined;
    this.#count--;
    if (this.#count === 0 && this.#slots.length > MOST_IDLE_SLOTS) this.#resize(LEAST_SLOTS);
    return entry;
  }

  takeAll(): T[] {
    const entries = this.#slots.filter((entry) => entry !== undefined);
    this.#slots = [];
    this.#count = 0;
    return entries;
  }

  /** Entries of different slots get different slots in a table of twice the size. */
  #resize(length: number): void {
    const slots = emptySlots<T>(length);
    for (const entry of this.#slots) if (entry !== undefined) slots[entry.id % length] = entry;
    this.#slots = slots;
  }
}

function emptySlots<T>(length: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length }).fill(undefined);
}
