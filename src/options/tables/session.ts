import {
  abortSignal,
  anyFunction,
  callerMeta,
  count,
  either,
  flag,
  objectThat,
  objectWith,
  oneOf,
  optionsOf,
  text,
  string,
  timeLimit,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import { serverSpecOptions } from './server.ts';

/** Data that is passed on to a server as it is. */
const anyData: Kind = objectThat('an object', (value) => !Array.isArray(value));

export const handlerOptions = {
  onSampling: {
    kind: anyFunction,
    about: "Answers a server that asks for a completion by the client's model.",
    catalog: true,
  },
  onElicitation: {
    kind: anyFunction,
    about: 'Answers a server that asks the user, by form or by URL.',
    catalog: true,
  },
  onRoots: {
    kind: anyFunction,
    about: 'Answers a server that asks which folders or URIs it may work in.',
    catalog: true,
  },
  onLog: { kind: anyFunction, about: 'Called with each log message of a server.', catalog: true },
  onNotification: {
    kind: anyFunction,
    about: 'Called with each notification that Plenum does not handle itself.',
    catalog: true,
  },
  onMessage: {
    kind: anyFunction,
    about: 'Called with every notification and request of a server, and with faults of its connection.',
  },
} satisfies OptionTable;

export const serverRequestOptions = {
  concurrency: {
    kind: count(1),
    default: 10,
    about: 'How many requests of one kind the handlers answer at a time.',
  },
  maxWaiting: {
    kind: count(0),
    default: 100,
    about: 'How many further ones wait for their turn; one more is answered with an error at once.',
  },
} satisfies OptionTable;

export const eventBacklogOptions = {
  maxEvents: { kind: count(1), default: 10_000, about: 'How many events may wait for one reader.' },
  maxBytes: {
    kind: count(1, 'bytes'),
    default: 67_108_864,
    about:
      'How many bytes these events may have, by estimate; the newest event is kept, however large it is.',
  },
} satisfies OptionTable;

/** The options of a session but its name: what may also stand in a spec, in a group's options and in a manager's. */
export const sharedSessionOptions = {
  ...serverSpecOptions,
  clientInfo: {
    kind: objectThat(
      'an object with "name" and "version"',
      (value) => isName(Reflect.get(value, 'name')) && isName(Reflect.get(value, 'version')),
    ),
    byDefault: 'Plenum',
    about: 'The name and version of this program, which servers are told.',
    catalog: true,
    file: false,
  },
  capabilities: {
    kind: anyData,
    byDefault: 'from the handlers',
    about:
      'More to declare, such as `{ sampling: { tools: {} } }`; a capability without its handler is refused.',
    catalog: true,
    file: false,
  },
  maxWaitingCalls: { kind: count(0), default: 1_000, about: 'How many calls may wait for a connection.' },
  maxInputRounds: {
    kind: count(1),
    default: 10,
    about: 'How many `input_required` rounds one call may take (2026-07-28).',
  },
  maxPages: { kind: count(1), default: 1_000, about: 'How many pages one list may have.' },
  serverRequests: {
    kind: optionsOf(serverRequestOptions),
    byDefault: '10 at a time, 100 waiting',
    about: 'How many requests of one kind the server may have open; a further one is answered with an error.',
  },
  eventBacklog: {
    kind: optionsOf(eventBacklogOptions),
    byDefault: '10 000 events, 64 MiB',
    about: 'How far a reader of `events()` may fall behind before it loses the oldest events.',
  },
  lock: {
    kind: objectWith('a lock, such as fileLock(path)', 'open'),
    about: 'What was approved of servers: what differs is neither started, listed nor used.',
  },
  ...handlerOptions,
} satisfies OptionTable;

const nameOption = {
  name: { kind: text, byDefault: 'from the spec', about: "The server's name in errors and events." },
} satisfies OptionTable;

/** What is made of a spec and given to a session that opens it. */
export const sessionOptions = { ...nameOption, ...sharedSessionOptions } satisfies OptionTable;

export const signalOption = {
  signal: { kind: abortSignal, about: 'Cancels opening; what was opened is closed.', alias: ['abortSignal'] },
} satisfies OptionTable;

/** Sees the events of what it is given to, from the first one on. */
export const onEventOption = {
  onEvent: { kind: anyFunction, about: 'Called with each event, from the very first one.' },
} satisfies OptionTable;

export const openSessionOptions = {
  ...sessionOptions,
  ...signalOption,
  ...onEventOption,
} satisfies OptionTable;

/** Options of one server beside its spec, as `group.add` takes them. */
export const addOptions = { ...sharedSessionOptions, ...signalOption } satisfies OptionTable;

export const callOptions = {
  timeoutMs: {
    kind: timeLimit,
    byDefault: "the session's",
    about: 'How long the answer may take; `Infinity` for ever.',
    alias: ['timeout', 'requestTimeout'],
  },
  maxTotalTimeoutMs: {
    kind: timeLimit,
    default: Infinity,
    about: 'How long the call may take in all, also when progress restarts `timeoutMs`.',
    alias: ['maxTotalTimeout'],
  },
  resetTimeoutOnProgress: {
    kind: flag,
    default: false,
    about: 'Whether a progress notification restarts `timeoutMs`.',
  },
  signal: {
    kind: abortSignal,
    about: 'Cancels the request: the server is told, and the call rejects with `ABORTED`.',
    alias: ['abortSignal'],
  },
  onProgress: { kind: anyFunction, about: 'Called with each progress notification for this request.' },
  meta: {
    kind: callerMeta,
    about: "Sent as the request's `_meta`; the protocol's own keys, such as `progressToken`, are refused.",
    alias: ['_meta'],
  },
  resumptionToken: {
    kind: string,
    about: 'Streamable HTTP: resumes the stream of an earlier request after this event id.',
  },
  onResumptionToken: {
    kind: anyFunction,
    about: 'Streamable HTTP: called with the event id from which this request could be resumed.',
  },
  allowInputRequired: {
    kind: flag,
    default: false,
    about:
      "2026-07-28: hands an `input_required` answer back instead of fulfilling it through the session's handlers.",
  },
  inputResponses: {
    kind: anyData,
    about: '2026-07-28: answers to an earlier `input_required` result, by its keys.',
  },
  requestState: {
    kind: string,
    about: '2026-07-28: the opaque state of an earlier `input_required` result.',
  },
} satisfies OptionTable;

export const pageOptions = {
  ...callOptions,
  cursor: {
    kind: string,
    byDefault: 'the first page',
    about: 'Which page: `nextCursor` of the one before it.',
  },
} satisfies OptionTable;

export const readOptions = {
  ...callOptions,
  cache: {
    kind: oneOf('use', 'refresh', 'bypass'),
    default: 'use',
    about:
      "Whether to use a fresh answer from the official client's cache, to refresh it, or to go past the cache.",
  },
} satisfies OptionTable;

export const requestOptions = {
  ...callOptions,
  schema: {
    kind: either(
      objectThat('a Standard Schema', (value) => '~standard' in value),
      anyFunction,
    ),
    about: 'Checks the result, a Standard Schema such as one of zod.',
  },
} satisfies OptionTable;

/** Names the server of a group when several could be meant. */
export const serverChoice = {
  server: { kind: text, about: 'Names the server when several offer the same resource.' },
} satisfies OptionTable;

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
