import type {
  CallToolRequestParams,
  CallToolResult,
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCRequest,
  JSONRPCResponse,
  RequestId,
  RequestOptions,
  TransportSendOptions,
} from '@modelcontextprotocol/client';
import { onAbort } from '../../internal/limit.ts';
import type { ServerReader } from '../../reading/server-reader.ts';
import { askedId, isAnswer } from '../../transport/json-rpc.ts';
import { official } from '../../transport/official.ts';
import type { CallOptions } from '../call-options.ts';
import { callResultOf, usualResultIn } from './call-result.ts';

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

/** The request that a call belongs to. */
export interface DirectCaller {
  /** Takes a result that the protocol allows; the call resolves with what it returns, or rejects with what it throws. */
  check(result: CallToolResult): CallToolResult;
}

/** What a request resolves with that has an answer which only the official client can judge. */
export class Unfinished<T> {
  /** Has the official client judge it. Settles as if that had sent the request. */
  readonly finish: (options: RequestOptions) => Promise<T>;

  constructor(finish: (options: RequestOptions) => Promise<T>) {
    this.finish = finish;
  }
}

/** How calls of a connection reach its server. */
export interface CallWire {
  send(call: JSONRPCRequest, options?: TransportSendOptions): Promise<void>;
  /** What a call is rejected with that could not be sent. */
  explain(call: JSONRPCRequest, error: unknown): unknown;
  notify(notification: JSONRPCMessage): Promise<void>;
}

/** What calls of 2026-07-28 need in addition. */
export interface ModernWire {
  /** The members that the official client adds to `_meta` of each request. */
  readonly envelope: Readonly<Record<string, unknown>>;
  /** Ends the HTTP exchange of a call. Undefined where the server is told by a notification. */
  readonly abandon: ((id: RequestId) => void) | undefined;
  /** Has the official client make a call that has this answer already: it sends nothing. */
  readonly finish: (
    answer: JSONRPCResponse,
    params: CallToolRequestParams,
    options: RequestOptions,
  ) => Promise<CallToolResult>;
}

export type DirectResult = CallToolResult | Unfinished<CallToolResult>;

interface Call {
  readonly id: number;
  readonly resolve: (result: DirectResult) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
  readonly stopListening: (() => void) | undefined;
  readonly caller: DirectCaller;
  readonly params: CallToolRequestParams;
}

/**
 * Sends tool calls over the connection of an official client, without the client: most of the cost of a call is what the
 * client does for requests of any kind. A call fails with the same errors as through the client.
 *
 * For calls without progress and resumption. Of 2026-07-28 it knows the usual results; any other answer goes to the
 * official client, as if that had sent the call.
 */
export class DirectCalls {
  readonly #wire: CallWire;
  readonly #calls = new PendingTable<Call>(FIRST_ID);
  readonly #reader: ServerReader | undefined;
  #modern: ModernWire | undefined;

  constructor(wire: CallWire, reader?: ServerReader) {
    this.#wire = wire;
    this.#reader = reader;
  }

  /** Whether calls with these options can be sent without the official client. */
  static supports({
    onProgress,
    resetTimeoutOnProgress,
    resumptionToken,
    onResumptionToken,
  }: CallOptions): boolean {
    return (
      onProgress === undefined &&
      resetTimeoutOnProgress !== true &&
      resumptionToken === undefined &&
      onResumptionToken === undefined
    );
  }

  /** From now on all calls are of 2026-07-28. */
  useModern(wire: ModernWire): void {
    this.#modern = wire;
  }

  /** Sends a call. Settles as `request` of the official client does, or resolves with what that has to finish. */
  call(
    params: CallToolRequestParams,
    { timeout, signal, relatedRequestId }: RequestOptions,
    caller: DirectCaller,
  ): Promise<DirectResult> {
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
      this.#calls.add({ id, resolve, reject, timer, stopListening, caller, params });
      const envelope = this.#modern?.envelope;
      const sent = envelope === undefined ? params : { ...params, _meta: { ...envelope, ...params._meta } };
      const call: JSONRPCRequest = { jsonrpc: '2.0', id, method: 'tools/call', params: sent };
      this.#wire
        .send(call, relatedRequestId === undefined ? undefined : { relatedRequestId })
        .catch((error: unknown) => this.#take(id)?.reject(this.#wire.explain(call, error)));
    });
  }

  /** Whether a call with this id has no answer yet. */
  has(id: RequestId): boolean {
    return this.#calls.has(Number(id));
  }

  /** Whether the answer to such a call is to come as the server sent it, and not mended. */
  get takesAsSent(): boolean {
    return this.#modern !== undefined;
  }

  /** Settles the call that this answers. Returns false when it answers none of these calls. */
  accept(answer: JSONRPCResponse): boolean {
    const id = answer.id === undefined ? undefined : askedId(answer.id);
    const call = typeof id === 'number' ? this.#take(id) : undefined;
    if (call === undefined) return false;
    if (this.#modern !== undefined) settleModern(call, answer, this.#modern);
    else if ('error' in answer) fail(call, answer);
    else this.#settle(call, answer.result);
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
    this.#tellCancelled(id, String(reason));
    call.reject(
      reason instanceof official.SdkError
        ? reason
        : new official.SdkError(official.SdkErrorCode.RequestTimeout, String(reason)),
    );
  }

  #tellCancelled(id: number, reason: string): void {
    if (this.#modern?.abandon !== undefined) return this.#modern.abandon(id);
    const params = {
      requestId: id,
      reason,
      ...(this.#modern !== undefined && { _meta: { ...this.#modern.envelope } }),
    };
    // When it cannot be sent, the connection is ending, and its end is reported elsewhere.
    this.#wire.notify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }).catch(() => {});
  }

  /**
   * Checks a result of an older revision as the official client does. It ignores `resultType`, which these revisions do
   * not have.
   */
  #settle(call: Call, result: Record<string, unknown>): void {
    const known = 'resultType' in result ? withoutType(result) : result;
    const { content } = known;
    const isLarge = Array.isArray(content) && content.length > MOST_BLOCKS;
    const early = isLarge ? this.#reader?.readToolResult(known) : undefined;
    if (early !== undefined) return succeed(call, early);
    const checked = callResultOf('legacy')['~standard'].validate(known);
    if (checked.issues === undefined) return succeed(call, checked.value);
    const mended = isLarge ? undefined : this.#reader?.readToolResult(known);
    if (mended !== undefined) return succeed(call, mended);
    const what = checked.issues.map(({ message }) => message).join(', ');
    call.reject(
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

function succeed({ caller, resolve, reject }: Call, result: CallToolResult): void {
  let checked: CallToolResult;
  try {
    checked = caller.check(result);
  } catch (error) {
    return reject(error);
  }
  resolve(checked);
}

function fail({ reject }: Call, { error: { code, message, data } }: JSONRPCErrorResponse): void {
  reject(official.ProtocolError.fromError(code, message, data));
}

/** Settles a call of 2026-07-28. The answer is as the server sent it, and may be no valid one. */
function settleModern(call: Call, answer: JSONRPCResponse, { finish }: ModernWire): void {
  const { caller, params } = call;
  if (isAnswer(answer)) {
    if ('error' in answer) return fail(call, answer);
    const result = usualResultIn(answer.result);
    if (result !== undefined) return succeed(call, result);
  }
  const judge = async (options: RequestOptions): Promise<CallToolResult> =>
    caller.check(await finish(answer, params, options));
  call.resolve(new Unfinished(judge));
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
