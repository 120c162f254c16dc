import {
  abortSignal,
  anyFunction,
  count,
  flag,
  listOf,
  objectWith,
  oneOf,
  optionsOf,
  recordOf,
  text,
  texts,
  timeLimit,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import {
  concurrencyOptions,
  groupServerOptions,
  inProcessSpec,
  namingKind,
  serverSpecOptions,
  stdioSpec,
  transportSpec,
  urlSpec,
} from './server.ts';
import { onEventOption, sharedSessionOptions } from './session.ts';

/** Options that a spec of any kind may have beside its own. */
const besideSpec = { ...sharedSessionOptions, ...groupServerOptions } satisfies OptionTable;

/** Every option of a spec, by the one that says which kind of spec it is. */
export const specTables = {
  command: { ...besideSpec, ...stdioSpec },
  url: { ...besideSpec, ...urlSpec },
  server: { ...besideSpec, ...inProcessSpec },
  transport: { ...besideSpec, ...transportSpec },
} satisfies Readonly<Record<string, OptionTable>>;

const SPEC_SHAPES = ['command', 'url', 'server', 'transport'] as const;

/** A server of a group whose sessions come from elsewhere. */
export const sourcedSpec = {
  source: {
    kind: objectWith('an object with a method acquire(), as a SessionManager has', 'acquire'),
    required: true,
    about: 'Where sessions are leased from, such as a manager.',
    catalog: true,
  },
  server: {
    kind: text,
    byDefault: 'its name in the group',
    about: 'The name of the server in the source.',
    catalog: true,
  },
  principal: {
    kind: text,
    about: 'The principal to acquire sessions for, if the source separates principals.',
    catalog: true,
  },
  ...groupServerOptions,
  timeoutMs: serverSpecOptions.timeoutMs,
  connectTimeoutMs: serverSpecOptions.connectTimeoutMs,
  reconnect: serverSpecOptions.reconnect,
  health: serverSpecOptions.health,
  maxWaitingCalls: sharedSessionOptions.maxWaitingCalls,
} satisfies OptionTable;

const anyServer: Kind = { is: 'object', wanted: 'a server spec', fits: () => true };

export const groupOptions = {
  ...sharedSessionOptions,
  ...onEventOption,
  naming: {
    kind: namingKind,
    default: 'prefixed',
    about:
      'How tools and prompts are named: `server__tool`, as the server names them (`bare`), or by a function.',
  },
  concurrency: {
    kind: optionsOf(concurrencyOptions),
    about: 'How many servers may connect at a time; the others wait for their turn.',
  },
  catalogCache: {
    kind: objectWith('a cache, such as fileCatalogCache(path)', 'read', 'write'),
    byDefault: "a memory of the group's own",
    about: 'Where the catalogs of lazy servers are cached.',
  },
  interceptors: {
    kind: listOf(anyFunction, 'an array of functions'),
    byDefault: 'none',
    about: 'Functions around every tool call of the group, the outermost first.',
  },
} satisfies OptionTable;

export const groupConnectOptions = {
  ...groupOptions,
  servers: {
    kind: recordOf(anyServer, 'an object of server specs by name'),
    required: true,
    about: 'The servers by name.',
  },
  strict: {
    kind: flag,
    default: false,
    about: 'Whether connecting fails when one server is not ready in time.',
  },
  signal: {
    kind: abortSignal,
    about: 'Cancels connecting; what was opened is closed.',
    alias: ['abortSignal'],
  },
} satisfies OptionTable;

export const groupReconnectOptions = {
  failedOnly: { kind: flag, default: false, about: 'Only servers that are neither ready nor idle.' },
} satisfies OptionTable;

export const groupReadyOptions = {
  server: { kind: text, byDefault: 'all that there are', about: 'The name of one server.' },
  timeoutMs: {
    kind: timeLimit,
    default: 60_000,
    about: 'How long to wait; `Infinity` for ever.',
    alias: ['timeout'],
  },
  signal: { kind: abortSignal, about: 'Ends the wait: it rejects with `ABORTED`.', alias: ['abortSignal'] },
} satisfies OptionTable;

export const searchOptions = {
  limit: { kind: count(1), default: 10, about: 'The largest number of hits.', alias: ['max', 'top', 'topK'] },
  kinds: {
    kind: listOf(oneOf('tools', 'resources', 'resourceTemplates', 'prompts'), 'an array of kinds'),
    byDefault: 'all four kinds',
    about: 'Which kinds of entries to search.',
  },
  servers: {
    kind: texts,
    byDefault: 'all servers',
    about: 'The names of the servers whose entries to search.',
  },
} satisfies OptionTable;

export const memoryCacheBounds = {
  maxEntries: {
    kind: count(1),
    default: 1_000,
    about: "How many servers' catalogs are kept; the oldest make room.",
  },
} satisfies OptionTable;

export const catalogCacheBounds = {
  ...memoryCacheBounds,
  maxBytes: {
    kind: count(1, 'bytes'),
    default: 33_554_432,
    about: 'How many bytes of JSON a file may have.',
  },
} satisfies OptionTable;

/** The options of one server, by the one that says what kind of server it is; undefined when none does. */
export function tableOfSpec(spec: object): OptionTable | undefined {
  if (Reflect.get(spec, 'source') !== undefined) return sourcedSpec;
  const shape = SPEC_SHAPES.find((name) => Reflect.get(spec, name) !== undefined);
  return shape === undefined ? undefined : specTables[shape];
}
