import { PlenumError } from '../../errors/plenum-error.ts';
import { callNotAnswered } from '../../errors/gateway.ts';
import { Limit } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import { INTERNAL_ERROR, RpcError } from './rpc-error.ts';

/** How long a call may take: `silentMs` bounds how long its server says nothing, `askedMs` how long its client does. */
export interface CallTimes {
  readonly silentMs: number;
  readonly askedMs: number;
}

/**
 * Bounds how long a server may be silent in a call. Progress restarts the time. While the client is asked something, the
 * client's time counts instead, as people take theirs.
 */
export class CallClock {
  readonly #server: string;
  readonly #times: CallTimes;
  readonly #limit: Limit;
  #questions = 0;
  #stopTimer: StopTimer = () => {};

  constructor(server: string, times: CallTimes, signal: AbortSignal) {
    this.#server = server;
    this.#times = times;
    this.#limit = new Limit({}, signal);
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#limit.signal;
  }

  restart(): void {
    this.#stopTimer();
    if (this.#questions > 0 || this.#limit.ended) return;
    const { silentMs } = this.#times;
    this.#stopTimer = startTimer(silentMs, () => this.#limit.end(callNotAnswered(this.#server, silentMs)));
  }

  /** Asks the client: `ask` gets a signal that aborts when the client's time, or the call, is over. */
  async whileAsking<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { askedMs } = this.#times;
    const limit = new Limit({ ms: askedMs, expired: clientSilent }, this.#limit.signal);
    this.#questions++;
    this.#stopTimer();
    try {
      return await limit.hold(ask(limit.signal));
    } finally {
      limit.stop();
      this.#questions--;
      this.restart();
    }
  }

  /** Why a call failed that failed with `error`. */
  explain(error: unknown): unknown {
    const reason = this.#limit.verdict?.reason;
    return reason instanceof PlenumError ? reason : error;
  }

  stop(): void {
    this.#stopTimer();
    this.#limit.stop();
  }
}

/** What a server, or a client that comes back, is told when a question was not answered in time. */
export function clientSilent(): RpcError {
  return new RpcError(INTERNAL_ERROR, 'The client did not answer in time.');
}
