import {
  anyFunction,
  count,
  duration,
  either,
  flag,
  globs,
  listOf,
  literal,
  number,
  objectThat,
  objectWith,
  oneOf,
  oneOfSpelt,
  optionsOf,
  recordOf,
  string,
  switchOf,
  text,
  texts,
  textsByName,
  textThat,
  timeLimit,
  urlObject,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import { encodingOf } from '../../internal/encodings.ts';
import { authInFile } from './auth.ts';

/** Revisions of the stateful era, by the `initialize` handshake, the newest first. */
export const LEGACY_REVISIONS = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
] as const;

/** Revisions of the stateless era, the newest first. */
export const MODERN_REVISIONS = ['2026-07-28'] as const;

/**
 * Headers that no client passes on to a server: what shows who it is, what belongs to a connection or to a body, what web
 * pages are judged by, and what the protocol has.
 */
const NEVER_FORWARDED =
  /^(?:(?:proxy-)?authorization|(?:proxy-|www-)?authenticate|authentication-info|dpop|(?:set-)?cookie2?|x-(?:api-key|csrf-token|xsrf-token)|host|origin|referer|forwarded|connection|proxy-connection|keep-alive|te|trailer|transfer-encoding|upgrade|http2-settings|expect|content-.*|accept|accept-encoding|range|if-.*|last-event-id|mcp-.*|sec-.*|:.*)$/i;

const headerToForward = textThat((given) => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(given)) return 'the name of a header, such as "X-Tenant"';
  return NEVER_FORWARDED.test(given)
    ? 'the name of a header that neither shows who a client is nor belongs to a connection or to MCP'
    : undefined;
});

export const reconnectOptions = {
  attempts: {
    kind: count(1),
    default: Infinity,
    about: 'Attempts to connect, the first included, after which the session is `failed`.',
    alias: ['retries', 'maxRetries', 'tries'],
  },
  delayMs: {
    kind: duration,
    default: 250,
    about: 'Upper bound of the delay before the second attempt; it doubles with each attempt.',
    alias: ['delay', 'initialDelay', 'minDelayMs'],
  },
  maxDelayMs: { kind: duration, default: 30_000, about: 'Upper bound of any delay.', alias: ['maxDelay'] },
  resetAfterMs: {
    kind: duration,
    default: 60_000,
    about: 'When a connection that lasted this long is lost, attempts and delays start over.',
  },
} satisfies OptionTable;

export const healthOptions = {
  intervalMs: {
    kind: count(1),
    default: 30_000,
    about: 'Time from one check to the next, in milliseconds.',
    alias: ['interval'],
  },
  timeoutMs: { kind: timeLimit, default: 5_000, about: 'How long the answer to one check may take.' },
  failures: {
    kind: count(1),
    default: 2,
    about: 'Failed checks in a row after which the connection is replaced.',
  },
} satisfies OptionTable;

/** Options that may stand in a spec, in the options of a session, and in those of a group or manager for all servers. */
export const serverSpecOptions = {
  timeoutMs: {
    kind: timeLimit,
    default: 60_000,
    about: 'How long a request may wait for its answer; `Infinity` for ever.',
    alias: ['timeout', 'requestTimeout'],
  },
  connectTimeoutMs: {
    kind: timeLimit,
    default: 30_000,
    about: 'How long one attempt to connect may take, handshake included.',
    alias: ['connectTimeout'],
  },
  protocol: {
    kind: oneOf('auto', 'legacy', 'modern', ...MODERN_REVISIONS, ...LEGACY_REVISIONS),
    default: 'auto' as const,
    about:
      'The newest protocol that the server knows (`auto`), one of an era (`legacy` with the `initialize` handshake, `modern` from 2026-07-28 on), or exactly one revision.',
    alias: ['protocolVersion', 'era'],
    catalog: true,
  },
  checks: {
    kind: oneOf('lenient', 'strict'),
    default: 'lenient' as const,
    about:
      'Whether what the server sends that the protocol does not allow is mended or left out where that is safe, and reported (`lenient`), or is an error (`strict`).',
    alias: ['validation', 'strictness'],
    catalog: true,
  },
  reconnect: {
    kind: switchOf(reconnectOptions),
    byDefault: 'on',
    about: 'How a lost connection is replaced; with `false` the session is `failed` then.',
    alias: ['reconnection', 'autoReconnect'],
  },
  health: {
    kind: switchOf(healthOptions),
    default: false,
    about:
      'Whether a connection on which nothing came is pinged regularly, and replaced when there is no answer.',
    alias: ['healthCheck', 'keepAlive'],
  },
} satisfies OptionTable;

