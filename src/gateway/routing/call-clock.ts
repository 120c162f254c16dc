import { PlenumError } from '../../errors/plenum-error.ts';
import { callNotAnswered } from '../../errors/gateway.ts';
import { Limit } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';

/**
 * Bounds how long a server may be silent in a call. Progress restarts the time, and it stands still while the client is
 * asked something, as people take their time.
 */
export class CallClock {
  readonly #server: string;
  readonly #ms: number;
  readonly #limit: Limit;
  #questions = 0;
  #stopTimer: StopTimer = () => {};

  constructor(server: string, ms: number, signal: AbortSignal) {
    this.#server = server;
    this.#ms = ms;
    this.#limit = new Limit({}, signal);
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#limit.signal;
  }

  restart(): void {
    this.#stopTimer();
    if (this.#questions > 0 || this.#limit.ended) return;
    this.#stopTimer = startTimer(this.#ms, () => this.#limit.end(callNotAnswered(this.#server, this.#ms)));
  }

  async pausedFor<T>(question: Promise<T>): Promise<T> {
    this.#questions++;
    this.#stopTimer();
    try {
      return await question;
    } finally {
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
