import { notDoneInTime } from '../../errors/pool.ts';
import { aborted } from '../../errors/session-end.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { Backoff } from '../../internal/backoff.ts';
import { Limit, sleep } from '../../internal/limit.ts';
import { printable } from '../../internal/text.ts';
import type { ReportVerdict } from './circuit-breaker.ts';
import { Effects } from './effects.ts';
import type { ManagerEvent } from '../manager-events.ts';
import type { WorkListener } from '../leases/leasing.ts';
import type { PoolLease } from '../leases/pool-lease.ts';
import type { ReplayRule } from '../pool/replay-rule.ts';
import { isConnectionFailure, resolveRetryOptions, type RetryOptions } from './retry-policy.ts';
import type { RunOptions, RunWork } from './run-options.ts';
import type { ServerRecord } from '../server-record.ts';

export interface RunnerOptions {
  readonly retry: boolean | RetryOptions | undefined;
  readonly acquire: (
    record: ServerRecord,
    options: RunOptions,
    signal: AbortSignal,
    listener: WorkListener,
  ) => Promise<PoolLease>;
  readonly publish: (event: ManagerEvent) => void;
  /** Aborts when the manager begins to close: there are no further attempts. */
  readonly closing: AbortSignal;
  /** Aborts when the manager is destroyed: runs fail. */
  readonly ending: AbortSignal;
}

/** The function of a run, its options, and its time limit. */
interface Job<T> {
  readonly work: RunWork<T>;
  readonly options: RunOptions;
  readonly limit: Limit;
}

interface Failure {
  readonly error: unknown;
  /** Whether the attempt had acquired a session. */
  readonly connected: boolean;
  /** Whether `work` was called. */
  readonly begun: boolean;
  readonly effects: Effects;
  /** Which tools may run again; undefined when the attempt had no session. */
  readonly rule: ReplayRule | undefined;
}

/** Tools that may have run and whose annotations are not known yet: the next attempt lists the tools before `work`. */
interface OpenQuestion {
  readonly record: ServerRecord;
  readonly tools: ReadonlySet<string | undefined>;
  /** The error to reject with when they may not run again. */
  readonly error: unknown;
}

