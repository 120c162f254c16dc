import {
  abortSignal,
  anyFunction,
  count,
  duration,
  either,
  falseOr,
  optionsOf,
  recordOf,
  text,
  timeLimit,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import { concurrencyOptions } from './server.ts';
import { openSessionOptions, sharedSessionOptions } from './session.ts';

export const poolOptions = {
  max: {
    kind: count(1),
    default: 64,
    about: 'How many pooled sessions there may be in all, those that open and close included.',
  },
  maxPerServer: {
    kind: count(1),
    default: 8,
    about: 'How many of one server, for all principals together.',
    alias: ['maxPerUser', 'maxPerHost', 'maxPerPrincipal'],
  },
  maxWaiting: {
    kind: count(0),
    default: 1_000,
    about: 'How many callers may wait for a session of one server; the next one is `POOL_EXHAUSTED` at once.',
  },
  acquireTimeoutMs: {
    kind: duration,
    default: 30_000,
    about: 'How long a caller waits for a session, unless it says otherwise.',
  },
  idleMs: {
    kind: duration,
    default: 60_000,
    about: 'How long an unused session is kept; `Infinity` for ever.',
  },
  maxAgeMs: {
    kind: duration,
    default: Infinity,
    about: 'How old a session may be when it is handed out or kept.',
  },
  checkAfterMs: {
    kind: duration,
    default: 30_000,
    about: 'A session that was idle for longer is pinged before it is handed out.',
  },
  leasesPerSession: {
    kind: count(1),
    default: 1,
    about: 'How many leases may share one session of a server that speaks 2026-07-28.',
  },
  reportLeasesAfterMs: {
    kind: duration,
    default: Infinity,
    about: 'A lease that is held for longer is reported once, with where it was taken.',
  },
} satisfies OptionTable;

export const retryOptions = {
  attempts: {
    kind: count(1),
    default: 3,
    about: 'How often something is tried, the first time included.',
    alias: ['attempts', 'retries', 'maxRetries', 'tries'],
  },
  delayMs: {
    kind: duration,
    default: 250,
    about: 'Upper bound of the pause before the second attempt; it doubles with each.',
    alias: ['delayMs', 'delay', 'initialDelay', 'minDelayMs'],
  },
  maxDelayMs: { kind: duration, default: 10_000, about: 'Upper bound of any pause.', alias: ['maxDelay'] },
  deadlineMs: {
    kind: duration,
    default: Infinity,
    about: 'No attempt begins later than this after the first one began.',
  },
  retryIf: {
    kind: anyFunction,
    byDefault: 'the connection could not be had or was lost',
    about: 'Whether an error is worth another attempt.',
    alias: ['shouldRetry'],
  },
} satisfies OptionTable;

export const circuitOptions = {
  failures: {
    kind: count(1),
    default: 5,
    about: 'Failures of the connection in a row that open the circuit; what a tool answers is no failure.',
    alias: ['threshold', 'failureThreshold'],
  },
  openMs: {
    kind: duration,
    default: 30_000,
    about: 'How long it stays open before one attempt is let through as a probe.',
    alias: ['resetTimeoutMs', 'timeoutMs'],
  },
} satisfies OptionTable;

const managedServer: Kind = either({ is: 'object', wanted: 'a server spec', fits: () => true }, anyFunction);

/** The options of a manager that a configuration file may have, beside those of its sessions. */
export const managerOwnOptions = {
  pool: { kind: optionsOf(poolOptions), about: 'Bounds and lifetimes of pooled sessions.' },
  retry: {
    kind: falseOr(retryOptions),
    byDefault: 'on',
    about: 'How `run` repeats what failed; `false` never does.',
  },
  circuit: {
    kind: falseOr(circuitOptions),
    byDefault: 'on',
    about: 'When `run` stops asking a server that keeps failing; `false` never does.',
  },
  closeTimeoutMs: {
    kind: duration,
    default: 10_000,
    about: 'How long `close` waits for calls and runs under way before it ends them by force.',
  },
} satisfies OptionTable;

export const managerOptions = {
  ...sharedSessionOptions,
  servers: {
    kind: recordOf(managedServer, 'an object of server specs by name'),
    required: true,
    about: 'The servers by name.',
  },
  ...managerOwnOptions,
  concurrency: {
    kind: optionsOf(concurrencyOptions),
    about: 'How many servers may be coming up at a time; the others wait for their turn.',
  },
} satisfies OptionTable;

// An empty principal is somebody who was not looked up, and must not be everybody like that.
const principal = { principal: { kind: text, about: 'On whose behalf.' } } satisfies OptionTable;

export const managerOpenOptions = { ...openSessionOptions, ...principal } satisfies OptionTable;

export const acquireOptions = {
  ...principal,
  signal: { kind: abortSignal, about: 'Gives up waiting: `ABORTED`.', alias: ['abortSignal'] },
  timeoutMs: {
    kind: duration,
    byDefault: "the pool's `acquireTimeoutMs`",
    about: 'How long to wait for a session.',
    alias: ['timeout', 'acquireTimeoutMs'],
  },
} satisfies OptionTable;

export const runOptions = {
  ...principal,
  signal: { kind: abortSignal, about: 'Gives up: calls under way are cancelled.', alias: ['abortSignal'] },
  timeoutMs: {
    kind: timeLimit,
    default: Infinity,
    about: 'How long the whole may take, attempts and pauses together.',
    alias: ['timeout'],
  },
  attemptTimeoutMs: {
    kind: timeLimit,
    default: Infinity,
    about: 'How long one attempt may take once it has a session.',
  },
  acquireTimeoutMs: {
    kind: duration,
    byDefault: "the pool's `acquireTimeoutMs`",
    about: 'How long each attempt waits for a session.',
  },
  retry: {
    kind: falseOr(retryOptions),
    byDefault: "the manager's",
    about: "What differs from the manager's `retry`; `false` tries once.",
  },
} satisfies OptionTable;

export const checkHealthOptions = {
  ...principal,
  timeoutMs: {
    kind: timeLimit,
    default: Infinity,
    about: 'How long a check may take in all.',
    alias: ['timeout'],
  },
  signal: { kind: abortSignal, about: 'Gives up.', alias: ['abortSignal'] },
} satisfies OptionTable;