/** How a process is started and spoken to. */
export const stdioSpec = {
  type: { kind: oneOf('stdio'), about: 'The transport.' },
  command: {
    kind: text,
    required: true,
    about: 'The program: a path, or a name that is looked up on PATH; never given to a shell.',
    catalog: true,
  },
  args: { kind: texts, about: 'Arguments, passed as they are.', catalog: true },
  env: {
    kind: textsByName,
    about: 'Variables added to the minimal environment of the process.',
    catalog: true,
    file: recordOf(either(string, number, flag, literal(null)), 'an object of strings'),
  },
  cwd: { kind: either(text, urlObject), about: 'The working directory.', catalog: true },
  inheritEnv: {
    kind: either(flag, texts),
    default: false,
    about:
      "Which of this program's own variables the process gets: the minimal set (`false`), all (`true`), or the minimal set and the named ones.",
    catalog: true,
  },
  encoding: {
    kind: oneOfSpelt(encodingOf, 'utf-8', 'utf-16le', 'latin1'),
    default: 'utf-8',
    about: 'Text encoding of both pipes; the case of the name and its hyphens do not matter.',
    catalog: true,
  },
  encodingErrors: {
    kind: oneOf('strict', 'ignore', 'replace'),
    default: 'strict',
    about:
      'What to do with bytes that are not valid: report the line and drop it, leave them out, or put U+FFFD in their place.',
  },
  stderr: {
    kind: either(oneOf('capture', 'inherit', 'ignore'), objectWith('a stream', 'write', 'end')),
    default: 'capture',
    about: 'Where standard error goes; what is captured is kept for error messages and offered as events.',
  },
  maxMessageBytes: {
    kind: count(1, 'bytes'),
    default: 67_108_864,
    about: 'The largest message accepted.',
  },
  closeGraceMs: {
    kind: duration,
    default: 2_000,
    about: 'At close: how long the process may take to exit after its standard input was closed.',
  },
  terminateGraceMs: {
    kind: duration,
    default: 2_000,
    about: 'At close: how long the process may take to exit after SIGTERM, before SIGKILL.',
  },
} satisfies OptionTable;

/** A text, or the bytes of one. */
export const pem: Kind = either(
  string,
  objectThat('a Buffer', (value) => value instanceof Uint8Array),
);

export const tlsOptions = {
  ca: {
    kind: either(pem, listOf(pem, 'an array of them')),
    about: 'Authorities to trust in place of the well-known ones, as PEM.',
  },
  cert: { kind: pem, about: 'The certificate that this program shows, as PEM.' },
  key: { kind: pem, about: 'Its key, as PEM.' },
  passphrase: { kind: string, about: 'What the key is encrypted with.' },
  servername: {
    kind: string,
    about: "The name that the server's certificate must be for, if not the URL's.",
  },
  rejectUnauthorized: {
    kind: flag,
    default: true,
    about: 'Whether a certificate that cannot be trusted ends the connection.',
  },
} satisfies OptionTable;

/** The address of a server, and that of a proxy, as texts. */
export const serverUrl = textThat(serverUrlRule);
export const proxyUrl = textThat(proxyRule);

/** How a server behind a URL is reached. */
export const urlSpec = {
  type: {
    kind: oneOf('http', 'sse', 'websocket'),
    byDefault: 'from the URL',
    about:
      'The transport; without it WebSocket for `ws:` and `wss:`, else Streamable HTTP, and SSE when the server answers as an old one does.',
    catalog: true,
  },
  url: {
    kind: either(serverUrl, urlObject),
    required: true,
    about: 'Where the server is: http:, https:, ws: or wss:, without user name and password.',
    catalog: true,
    file: serverUrl,
  },
  headers: {
    kind: either(textsByName, anyFunction),
    about: 'Headers of every request, or a function that returns them and is called before each connection.',
    catalog: true,
    file: textsByName,
  },
  auth: {
    kind: objectThat(
      'credentials: what bearer() or oauth() returned, or a provider of the official client',
      (value) =>
        ['token', 'tokens', 'forServer'].some((method) => typeof Reflect.get(value, method) === 'function'),
    ),
    about: 'Credentials for the server; not for WebSocket.',
    catalog: true,
    file: authInFile,
  },
  fetch: {
    kind: anyFunction,
    byDefault: 'the built-in pool',
    about: "A `fetch` to use; it must honour `redirect: 'manual'`.",
    catalog: true,
  },
  proxy: {
    kind: either(proxyUrl, urlObject),
    about: 'The HTTP proxy to go through, http: or https:; not for WebSocket, nor beside `fetch`.',
  },
  tls: {
    kind: optionsOf(tlsOptions),
    about: 'Certificates, for servers that need more than the well-known authorities; not beside `fetch`.',
    catalog: true,
    file: false,
  },
  openTimeoutMs: {
    kind: timeLimit,
    byDefault: '30000, or 5000 for SSE',
    about: 'How long opening one connection to the host may take.',
  },
  readTimeoutMs: {
    kind: timeLimit,
    default: 300_000,
    about: 'How long an event stream may stay silent, before it begins or while it is open.',
  },
  terminateSession: {
    kind: flag,
    default: true,
    about: 'Whether a stateful HTTP session is ended with a DELETE at close.',
  },
  maxMessageBytes: {
    kind: count(1, 'bytes'),
    default: 67_108_864,
    about: 'The largest message accepted.',
  },
} satisfies OptionTable;

