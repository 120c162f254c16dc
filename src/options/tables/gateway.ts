import {
  abortSignal,
  anyFunction,
  count,
  duration,
  either,
  flag,
  listOf,
  objectThat,
  objectWith,
  optionsOf,
  port,
  recordOf,
  text,
  textThat,
  timeLimit,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import { fileTokenStoreOptions } from './auth.ts';
import { gatewayAuditOptions } from './gateway-audit.ts';
import { gatewayAuthOptions } from './gateway-auth.ts';
import { gatewayClusterOptions } from './gateway-cluster.ts';
import { clientRuleOptions } from './gateway-clients.ts';
import { groupOptions } from './group.ts';
import { groupServerOptions, pem } from './server.ts';
import { sharedSessionOptions } from './session.ts';

/** What a gateway is given as a server, as a parameter: its parts are checked by themselves. */
export const givenServer: Kind = either(
  anyFunction,
  objectThat('a server', () => true),
);

export const knownIdentity: Kind = objectThat(
  'an identity such as { principal }',
  (value) => typeof Reflect.get(value, 'principal') === 'string',
);

export const webRequest: Kind = objectThat('a Request', (value) => {
  const { url, method, headers }: { url?: unknown; method?: unknown; headers?: unknown } =
    value as Partial<Request>;
  return (
    typeof url === 'string' &&
    typeof method === 'string' &&
    typeof headers === 'object' &&
    headers !== null &&
    typeof Reflect.get(headers, 'get') === 'function'
  );
});

export const gatewayStdioOptions = {
  input: {
    kind: objectWith('a readable stream', 'on', 'read'),
    byDefault: '`process.stdin`',
    about: 'What the client writes.',
  },
  output: {
    kind: objectWith('a writable stream', 'on', 'write'),
    byDefault: '`process.stdout`',
    about: 'What the client reads.',
  },
} satisfies OptionTable;

export const gatewayDrainOptions = {
  timeoutMs: { kind: duration, default: 10_000, about: 'How long calls in progress are waited for.' },
} satisfies OptionTable;

/** What a server has beside its spec and its session options. */
export const gatewayServerOptions = {
  naming: groupServerOptions.naming,
  allow: groupServerOptions.allow,
  deny: groupServerOptions.deny,
  isolation: groupServerOptions.isolation,
  upstreamAuth: groupServerOptions.upstreamAuth,
  forwardHeaders: groupServerOptions.forwardHeaders,
} satisfies OptionTable;

export const gatewaySessionOptions = {
  idleMs: {
    kind: duration,
    default: 1_800_000,
    about: 'How long a session is kept without a request and without an open stream; `Infinity` for ever.',
  },
  max: {
    kind: count(1),
    default: 10_000,
    about: 'How many sessions there may be; a further `initialize` is answered with 503.',
  },
  maxPerPrincipal: {
    kind: count(1),
    default: 1_000,
    about: 'How many sessions one principal may have; a further `initialize` is answered with 429.',
  },
  maxEventBytes: {
    kind: count(0, 'bytes'),
    default: 262_144,
    about: 'How much of what was sent is kept for each session, so that a stream that broke can be resumed.',
  },
} satisfies OptionTable;

export const gatewayLimitOptions = {
  bodyBytes: {
    kind: count(1, 'bytes'),
    default: 4_194_304,
    about: 'The largest body of a request, and over stdio the longest line.',
  },
  headersMs: {
    kind: timeLimit,
    default: 30_000,
    about: 'How long the head of a request may take to come in; for `listen`, as the next three.',
  },
  requestMs: { kind: timeLimit, default: 60_000, about: 'How long a whole request may take to come in.' },
  keepAliveMs: {
    kind: timeLimit,
    default: 75_000,
    about: 'How long a connection is kept without a request.',
  },
  connections: {
    kind: count(1),
    default: 10_000,
    about: 'How many connections there may be; further ones are closed at once.',
  },
  upstreamSessions: {
    kind: count(1),
    default: 256,
    about: 'How many sessions with servers there may be in all.',
  },
  upstreamSessionsPerServer: {
    kind: count(1),
    default: 64,
    about: 'How many sessions with one server there may be.',
  },
  upstreamIdleMs: {
    kind: duration,
    default: 600_000,
    about: "How long a client's session with a server is kept without a call; `Infinity` for ever.",
  },
  parkedCalls: {
    kind: count(0),
    default: 1_000,
    about: "How many calls may wait for a client's answer to `input_required`.",
  },
  parkedMs: {
    kind: duration,
    default: 600_000,
    about:
      'How long a call waits for such an answer, and how long a client may take to answer what it is asked in a call.',
  },
  subscriptions: { kind: count(0), default: 1_000, about: 'How many resources one client may subscribe to.' },
  pageSize: { kind: count(1), default: 500, about: 'How many entries one page of a list has.' },
} satisfies OptionTable;

const path = textThat((given) =>
  /^\/[^?#\s]*$/.test(given) ? undefined : 'a path that begins with "/", such as "/mcp"',
);

export const listenOptions = {
  port: { kind: port, default: 8_931, about: 'The port, or 0 for any that is free.' },
  host: {
    kind: text,
    default: '127.0.0.1',
    about: 'The address to listen on. Other than loopback addresses need `auth`.',
  },
  path: { kind: path, default: '/mcp', about: 'The path of the endpoint.' },
} satisfies OptionTable;

const hostName = textThat((given) =>
  /^(\[[\da-f:.]+\]|[^\s/:@]+)$/i.test(given)
    ? undefined
    : 'a host name without scheme, port and path, such as "mcp.example.com"',
);

const origin = textThat((given) =>
  URL.canParse(given) && new URL(given).origin === given
    ? undefined
    : 'an origin without path, such as "https://app.example.com"',
);

export const gatewayTlsOptions = {
  key: { kind: pem, required: true, about: 'The key, as PEM, or the path of a file that holds it.' },
  cert: {
    kind: pem,
    required: true,
    about:
      'The certificate, with those between it and the authority, as PEM, or the path of a file that holds them.',
  },
} satisfies OptionTable;

/** A file can hold texts only. */
const gatewayTlsInFile = {
  key: { ...gatewayTlsOptions.key, kind: text },
  cert: { ...gatewayTlsOptions.cert, kind: text },
} satisfies OptionTable;

const serverInfoInFile = {
  name: { kind: text, required: true, about: 'The name.' },
  version: { kind: text, required: true, about: 'The version.' },
  title: { kind: text, about: 'What people are shown for the name.' },
} satisfies OptionTable;

export const gatewaySignInOptions = {
  file: {
    kind: text,
    byDefault: "a memory of the gateway's; `plenum serve` has a file in the folder for your data",
    about: 'The file in which the tokens of users are kept, for their owner alone (mode 0600).',
  },
  key: fileTokenStoreOptions.key,
  store: {
    kind: objectWith('a token store, such as fileTokenStore(path)', 'get', 'set', 'delete'),
    about: 'In place of a file: where the tokens of users are kept.',
  },
  url: {
    kind: textThat((given) =>
      URL.canParse(given) && /^https?:$/.test(new URL(given).protocol) ? undefined : 'an http or https URL',
    ),
    byDefault: 'the URL that the client used',
    about: 'The URL of the endpoint as browsers know it; the pages of sign-ins are below it.',
  },
  identify: {
    kind: anyFunction,
    about:
      'Says which principal uses a browser, by what it shows; only that one can sign in then. Without it the page asks the user.',
  },
  timeoutMs: { kind: timeLimit, default: 300_000, about: 'How long a user may take to sign in.' },
  max: {
    kind: count(1),
    default: 1_000,
    about: 'How many sign-ins may be open at a time; each principal has one for a server at most.',
  },
} satisfies OptionTable;

const anyServer: Kind = objectThat('a server spec', () => true);

export const gatewayOptions = {
  servers: {
    kind: recordOf(anyServer, 'an object of server specs by name'),
    about: 'The servers by name. Either these or `group`.',
  },
  group: {
    kind: objectWith('a SessionGroup', 'callTool', 'session', 'events'),
    about: 'A group that is open already: the gateway does not close it, and all clients share its sessions.',
  },
  naming: groupOptions.naming,
  signIn: {
    kind: optionsOf(gatewaySignInOptions),
    about: 'How users sign in to servers with `upstreamAuth: "user"`.',
  },
  audit: {
    kind: optionsOf(gatewayAuditOptions),
    about: 'Where each call of a tool, prompt or resource is noted.',
  },
  auth: {
    kind: optionsOf(gatewayAuthOptions),
    about:
      'Who may come in. Without it the gateway listens on loopback addresses only, and all clients are one principal.',
  },
  cluster: {
    kind: optionsOf(gatewayClusterOptions),
    about: 'Makes several gateways one, which share what they keep in Redis 7.',
  },
  clients: {
    kind: listOf(
      optionsOf(clientRuleOptions, 'an object of what clients may see and do'),
      'an array of rules for clients',
    ),
    byDefault: 'every client may see and do everything',
    about:
      'What clients may see and do: the first rule counts that is for a client. One that none is for may do nothing.',
  },
  hosts: {
    kind: listOf(hostName, 'an array of host names'),
    byDefault: 'the loopback names and the host that `listen` is given',
    about: 'Host names that requests may be sent to, without port; requests to others are refused with 403.',
  },
  origins: {
    kind: listOf(origin, 'an array of origins'),
    byDefault: 'none',
    about:
      'Origins of web pages whose scripts may use the gateway, beside loopback ones, such as `https://app.example.com`.',
  },
  trustProxy: {
    kind: flag,
    default: false,
    about:
      'Whether there is one proxy before the gateway, whose `X-Forwarded-Host`, `-Proto` and `-For` say what the client sent. Else these headers count for nothing.',
  },
  tls: {
    kind: optionsOf(gatewayTlsOptions),
    file: optionsOf(gatewayTlsInFile),
    about: 'Makes `listen` speak HTTPS.',
  },
  serverInfo: {
    ...sharedSessionOptions.clientInfo,
    default: { name: 'mcp-plenum', version: '0.0.0' },
    file: optionsOf(serverInfoInFile),
    about: 'What clients are told the gateway is called.',
  },
  instructions: { kind: text, about: 'What clients are told of how to use the gateway.' },
  sessions: {
    kind: optionsOf(gatewaySessionOptions),
    about: 'Bounds of the sessions of clients that speak a revision before 2026-07-28.',
  },
  limits: { kind: optionsOf(gatewayLimitOptions), about: 'Bounds of everything else.' },
  catalogCache: {
    ...groupOptions.catalogCache,
    about: 'Where the catalogs of servers are cached, so that a process need not be started to be listed.',
  },
  concurrency: groupOptions.concurrency,
  lock: {
    ...sharedSessionOptions.lock,
    about: 'What was approved of servers: what differs is neither started, listed nor used, for no client.',
  },
  signal: {
    kind: abortSignal,
    about: 'Cancels starting; what was opened is closed, and `createGateway` rejects with `ABORTED`.',
    alias: ['abortSignal'],
  },
} satisfies OptionTable;
