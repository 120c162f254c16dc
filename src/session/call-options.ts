import type { Progress } from '@modelcontextprotocol/client';

/** Options of any request. */
export interface CallOptions {
  /**
   * How long the answer may take, in milliseconds; `Infinity` for ever. Overrides the session's.
   * @default the session's `timeoutMs`
   */
  timeoutMs?: number | undefined;
  /**
   * How long the whole may take, in milliseconds, however much progress is reported.
   * @default Infinity
   */
  maxTotalTimeoutMs?: number | undefined;
  /**
   * Whether a progress notification starts `timeoutMs` over.
   * @default false
   */
  resetTimeoutOnProgress?: boolean | undefined;
  /** Cancels the request: the server is told, and the call rejects with `ABORTED`. */
  signal?: AbortSignal | undefined;
  /** Called with each progress notification for this request. */
  onProgress?: ((progress: Progress) => unknown) | undefined;
  /** Sent as the request's `_meta`. */
  meta?: Readonly<Record<string, unknown>> | undefined;
  /** Streamable HTTP: resume the stream of an earlier request after this event id. */
  resumptionToken?: string | undefined;
  /** Streamable HTTP: called with the event id from which this request could be resumed. */
  onResumptionToken?: ((token: string) => void) | undefined;
  /**
   * 2026-07-28: hand an `input_required` answer back instead of fulfilling it through the session's handlers.
   * @default false
   */
  allowInputRequired?: boolean | undefined;
  /** 2026-07-28: answers to an earlier `input_required` result, by its keys. */
  inputResponses?: Readonly<Record<string, unknown>> | undefined;
  /** 2026-07-28: the opaque state of an earlier `input_required` result. */
  requestState?: string | undefined;
}

/** Options of a request made through something that may be taken away. */
export interface RevocableCallOptions extends CallOptions {
  /** Cancels the request as `signal` does; shared by all requests that go through the same thing. */
  revoked?: AbortSignal | undefined;
}

/** Options of a request whose answer may come from the official client's cache (`ttlMs`, SEP-2549). */
export interface ReadOptions extends CallOptions {
  /**
   * `use` a fresh cached answer, `refresh` it, or `bypass` the cache.
   * @default 'use'
   */
  cache?: 'use' | 'refresh' | 'bypass' | undefined;
}