/** Runs functions with leased sessions: acquires, calls, releases, and tries again where that is safe. */
export class Runner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** `choose` is called before each attempt. `server` is the name if all attempts use the same server. */
  async run<T>(
    server: string | undefined,
    choose: () => ServerRecord | Promise<ServerRecord>,
    work: RunWork<T>,
    options: RunOptions,
  ): Promise<T> {
    const { publish, closing, ending } = this.#options;
    const { timeoutMs = Infinity, signal, principal } = options;
    const policy = resolveRetryOptions(options.retry, this.#options.retry);
    const backoff = new Backoff(policy);
    backoff.next(); // The first delay is 0, and belongs to the first attempt.
    const startedAt = performance.now();
    const doing = server === undefined ? 'A run' : `A run on server "${printable(server)}"`;
    const limit = new Limit(
      { ms: timeoutMs, expired: () => notDoneInTime(doing, timeoutMs, { server }) },
      { signal, reason: (cause) => aborted(doing, { server, cause }) },
      ending,
    );
    let question: OpenQuestion | undefined;
    let mayHaveRun = false;
    const final = (error: unknown, attempts: number): unknown => summed(error, attempts, mayHaveRun);
    try {
      for (let attempt = 1; ; attempt++) {
        const record = await limit.hold(choose());
        const { name } = record;
        const outcome = await this.#attempt(record, attempt, { work, options, limit }, question);
        if ('value' in outcome) return outcome.value;

        const { error, connected, begun, effects, rule } = outcome;
        const { tools } = effects;
        if (tools.size > 0) mayHaveRun = true;
        // The tools were listed and may not run again: this attempt did not call `work`, and does not count.
        if (question !== undefined && error === question.error) throw final(error, attempt - 1);
        if (limit.ended || closing.aborted || attempt >= policy.attempts) throw final(error, attempt);
        const isWorth = policy.retryIf(error, { server: name, attempt, connected });
        if (!(await limit.hold(isWorth))) throw final(error, attempt);
        const replay = rule?.judge(tools) ?? 'allowed';
        const delayMs = backoff.next(error instanceof PlenumError ? error.retryAfterMs : undefined);
        const tooLate = (inMs: number): boolean => performance.now() - startedAt + inMs > policy.deadlineMs;
        if (replay === 'forbidden' || tooLate(delayMs)) throw final(error, attempt);
        if (replay === 'unknown') question = { record, tools, error };
        else if (begun) question = undefined;

        record.retries++;
        publish({ type: 'retry', server: name, principal, attempt: attempt + 1, delayMs, error });
        await sleep(delayMs, limit.signal, closing);
        limit.throwIfEnded();
        if (closing.aborted || tooLate(0)) throw final(error, attempt);
      }
    } finally {
      limit.stop();
    }
  }

  async #attempt<T>(
    record: ServerRecord,
    attempt: number,
    { work, options, limit }: Job<T>,
    question: OpenQuestion | undefined,
  ): Promise<{ readonly value: T } | Failure> {
    const { name: server } = record;
    const effects = new Effects();
    let answered = false;
    let asked = false;
    let report: ReportVerdict = () => {};
    let lease: PoolLease;
    try {
      report = record.circuit.enter();
      lease = await this.#options.acquire(record, options, limit.signal, {
        onRequest: (request, call) => effects.note(request, call),
        onAnswered: () => {
          answered = true;
        },
        onSpecKnown: () => {
          asked = true;
        },
        onClientTaken: () => effects.noteAnything(),
      });
    } catch (cause) {
      const error = limit.explain(cause);
      report(asked && error === cause && showsDown(error) ? 'failure' : 'nothing');
      return { error, connected: false, begun: false, effects, rule: undefined };
    }

    const { attemptTimeoutMs = Infinity } = options;
    const attemptLimit = new Limit(
      {
        ms: attemptTimeoutMs,
        expired: () => notDoneInTime(`Work on server "${server}"`, attemptTimeoutMs, { server }),
      },
      limit.signal,
    );
    let begun = false;
    try {
      if (question !== undefined) await attemptLimit.hold(answer(question, record, lease));
      begun = true;
      const context = { server, attempt, signal: attemptLimit.signal };
      const value = await attemptLimit.hold(Promise.resolve().then(() => work(lease.session, context)));
      report('success');
      // Calls that `work` did not await may finish; the run does not wait for them.
      void lease.release();
      return { value };
    } catch (error) {
      if (isSilence(error, attemptLimit)) {
        void lease.revokeAndCheck(error).then((alive) => report(alive ? 'success' : 'failure'));
      } else {
        void lease.revoke(error);
        // The error of an earlier attempt was counted then.
        const isNews = error !== question?.error && isConnectionFailure(error);
        const lost = isNews && (error as PlenumError).server === server;
        report(lost ? 'failure' : answered ? 'success' : 'nothing');
      }
      return { error, connected: true, begun, effects, rule: lease.replay };
    } finally {
      attemptLimit.stop();
    }
  }
}

/** Lists the server's tools to see whether they may run again. Throws the earlier error when they may not. */
async function answer(question: OpenQuestion, record: ServerRecord, lease: PoolLease): Promise<void> {
  // The annotations of another server say nothing about the tools that ran.
  if (record !== question.record) throw question.error;
  await listTools(lease, question);
  if (lease.replay.judge(question.tools) !== 'allowed') throw question.error;
}

async function listTools({ session }: PoolLease, { error }: OpenQuestion): Promise<void> {
  try {
    await session.listTools();
  } catch (cause) {
    // Without a list the tools may not run again; but after a lost connection listing may be tried again.
    throw isConnectionFailure(cause) ? cause : error;
  }
}

function showsDown(error: unknown): boolean {
  return isConnectionFailure(error) || (error instanceof PlenumError && error.code === 'TIMEOUT');
}

/** Whether the server did not answer in time, so that it must be pinged to see whether it hangs. */
function isSilence(error: unknown, limit: Limit): boolean {
  if (!(error instanceof PlenumError) || error.code !== 'TIMEOUT') return false;
  return limit.ended || error.maybeExecuted !== false;
}

/** The last error, with the number of attempts and whether any of them may have executed. */
function summed(error: unknown, attempts: number, mayHaveRun: boolean): unknown {
  if (!(error instanceof PlenumError)) return error;
  const { summary, maybeExecuted } = error;
  // An earlier attempt may have sent a request, even if the last one has not.
  const mayHave = maybeExecuted === false && mayHaveRun ? { maybeExecuted: true } : {};
  if (attempts > 1)
    return error.withSummary(`${summary} (${attempts} attempts)`, { ...mayHave, attempts, cause: error });
  return 'maybeExecuted' in mayHave ? error.withSummary(summary, { ...mayHave, cause: error }) : error;
}
