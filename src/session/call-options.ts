import type { Progress } from '@modelcontextprotocol/client';

/** Options of one request. */
export interface CallOptions {
  /**
   * How long the answer may take, in milliseconds, or `Infinity`; then the call rejects with `TIMEOUT`. The time that a
   * call waits for a connection counts.
   * @default the session's `timeoutMs`
   */
  timeoutMs?: number | undefined;
  /**
   * How long the call may take in all, in milliseconds, also when progress restarts `timeoutMs`; then it rejects with
   * `TIMEOUT`.
   * @default Infinity
   */
  maxTotalTimeoutMs?: number | undefined;
  /**
   * Whether a progress notification restarts `timeoutMs`.
   * @default false
   */
  resetTimeoutOnProgress?: boolean | undefined;
  /** Cancels the request: the server is told, and the call rejects with `ABORTED`. */
  signal?: AbortSignal | undefined;
  /** Called with each progress notification for this request. */
  onProgress?: ((progress: Progress) => unknown) | undefined;
  /**
   * Sent in the request's `_meta`. `INVALID_ARGUMENTS` for keys that the protocol sets itself, such as `progressToken` or
   * `io.modelcontextprotocol/protocolVersion`.
   */
  meta?: Readonly<Record<string, unknown>> | undefined;
  /** Streamable HTTP: resume the stream of an earlier request after this event id. */
  resumptionToken?: string | undefined;
  /** Streamable HTTP: called with the event id from which this request could be resumed. */
  onResumptionToken?: ((token: string) => void) | undefined;
  /**
   * 2026-07-28: whether an `input_required` result is returned. Otherwise the session's handlers answer it, and the
   * request is sent again.
   * @default false
   */
  allowInputRequired?: boolean | undefined;
  /** 2026-07-28: answers to an earlier `input_required` result, by its keys. */
  inputResponses?: Readonly<Record<string, unknown>> | undefined;
  /** 2026-07-28: the opaque state of an earlier `input_required` result. */
  requestState?: string | undefined;
}

/** The key of an option that only Plenum's own rooms set. */
export const relatedNumber: unique symbol = Symbol('mcp-plenum.related-number');

/** Options of a request that Plenum makes for others. */
export interface RevocableCallOptions extends CallOptions {
  /**
   * A number that is the request's alone: over Streamable HTTP it comes back as the `relation` of what the server asks and
   * says on the stream of the request.
   */
  [relatedNumber]?: number | undefined;
  /** Through a lease: cancels the request as `signal` does. Aborts when the lease is taken away; all its requests share it. */
  revoked?: AbortSignal | undefined;
}

/** Options of a request for one page of a list. */
export interface PageOptions extends CallOptions {
  /** Which page: `nextCursor` of the one before it. Without it, the first one. */
  cursor?: string | undefined;
}

/** Options of a request whose answer may come from the official client's cache (`ttlMs`, SEP-2549). */
export interface ReadOptions extends CallOptions {
  /**
   * `use` takes a cached answer that is fresh, `refresh` asks the server and caches the answer, `bypass` asks the server
   * and leaves the cache alone.
   * @default 'use'
   */
  cache?: 'use' | 'refresh' | 'bypass' | undefined;
}
