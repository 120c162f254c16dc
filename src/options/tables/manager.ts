import {
  abortSignal,
  anyFunction,
  count,
  duration,
  either,
  optionsOf,
  recordOf,
  switchOf,
  text,
  timeLimit,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import { concurrencyOptions, reconnectOptions } from './server.ts';
import { onEventOption, openSessionOptions, sharedSessionOptions } from './session.ts';

export const poolOptions = {
  max: {
    kind: count(1),
    default: 64,
    about: 'How many pooled sessions there may be in all, opening and closing ones included.',
  },
  maxPerServer: {
    kind: count(1),
    default: 8,
    about: 'How many pooled sessions of one server there may be, for all principals together.',
    alias: ['maxPerUser', 'maxPerHost', 'maxPerPrincipal'],
  },
  maxWaiting: {
    kind: count(0),
    default: 1_000,
    about:
      'How many callers may wait for a session of one server; a further one is rejected with `POOL_EXHAUSTED`.',
  },
  acquireTimeoutMs: {
    kind: duration,
    default: 30_000,
    about: 'How long a caller waits for a session, unless its own `timeoutMs` is given.',
  },
  idleMs: {
    kind: duration,
    default: 60_000,
    about: 'How long an idle session is kept; `Infinity` for ever.',
  },
  maxAgeMs: {
    kind: duration,
    default: Infinity,
    about: 'How old a session may be when it is leased or given back; an older one is closed.',
  },
  checkAfterMs: {
    kind: duration,
    default: 30_000,
    about: 'A session that was idle for longer is pinged before it is leased.',
  },
  leasesPerSession: {
    kind: count(1),
    default: 1,
    about: 'How many leases may share one session of a server that speaks 2026-07-28.',
  },
  reportLeasesAfterMs: {
    kind: duration,
    default: Infinity,
    about: 'A lease that is held for longer is reported once, with the stack of its `acquire`.',
  },
} satisfies OptionTable;

export const retryOptions = {
  attempts: {
    kind: count(1),
    default: 3,
    about: 'How many attempts there may be, the first included.',
    alias: ['retries', 'maxRetries', 'tries'],
  },
  delayMs: reconnectOptions.delayMs,
  maxDelayMs: { kind: duration, default: 10_000, about: 'Upper bound of any delay.', alias: ['maxDelay'] },
  deadlineMs: {
    kind: duration,
    default: Infinity,
    about: 'No attempt starts later than this after the start of the run.',
  },
  retryIf: {
    kind: anyFunction,
    byDefault: 'no connection, a lost one, or `retryAfterMs`',
    about: 'Whether to try again after an error.',
    alias: ['shouldRetry'],
  },
} satisfies OptionTable;

export const circuitOptions = {
  failures: {
    kind: count(1),
    default: 5,
    about:
      'After how many connection failures in a row the circuit opens; results and errors of tools are not counted.',
    alias: ['threshold', 'failureThreshold'],
  },
  openMs: {
    kind: duration,
    default: 30_000,
    about: 'How long the circuit stays open before one attempt is allowed as a probe.',
    alias: ['resetTimeoutMs', 'timeoutMs'],
  },
} satisfies OptionTable;

const managedServer: Kind = either({ is: 'object', wanted: 'a server spec', fits: () => true }, anyFunction);

/** The options of a manager that a configuration file may have, beside those of its sessions. */
export const managerOwnOptions = {
  pool: { kind: optionsOf(poolOptions), about: 'Bounds and lifetimes of pooled sessions.' },
  retry: {
    kind: switchOf(retryOptions),
    byDefault: 'on',
    about: 'When and how often `run` tries again; `false` tries once.',
  },
  circuit: {
    kind: switchOf(circuitOptions),
    byDefault: 'on',
    about: 'When `run` refuses to use a server that keeps failing; `false` for never.',
  },
  closeTimeoutMs: {
    kind: duration,
    default: 10_000,
    about: 'How long `close` waits for calls and runs in progress before it fails them.',
  },
} satisfies OptionTable;

export const managerOptions = {
  ...sharedSessionOptions,
  ...onEventOption,
  servers: {
    kind: recordOf(managedServer, 'an object of server specs by name'),
    byDefault: 'none',
    about: 'The servers by name.',
  },
  ...managerOwnOptions,
  concurrency: {
    kind: optionsOf(concurrencyOptions),
    about: 'How many servers may connect at a time; the others wait for their turn.',
  },
} satisfies OptionTable;

// An empty principal is somebody who was not looked up, and must not be everybody like that.
const principal = {
  principal: { kind: text, about: 'The principal, such as a user, that the session is for.' },
} satisfies OptionTable;

export const managerOpenOptions = { ...openSessionOptions, ...principal } satisfies OptionTable;

export const acquireOptions = {
  ...principal,
  signal: { kind: abortSignal, about: 'Ends the wait: it rejects with `ABORTED`.', alias: ['abortSignal'] },
  timeoutMs: {
    kind: duration,
    byDefault: "the pool's `acquireTimeoutMs`",
    about: 'How long to wait for a session.',
    alias: ['timeout', 'acquireTimeoutMs'],
  },
} satisfies OptionTable;

export const runOptions = {
  ...principal,
  signal: { kind: abortSignal, about: 'Cancels the run and its calls in flight.', alias: ['abortSignal'] },
  timeoutMs: {
    kind: timeLimit,
    default: Infinity,
    about: 'How long the run may take in all, with all attempts and delays.',
    alias: ['timeout'],
  },
  attemptTimeoutMs: {
    kind: timeLimit,
    default: Infinity,
    about: 'How long one attempt may take after it has acquired a session.',
  },
  acquireTimeoutMs: {
    kind: duration,
    byDefault: "the pool's `acquireTimeoutMs`",
    about: 'How long each attempt waits for a session.',
  },
  retry: {
    kind: switchOf(retryOptions),
    byDefault: "the manager's",
    about: "Overrides fields of the manager's `retry`; `false` tries once.",
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
  signal: { kind: abortSignal, about: 'Cancels the checks.', alias: ['abortSignal'] },
} satisfies OptionTable;