/** The rule that the URL of a server breaks, if it does. */
function serverUrlRule(url: string): string | undefined {
  if (!URL.canParse(url)) return 'a whole URL: "https://…"';
  const { protocol, username, password } = new URL(url);
  if (!/^(https?|wss?):$/.test(protocol)) return 'a URL that begins with http:, https:, ws: or wss:';
  if (username === '' && password === '') return undefined;
  return 'a URL without user name and password, which would show up in messages: "headers" and "auth" are for them';
}

/** Not shown: it may hold a password. */
function proxyRule(url: string): string | undefined {
  const { protocol = '' } = URL.canParse(url) ? new URL(url) : {};
  return protocol === 'http:' || protocol === 'https:' ? undefined : 'the http: or https: URL of a proxy';
}

const inProcessServer = objectWith('an McpServer or Server, with connect() and close()', 'connect', 'close');

/** An official server in this process. */
export const inProcessSpec = {
  server: {
    kind: either(inProcessServer, anyFunction),
    required: true,
    about:
      'An official `McpServer` or `Server`, not yet connected, or a function that makes one for each connection.',
    catalog: true,
  },
} satisfies OptionTable;

/** Any other transport. */
export const transportSpec = {
  transport: {
    kind: anyFunction,
    required: true,
    about: 'Returns a new transport for each connection.',
    catalog: true,
  },
} satisfies OptionTable;

export const lazyOptions = {
  connect: {
    kind: oneOf('if-unknown', 'never'),
    default: 'if-unknown',
    about:
      'Whether a server that the catalog cache does not know is opened once, to see what it offers; with `never` it offers nothing until something else opens it.',
  },
  idleMs: {
    kind: duration,
    default: 300_000,
    about: 'How long the server is kept without calls; `Infinity` for ever.',
  },
} satisfies OptionTable;

/** How exposed names are made. */
export const namingKind: Kind = either(oneOf('prefixed', 'bare'), anyFunction);

/** What a group is told about one of its servers. A manager takes them, too, so that both can be given one file. */
export const groupServerOptions = {
  lazy: {
    kind: switchOf(lazyOptions),
    default: false,
    about:
      'Whether the server is up only while it is used: opened by the first call that needs it, closed when it was not used for a while.',
  },
  naming: {
    kind: namingKind,
    byDefault: "the group's",
    about: "How this server's tools and prompts are named.",
  },
  allow: {
    kind: globs,
    byDefault: 'all of them',
    about: "Globs over the server's own names for its tools: only what one of them matches is offered.",
    alias: ['include', 'allowed', 'enabledTools', 'includeTools'],
  },
  deny: {
    kind: globs,
    byDefault: 'none',
    about:
      "Globs over the server's own names for its tools: what one of them matches is not offered; wins over `allow`.",
    alias: ['exclude', 'denied', 'disabledTools', 'excludeTools'],
  },
  isolation: {
    kind: oneOf('client', 'principal', 'shared'),
    default: 'client',
    about:
      'In a gateway, who shares one session with this server: nobody (`client`), the clients of one principal (`principal`), or all clients (`shared`).',
  },
  upstreamAuth: {
    kind: oneOf('gateway', 'user'),
    default: 'gateway',
    about:
      'In a gateway, whose credentials this server is sent: those of `auth` for everybody (`gateway`), or those of each principal, who signs in once for all servers of an issuer (`user`).',
  },
  forwardHeaders: {
    kind: listOf(headerToForward, 'a list of names of headers'),
    byDefault: 'none',
    about:
      "In a gateway, headers of a client's requests that this server gets, too. Clients whose values differ share no session.",
  },
} satisfies OptionTable;

export const concurrencyOptions = {
  processes: {
    kind: count(1),
    byDefault: '16 for each core, 32 when they come up quickly',
    about: 'How many processes may be starting at a time.',
  },
  remote: {
    kind: count(1),
    default: 128,
    about: 'How many servers behind a URL may be connecting at a time.',
  },
} satisfies OptionTable;
