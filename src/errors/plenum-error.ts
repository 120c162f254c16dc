import { inWords, type ErrorAdvice } from './advice.ts';
import type { PlenumErrorCode, PlenumErrorData, UrlElicitation, UrlElicitationData } from './registry.ts';

export type { PlenumErrorCode, PlenumErrorData, UrlElicitation } from './registry.ts';

/** The property by which copies of this package recognise each other's errors. */
const BRAND = Symbol.for('mcp-plenum.error');

/** The property of errors that `fromJsonRpc` made: a handler that throws one chooses what its server is told. */
const FOR_PEERS = Symbol.for('mcp-plenum.json-rpc-error');

/** The JSON-RPC code of a server that wants its user to visit URLs first. */
const URL_ELICITATION_CODE = -32_042;

/** A JSON-RPC error as it is sent. */
export interface JsonRpcError {
  /** A whole number. */
  readonly code: number;
  readonly message: string;
  /** Any JSON value. */
  readonly data?: unknown;
}

/** The facts an error carries beside its code and message. */
export interface PlenumErrorFields<Code extends PlenumErrorCode = PlenumErrorCode> {
  /** Name of the server concerned. */
  server?: string | undefined;
  cause?: unknown;
  /** What can be tried. Its words are appended to the message. */
  advice?: readonly ErrorAdvice[] | undefined;
  /** What the message shows below its sentences, such as the end of a process's standard error. */
  detail?: string | undefined;
  maybeExecuted?: boolean | undefined;
  elicitations?: readonly UrlElicitation[] | undefined;
  rpcCode?: number | undefined;
  rpcMessage?: string | undefined;
  data?: PlenumErrorData[Code] | undefined;
  errors?: readonly PlenumError[] | undefined;
  attempts?: number | undefined;
  nextTryAt?: number | undefined;
  retryAfterMs?: number | undefined;
}

/** What every {@link PlenumError} has, whatever its code. */
export class PlenumErrorClass<Code extends PlenumErrorCode> extends Error {
  declare readonly name: 'PlenumError';
  readonly code: Code;
  /** What happened: `message` without the advice and the detail. */
  declare readonly summary: string;
  /** What can be tried, as data. `message` has it in words. */
  declare readonly advice?: readonly ErrorAdvice[];
  /** What `message` shows below its sentences, such as the end of a process's standard error. */
  declare readonly detail?: string;
  /** Name of the server concerned, when there is one. */
  declare readonly server?: string;
  /** On a call that failed: false only when the request certainly did not run. */
  declare readonly maybeExecuted?: boolean;
  /** On `URL_ELICITATION_REQUIRED`: the URLs that the user must visit first. */
  declare readonly elicitations?: readonly UrlElicitation[];
  /** On `PROTOCOL`, `URL_ELICITATION_REQUIRED` and a refused handshake: the JSON-RPC error code that the server sent, if it sent one. */
  declare readonly rpcCode?: number;
  /** On `PROTOCOL`, `URL_ELICITATION_REQUIRED` and a refused handshake: the JSON-RPC error message that the server sent. */
  declare readonly rpcMessage?: string;
  /** Details; their type depends on the code: see {@link PlenumErrorData}. */
  declare readonly data?: PlenumErrorData[Code];
  /** On `CONNECT_FAILED` of several servers: each one's error. */
  declare readonly errors?: readonly PlenumError[];
  /** On what `SessionManager.run` rejects with after more than one attempt: how many there were. */
  declare readonly attempts?: number;
  /** On `CIRCUIT_OPEN`: when the next attempt is allowed, in epoch milliseconds; absent while a probe is under way. */
  declare readonly nextTryAt?: number;
  /** On what a server refused over HTTP: how long it asks to wait before the next attempt, in milliseconds. */
  declare readonly retryAfterMs?: number;

