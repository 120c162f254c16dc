import { circuitOpen } from '../../errors/pool.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { withDefaults } from '../../options/check-options.ts';
import { defaultsOf } from '../../options/kinds.ts';
import { circuitOptions } from '../../options/tables/manager.ts';

/** When `run` stops asking a server that keeps failing. */
export interface CircuitOptions {
  /**
   * Failures of the connection in a row that open the circuit. What a tool answers is no failure.
   * @default 5
   */
  failures?: number;
  /**
   * How long it stays open before one attempt is let through as a probe, in milliseconds.
   * @default 30000
   */
  openMs?: number;
}

/** Where the circuit of a server stands. */
export type CircuitStatus =
  /** Everything passes; so many failures in a row so far. */
  | { readonly state: 'closed'; readonly failures: number }
  /** Nothing passes until `nextTryAt`, in epoch milliseconds; the first attempt after that is the probe. */
  | { readonly state: 'open'; readonly nextTryAt: number }
  /** One attempt is under way and decides; nothing else passes. */
  | { readonly state: 'half-open' };

/** What an attempt showed about its server; `nothing` when it was given up or never got that far. */
export type AttemptVerdict = 'success' | 'failure' | 'nothing';

/** Tells the breaker how the attempt ended. Only the first verdict counts. */
export type ReportVerdict = (verdict: AttemptVerdict) => void;

/** Stops attempts on a server whose connection keeps failing, and finds out with one at a time when it is back. */
export class CircuitBreaker {
  readonly #server: string;
  readonly #failuresToOpen: number;
  readonly #openMs: number;
  readonly #onChange: (status: CircuitStatus) => void;
  #status: CircuitStatus = { state: 'closed', failures: 0 };
  /** When the open circuit lets a probe through, by `performance.now()`: the clock may be set back meanwhile. */
  #probeAt = 0;
  /** Verdicts of attempts that began before the circuit last opened or closed say nothing about now. */
  #generation = 0;

  constructor(
    server: string,
    options: false | CircuitOptions | undefined,
    onChange: (status: CircuitStatus) => void,
  ) {
    const details = options === false ? { failures: Infinity } : options;
    this.#server = server;
    const { failures, openMs } = withDefaults(defaultsOf(circuitOptions), details);
    this.#failuresToOpen = failures;
    this.#openMs = openMs;
    this.#onChange = onChange;
  }

  get status(): CircuitStatus {
    return this.#status;
  }

  /** Lets an attempt begin. Throws `CIRCUIT_OPEN`, with `nextTryAt` when it is known. */
  enter(): ReportVerdict {
    const status = this.#status;
    if (status.state === 'open' && this.#leftMs(status) <= 0) this.#change({ state: 'half-open' });
    else if (status.state !== 'closed') throw this.#refusal(status);
    const generation = this.#generation;
    let reported = false;
    return (verdict) => {
      if (reported) return;
      reported = true;
      if (generation === this.#generation) this.#judge(verdict);
    };
  }

  #judge(verdict: AttemptVerdict): void {
    const status = this.#status;
    if (status.state === 'half-open') {
      if (verdict === 'success') this.#change({ state: 'closed', failures: 0 });
      // A probe that showed nothing leaves the question to the next one.
      else this.#open(verdict === 'failure' ? this.#openMs : 0);
    } else if (status.state === 'closed') {
      if (verdict === 'success' && status.failures > 0) this.#status = { state: 'closed', failures: 0 };
      if (verdict === 'failure') this.#fail(status.failures + 1);
    }
  }

  #fail(failures: number): void {
    if (failures < this.#failuresToOpen) this.#status = { state: 'closed', failures };
    else this.#open(this.#openMs);
  }

  #open(ms: number): void {
    this.#probeAt = performance.now() + ms;
    this.#change({ state: 'open', nextTryAt: Date.now() + ms });
  }

  /** By whichever clock is further: the one that is never set may stand still while the machine sleeps. */
  #leftMs({ nextTryAt }: { readonly nextTryAt: number }): number {
    return Math.min(nextTryAt - Date.now(), Math.ceil(this.#probeAt - performance.now()));
  }

  #change(status: CircuitStatus): void {
    this.#status = status;
    this.#generation++;
    this.#onChange(status);
  }

  #refusal(status: CircuitStatus): PlenumError {
    return status.state === 'open'
      ? circuitOpen(this.#server, status.nextTryAt, this.#leftMs(status))
      : circuitOpen(this.#server, undefined, undefined);
  }
}
