import { randomUUID } from 'node:crypto';
import type { LoggingLevel } from '@modelcontextprotocol/server';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { Limit, onAbort } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { RawRequest } from '../../session/session.ts';
import type { Exchange, GatewayClient } from '../clients/gateway-client.ts';
import type { Identity } from '../identity/identity.ts';
import { clientSilent, type CallClock } from '../routing/call-clock.ts';
import { INTERNAL_ERROR, RpcError } from '../routing/rpc-error.ts';

type Result = Record<string, unknown>;

/** How far a call has come: it has a result, or its server wants to know something first. */
export type Outcome =
  { readonly result: Result } | { readonly inputRequests: Readonly<Record<string, RawRequest>> };

interface Question {
  readonly request: RawRequest;
  readonly answered: Deferred<Result>;
}

/**
 * A call of a 2026-07-28 client to a server of an older revision, which asks in the middle of the call. The client's
 * request ends with `input_required`, and the call waits here until the client sends the request again with the answers.
 */
export class ParkedCall implements Exchange {
  readonly id = randomUUID();
  readonly client: GatewayClient;
  readonly identity: Identity;
  clock: CallClock | undefined;
  readonly #controller = new AbortController();
  /** The client's present request; undefined while the call waits for the next one. */
  #present: Exchange | undefined;
  #stopPresent: () => void = () => {};
  #questions = new Map<string, Question>();
  #asked = 0;
  #changed = createDeferred<void>();
  #outcome: { readonly result: Result } | { readonly error: unknown } | undefined;
  #stopTimer: StopTimer = () => {};
  /** Whether the client's next request is waited for no more. */
  #isGivenUp = false;
  readonly #onOver: () => void;

  /** `onOver` is called when the call is over and its client knows, or is not waited for any more. */
  constructor(present: Exchange, run: (exchange: Exchange) => Promise<Result>, onOver: () => void) {
    this.client = present.client;
    this.identity = present.identity;
    this.#onOver = onOver;
    this.#attend(present);
    run(this).then(
      (result) => this.#settle({ result }),
      (error: unknown) => this.#settle({ error }),
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async notify(notification: RawRequest): Promise<void> {
    await this.#present?.notify(notification);
  }

  /** Each request of the client has a token of its own. */
  get progressToken(): unknown {
    return this.#present?.progressToken;
  }

  get logLevel(): LoggingLevel | undefined {
    return this.#present?.logLevel;
  }

  wantsLog(level: LoggingLevel): boolean {
    return this.#present?.wantsLog(level) ?? false;
  }

  async ask(request: RawRequest, signal: AbortSignal): Promise<Result> {
    const key = `input-${++this.#asked}`;
    const answered = createDeferred<Result>();
    this.#questions.set(key, { request, answered });
    this.#changed.resolve();
    const limit = new Limit({}, signal, this.signal);
    try {
      return await limit.hold(answered.promise);
    } finally {
      limit.stop();
      this.#questions.delete(key);
    }
  }

  /** Resolves when there is a result or a question. Rejects as the call does. */
  async next(): Promise<Outcome> {
    while (this.#outcome === undefined && this.#questions.size === 0) {
      await this.#changed.promise;
      // Questions that a server asks at the same time go to the client together.
      await new Promise((resolve) => setImmediate(resolve));
      this.#changed = createDeferred();
    }
    if (this.#outcome !== undefined) {
      if ('error' in this.#outcome) throw this.#outcome.error;
      return this.#outcome;
    }
    const requests = [...this.#questions].map(([key, { request }]) => [key, request] as const);
    return { inputRequests: Object.fromEntries(requests) };
  }

  /** Lets the client's request end: the call waits, for `ms` milliseconds at most. */
  park(ms: number): void {
    this.#leave();
    this.#stopTimer = startTimer(ms, () => this.end());
  }

  /** Goes on with the client's next request. Questions without an answer are asked again. */
  resume(present: Exchange, responses: Readonly<Record<string, unknown>>): void {
    this.#stopTimer();
    this.#attend(present);
    if (this.#outcome !== undefined) return this.#onOver();
    for (const [key, response] of Object.entries(responses)) {
      const question = this.#questions.get(key);
      if (question === undefined || typeof response !== 'object' || response === null) continue;
      this.#questions.delete(key);
      question.answered.resolve({ ...response });
    }
    if (this.#questions.size > 0) this.#changed.resolve();
  }

  /** Whether the client's next request is awaited. */
  get isWaiting(): boolean {
    return this.#present === undefined;
  }

  /** Cancels the call. */
  end(): void {
    this.#stopTimer();
    this.#controller.abort(clientSilent());
    if (this.#outcome !== undefined) this.#onOver();
    else this.#isGivenUp = true;
  }

  #attend(present: Exchange): void {
    this.#present = present;
    this.#stopPresent = onAbort(present.signal, () => this.#controller.abort(present.signal.reason));
  }

  #leave(): void {
    this.#stopPresent();
    this.#present = undefined;
  }

  #settle(outcome: { readonly result: Result } | { readonly error: unknown }): void {
    this.#outcome = outcome;
    this.#stopPresent();
    this.#changed.resolve();
    // A server may go on without the answer: the client gets the result with its next request.
    if (this.isWaiting && !this.#isGivenUp) return;
    this.#stopTimer();
    this.#onOver();
  }
}

/** How many calls may wait, and for how long. May change. */
export interface ParkedBounds {
  readonly parkedCalls: number;
  readonly parkedMs: number;
}

/** The calls that wait for their clients. */
export class ParkedCalls {
  readonly #calls = new Map<string, ParkedCall>();
  readonly #bounds: ParkedBounds;

  constructor(bounds: ParkedBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#calls.size;
  }

  start(present: Exchange, run: (exchange: Exchange) => Promise<Result>): ParkedCall {
    const call: ParkedCall = new ParkedCall(present, run, () => this.#calls.delete(call.id));
    return call;
  }

  /** Throws when too many wait already; then the call is cancelled. */
  park(call: ParkedCall): void {
    if (this.#calls.size >= this.#bounds.parkedCalls && !this.#calls.has(call.id)) {
      call.end();
      throw new RpcError(INTERNAL_ERROR, 'Too many calls wait for the answers of clients.');
    }
    this.#calls.set(call.id, call);
    call.park(this.#bounds.parkedMs);
  }

  /** The call of this id that waits for this principal. */
  waiting(id: string, principal: string): ParkedCall | undefined {
    const call = this.#calls.get(id);
    return call?.isWaiting === true && call.client.identity.principal === principal ? call : undefined;
  }

  endAll(): void {
    for (const call of this.#calls.values()) call.end();
  }
}