  static {
    Object.defineProperty(this, 'name', { value: 'PlenumError' });
    Object.defineProperty(this.prototype, 'name', {
      value: 'PlenumError',
      writable: true,
      configurable: true,
    });
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  constructor(code: Code, summary: string, fields: PlenumErrorFields<Code> = {}) {
    const { cause, advice, detail } = fields;
    const words = advice === undefined ? '' : inWords(advice);
    const message = `${summary}${words && ` ${words}`}${detail === undefined ? '' : `\n${detail}`}`;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    // Parts of the message: not repeated where the error is printed or becomes JSON.
    Object.defineProperty(this, 'summary', { value: summary });
    if (detail !== undefined) Object.defineProperty(this, 'detail', { value: detail });
    if (advice !== undefined && advice.length > 0) this.advice = advice;
    if (fields.server !== undefined) this.server = fields.server;
    if (fields.maybeExecuted !== undefined) this.maybeExecuted = fields.maybeExecuted;
    if (fields.elicitations !== undefined) this.elicitations = fields.elicitations;
    if (fields.rpcCode !== undefined) this.rpcCode = fields.rpcCode;
    if (fields.rpcMessage !== undefined) this.rpcMessage = fields.rpcMessage;
    if (fields.data !== undefined) this.data = fields.data;
    if (fields.errors !== undefined) this.errors = fields.errors;
    if (fields.attempts !== undefined) this.attempts = fields.attempts;
    if (fields.nextTryAt !== undefined) this.nextTryAt = fields.nextTryAt;
    if (fields.retryAfterMs !== undefined) this.retryAfterMs = fields.retryAfterMs;
  }

  /** What `JSON.stringify` gives: the facts with the message, without stack, cause and what JSON cannot carry. */
  toJSON(): Record<string, unknown> {
    const { name, message, code, ...facts } = this;
    const carried = Object.entries(facts).filter(([, fact]) => isJson(fact));
    return { name, code, message, ...Object.fromEntries(carried) };
  }

  /** The same error in other words: `message` is the whole of it. `fields` replace those that it has. */
  withMessage(message: string, fields: PlenumErrorFields<Code> = {}): PlenumErrorClass<Code> {
    const { code, advice: _, ...facts } = this;
    return new PlenumErrorClass(code, message, { cause: this.cause, ...facts, ...fields });
  }

  /** The same error with another summary: advice and detail follow it as before. `fields` replace those that it has. */
  withSummary(summary: string, fields: PlenumErrorFields<Code> = {}): PlenumErrorClass<Code> {
    const { code, ...facts } = this;
    const { cause, detail } = this;
    return new PlenumErrorClass(code, summary, { cause, detail, ...facts, ...fields });
  }

  /** Returns `error` itself when it is a PlenumError, else wraps it as the cause of a new one. */
  static from<Code extends PlenumErrorCode>(
    error: unknown,
    code: Code,
    doing: string,
    fields: PlenumErrorFields<Code> = {},
  ): PlenumError | PlenumError<Code> {
    if (error instanceof PlenumError) return error;
    return new PlenumError(code, `${doing}: ${messageOf(error)}`, { ...fields, cause: error });
  }

  /** The error for a JSON-RPC error: see {@link PlenumErrorConstructor.fromJsonRpc}. */
  static fromJsonRpc(error: JsonRpcError): PlenumError<'PROTOCOL'> | PlenumError<'URL_ELICITATION_REQUIRED'> {
    const { code, message, data } = checkedJsonRpcError(error);
    const fields = { rpcCode: code, rpcMessage: message };
    const made =
      code === URL_ELICITATION_CODE && hasElicitations(data)
        ? new PlenumError('URL_ELICITATION_REQUIRED', message, {
            ...fields,
            data,
            elicitations: data.elicitations,
          })
        : new PlenumError('PROTOCOL', message, { ...fields, data });
    Object.defineProperty(made, FOR_PEERS, { value: true });
    return made;
  }

  /** Also true for an error of another copy of this package. */
  static override [Symbol.hasInstance]<This>(this: This, value: unknown): value is InstanceOf<This> {
    if (this !== PlenumErrorClass) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isBranded(value);
  }
}

/**
 * The one error that Plenum throws, rejects with and reports.
 *
 * `code` is for programs, `message` for people: it says what was being done, to which server, what happened
 * and what to try. `if (error.code === 'NAME_COLLISION')` gives `error.data` its type.
 */
export type PlenumError<Code extends PlenumErrorCode = PlenumErrorCode> = {
  [Each in Code]: PlenumErrorClass<Each>;
}[Code];

export interface PlenumErrorConstructor {
  new <Code extends PlenumErrorCode>(
    code: Code,
    summary: string,
    fields?: PlenumErrorFields<Code>,
  ): PlenumError<Code>;
  /** For classes that extend this one without saying for which code; with `data`, extend `PlenumError<'CODE'>`. */
  new (
    code: PlenumErrorCode,
    summary: string,
    fields?: Omit<PlenumErrorFields, 'data'> & { data?: never },
  ): PlenumErrorClass<PlenumErrorCode>;
  /** Returns `error` itself when it is a PlenumError, else wraps it as the cause of a new one. */
  from<Code extends PlenumErrorCode>(
    error: unknown,
    code: Code,
    doing: string,
    fields?: PlenumErrorFields<Code>,
  ): PlenumError | PlenumError<Code>;
  /**
   * The error for a JSON-RPC error. A handler that throws it, or rejects with it, chooses what the server is answered:
   * this code, message and data. The code -32042 with `data.elicitations` gives `URL_ELICITATION_REQUIRED`, every other
   * code `PROTOCOL`. Throws `INVALID_ARGUMENTS` when the code is no whole number or the message no string.
   */
  fromJsonRpc(error: JsonRpcError): PlenumError<'PROTOCOL'> | PlenumError<'URL_ELICITATION_REQUIRED'>;
  /** Also true for an error of another copy of this package. */
  [Symbol.hasInstance]<This>(this: This, value: unknown): value is InstanceOf<This>;
}

/**
 * Of a class that extends PlenumError its own instances, of PlenumError the union by codes.
 * @inline
 */
type InstanceOf<This> = PlenumErrorConstructor extends This
  ? PlenumError
  : This extends { readonly prototype: infer Instance }
    ? Instance
    : never;

export const PlenumError: PlenumErrorConstructor = PlenumErrorClass;

/** Whether an error is one that `PlenumError.fromJsonRpc` made, of whatever copy of this package. */
export function isForPeers(error: unknown): error is PlenumError {
  return error instanceof PlenumError && Reflect.get(error, FOR_PEERS) === true;
}

function checkedJsonRpcError(error: unknown): JsonRpcError {
  const given = typeof error === 'object' && error !== null ? error : {};
  const { code, message, data }: { code?: unknown; message?: unknown; data?: unknown } = given;
  if (typeof code === 'number' && Number.isSafeInteger(code) && typeof message === 'string')
    return { code, message, data };
  throw new PlenumError(
    'INVALID_ARGUMENTS',
    'PlenumError.fromJsonRpc() takes { code, message, data }: the code a whole number, the message a string.',
  );
}

function hasElicitations(data: unknown): data is UrlElicitationData {
  return typeof data === 'object' && data !== null && Array.isArray(Reflect.get(data, 'elicitations'));
}

/** How many errors one text may be made of. */
const MOST_ERRORS = 20;

/** The text of anything thrown, with the causes that `fetch` and friends hide one level down. Never throws itself. */
export function messageOf(error: unknown): string {
  try {
    return textOf(error, new Set());
  } catch {
    return 'something was thrown that cannot be shown';
  }
}

/** `shown` has the errors that the text holds already: causes may lead back to where they began. */
function textOf(error: unknown, shown: Set<Error>): string {
  if (!(error instanceof Error)) return String(error);
  if (shown.has(error) || shown.size >= MOST_ERRORS) return '';
  shown.add(error);
  const thrown: unknown = error.message;
  const message = String(thrown);
  if (error instanceof AggregateError && message === '') {
    const texts = Array.from(error.errors, (each) => textOf(each, shown));
    return texts.filter((text) => text !== '').join('; ');
  }
  const inner = error.cause instanceof Error ? textOf(error.cause, shown) : '';
  return inner !== '' && !message.includes(inner) ? `${message} (${inner})` : message;
}

/** Whether a value is an error of this package, of whatever copy, and not just something that bears its brand. */
function isBranded(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return BRAND in value && typeof Reflect.get(value, 'code') === 'string';
  } catch {
    return false; // A proxy may throw at any question.
  }
}

function isJson(value: unknown): boolean {
  if (typeof value !== 'object') return typeof value !== 'bigint';
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
