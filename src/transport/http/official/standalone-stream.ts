import { PlenumError } from '../../../errors/plenum-error.ts';
import { Limit, sleep } from '../../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../../internal/timers.ts';
import { isOpenStream } from '../network/answer-type.ts';
import { retryAfterOf } from '../refusal.ts';

/** The wait after an attempt that failed, in milliseconds; it doubles with each that follows. */
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** How often in a row a server may answer without a stream after it has served one. */
const MAX_REFUSALS = 5;
/** Statuses after which another attempt may succeed. 409: the server has not noticed yet that its stream to us broke. */
const TEMPORARY_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429, 500, 502, 503, 504]);
/** How long after the end of the stream the official transport may take to plan the next attempt, in milliseconds. */
const PLANNED_WITHIN_MS = 2_000;
/** How late a planned attempt may be, with a login on the way, in milliseconds. */
const LATE_MS = 60_000;

export interface StandaloneStreamOptions {
  /** How long a server may take to begin its answer, in milliseconds. */
  readonly silenceMs: number;
  /** Whether the spec has credentials: then 401 and 403 are for the official transport to deal with. */
  readonly authenticates: boolean;
  /** Aborts when the connection ends. */
  readonly ending: AbortSignal;
  /** The network broke an attempt. */
  readonly onBroken: (error: PlenumError) => void;
  /** It is open again after a while without it, and the server does not repeat what it sent meanwhile. */
  readonly onMissed: () => void;
  /** It was open once and does not come back; `what` is ready to follow "the server". */
  readonly onGone: (what: string) => void;
}

/** Makes one attempt to open the stream; `onEnd` is called when the stream that came of it has ended. */
type OpenStream = (signal: AbortSignal, onEnd: () => void) => Promise<Response>;

/**
 * The stream for messages of the server that belong to no request. The official transport opens it, and opens it again
 * when it ends; but it gives up when the first attempt fails, or some later ones in a row, or when an answer came on it.
 * Calls would go on working, and notifications would be lost unnoticed. Here attempts go on, and a stream that was open
 * once and does not come back ends the connection.
 */
export class StandaloneStream {
  readonly #options: StandaloneStreamOptions;
  #served = false;
  #refusals = 0;
  /** Ends the wait for the official transport's next attempt. */
  #stopWaiting: StopTimer = () => {};
  /** Whether the official transport has not planned that attempt yet. */
  #isUnplanned = false;

  constructor(options: StandaloneStreamOptions) {
    this.#options = options;
  }

  /** Whether the server has ever served it. */
  get served(): boolean {
    return this.#served;
  }

  /**
   * Makes attempts until one brings a stream, a final answer that there is none, or an answer that the official
   * transport has to deal with. With `resumes` the server repeats what it sent meanwhile.
   */
  async open(exchange: OpenStream, signal: AbortSignal, resumes: boolean): Promise<Response> {
    this.stop();
    const { ending, onMissed } = this.#options;
    let delayMs = FIRST_DELAY_MS;
    for (let attempts = 1; ; attempts++) {
      const outcome = await this.#attempt(exchange, signal);
      let askedMs = 0;
      if (typeof outcome === 'object') {
        if (isOpenStream(outcome)) {
          const missed = (this.#served || attempts > 1) && !resumes;
          this.#served = true;
          this.#refusals = 0;
          if (missed) onMissed();
          return outcome;
        }
        if (this.#isFinal(outcome)) return outcome;
        askedMs = retryAfterOf(outcome.headers) ?? 0;
        await outcome.body?.cancel();
      }
      // Some servers begin their answer with their first event, perhaps hours later: that is no reason to wait longer.
      if (outcome === 'late') delayMs = FIRST_DELAY_MS;
      await sleep(Math.min(Math.max(delayMs, askedMs), LONGEST_DELAY_MS), ending);
      ending.throwIfAborted();
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    }
  }

  /** Notes the end of the stream: the official transport is expected to open it again. */
  #ended(): void {
    this.#isUnplanned = true;
    this.#expect(PLANNED_WITHIN_MS);
  }

  /** The official transport is going to open a stream again, this or another one. */
  planned(delayMs: number): void {
    if (!this.#isUnplanned) return;
    this.#isUnplanned = false;
    this.#expect(delayMs + LATE_MS);
  }

  /** Ends the wait for the official transport's next attempt. */
  stop(): void {
    this.#isUnplanned = false;
    this.#stopWaiting();
  }

  async #attempt(exchange: OpenStream, signal: AbortSignal): Promise<Response | 'late' | 'broken'> {
    const { silenceMs, ending, onBroken } = this.#options;
    // It outlives the attempt, as what aborts the stream that came of it.
    const limit = new Limit({}, signal);
    const stopTimer = startTimer(silenceMs, () => limit.end());
    const onStreamEnd = (): void => {
      limit.stop();
      this.#ended();
    };
    try {
      return await exchange(limit.signal, onStreamEnd);
    } catch (error) {
      limit.stop();
      if (ending.aborted) throw error;
      if (limit.verdict?.by === 'owner') return 'late';
      if (!(error instanceof PlenumError) || error.code !== 'CONNECTION_LOST') {
        this.#ended();
        throw error;
      }
      onBroken(error);
      return 'broken';
    } finally {
      stopTimer();
    }
  }

  /** Counts an answer without a stream; says whether no further attempt is to follow it here. */
  #isFinal({ status, ok }: Response): boolean {
    const { authenticates, onGone } = this.#options;
    if (authenticates && (status === 401 || status === 403)) {
      this.#isUnplanned = true;
      this.#expect(LATE_MS);
      return true;
    }
    if (!this.#served && !TEMPORARY_STATUSES.has(status)) return true;
    if (++this.#refusals < MAX_REFUSALS) return false;
    const how = ok ? `HTTP ${status} without a stream` : `HTTP ${status}`;
    if (this.#served) onGone(`does not open its event stream again (${how})`);
    return true;
  }

  #expect(withinMs: number): void {
    const { ending, onGone } = this.#options;
    this.#stopWaiting();
    if (!this.#served || ending.aborted) return;
    this.#stopWaiting = startTimer(withinMs, () =>
      onGone('ended its event stream, which was not opened again'),
    );
  }
}
