import type { JSONRPCErrorResponse, JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { METHOD_NOT_FOUND } from '../../internal/json/rpc-codes.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import { localFailure } from '../../transport/fail-request.ts';
import { official } from '../../transport/official.ts';

/** How long a server may leave the probe unanswered before `initialize` is sent, in milliseconds. */
export const PROBE_SILENCE_MS = 2_000;

const TOO_MANY_REQUESTS = 429;

/** Codes of failures that say nothing of the era: no answer of JSON-RPC came, or a redirect that is not followed. */
const TELLS_NOTHING: ReadonlySet<string> = new Set(['INVALID_RESULT', 'CONNECT_FAILED']);

export interface EraProbeListener {
  /** Gives the official client an answer in place of the server's. */
  tell(answer: JSONRPCErrorResponse): void;
  /** A server that was taken for an older one answers the probe as one of 2026-07-28. */
  onModern(): void;
}

/**
 * The `server/discover` request by which the era of a server is found out. To the
 * official client silence, a broken connection or an unreadable answer means that connecting has failed. Older servers do
 * all of that, so the client is given the error that an older server should send, and goes on with `initialize`. The
 * request is not cancelled then: a slow server of 2026-07-28 may still answer it.
 */
export class EraProbe {
  readonly #id: RequestId;
  readonly #listener: EraProbeListener;
  readonly #ending = new AbortController();
  readonly #stopTimer: StopTimer;
  #isGuess = false;

  constructor(id: RequestId, silenceMs: number, listener: EraProbeListener) {
    this.#id = id;
    this.#listener = listener;
    this.#stopTimer = startTimer(silenceMs, () => this.#guess(), { keepAlive: true });
  }

  /** Aborts when nobody waits for the answer any more. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Whether the server was taken for an older one without an answer that said so. */
  get isGuess(): boolean {
    return this.#isGuess;
  }

  /** Takes the failure of the request. Returns what the official client is to get; undefined when nothing. */
  failed(error: unknown): unknown {
    if (this.#isGuess) return undefined;
    if (tellsNothing(error)) {
      this.#guess();
      return undefined;
    }
    this.#stopTimer();
    return isBusy(error) ? busy(error) : error;
  }

  /** Takes an answer. Returns whether the official client is to get it. */
  answered(message: JSONRPCMessage): boolean {
    this.#stopTimer();
    if (this.#isGuess) {
      if (isModern(message)) this.#listener.onModern();
      return false;
    }
    // The transport made this error, for example for a stream that ended without the answer.
    if ('error' in message && localFailure(message.error.data) !== undefined) this.#isGuess = true;
    return true;
  }

  /** Ends the request, if it is open still. */
  end(): void {
    this.#stopTimer();
    this.#ending.abort();
  }

  #guess(): void {
    this.#isGuess = true;
    this.#stopTimer();
    const error = { code: METHOD_NOT_FOUND, message: 'The server does not say which era it is of.' };
    this.#listener.tell({ jsonrpc: '2.0', id: this.#id, error });
  }
}

function tellsNothing(error: unknown): boolean {
  if (error instanceof PlenumError) {
    // A request that was not sent failed because of the network, and `initialize` would fail, too.
    return error.code === 'CONNECTION_LOST' ? error.maybeExecuted !== false : TELLS_NOTHING.has(error.code);
  }
  if (error instanceof official.SdkHttpError) return error.data.status >= 500;
  if (error instanceof official.SdkError)
    return error.code === official.SdkErrorCode.ClientHttpUnexpectedContent;
  return error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError');
}

function isBusy(error: unknown): boolean {
  return error instanceof official.SdkHttpError && error.data.status === TOO_MANY_REQUESTS;
}

/** As an error from which the official client does not conclude that the server is an older one. */
function busy(cause: unknown): Error {
  const { SdkError, SdkErrorCode } = official;
  return new SdkError(SdkErrorCode.EraNegotiationFailed, 'The server is busy.', { cause }, { cause });
}

function isModern(message: JSONRPCMessage): boolean {
  return 'result' in message && Array.isArray(message.result['supportedVersions']);
}
