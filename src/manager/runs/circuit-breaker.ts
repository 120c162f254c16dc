import { circuitOpen } from '../../errors/pool.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { withDefaults } from '../../options/check-options.ts';
import { defaultsOf } from '../../options/kinds.ts';
import { circuitOptions } from '../../options/tables/manager.ts';

/** When `run` refuses to use a server that keeps failing. */
export interface CircuitOptions {
  /**
   * After how many connection failures in a row the circuit opens. Results and errors of tools are not counted.
   * @default 5
   */
  failures?: number;
  /**
   * How long the circuit stays open before one attempt is allowed as a probe, in milliseconds.
   * @default 30000
   */
  openMs?: number;
}

/** The state of a server's circuit. */
export type CircuitStatus =
  /** Attempts are allowed. `failures` is the number of failures in a row so far. */
  | { readonly state: 'closed'; readonly failures: number }
  /** Attempts are refused until `nextTryAt`, in epoch milliseconds. The first one after that is the probe. */
  | { readonly state: 'open'; readonly nextTryAt: number }
  /** The probe is under way, and other attempts are refused. Its result closes or opens the circuit. */
  | { readonly state: 'half-open' };

/** What an attempt showed about its server; `nothing` when it was cancelled or ended before the server was used. */
export type AttemptVerdict = 'success' | 'failure' | 'nothing';

/** Reports how the attempt ended. Only the first call counts. */
export type ReportVerdict = (verdict: AttemptVerdict) => void;

/**
 * Refuses attempts on a server whose connections keep failing; from time to time, allows one to see whether it is back.
 */
export class CircuitBreaker {
  readonly #server: string;
  readonly #failuresToOpen: number;
  readonly #openMs: number;
  readonly #onChange: (status: CircuitStatus) => void;
  #status: CircuitStatus = { state: 'closed', failures: 0 };
  /** When the open circuit allows a probe, by `performance.now()`, as the system clock may be changed. */
  #probeAt = 0;
  /**
   * Counts the times that the circuit opened or closed. Verdicts of attempts that began before the latest are ignored.
   */
  #generation = 0;

  constructor(
    server: string,
    options: boolean | CircuitOptions | undefined,
    onChange: (status: CircuitStatus) => void,
  ) {
    const details = options === false ? { failures: Infinity } : options === true ? {} : options;
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
