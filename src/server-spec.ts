import type { Writable } from 'node:stream';
import type { AuthProvider, FetchLike, OAuthClientProvider, Transport } from '@modelcontextprotocol/client';

/** Says how one server is reached: data, or an object in this process. */
export type ServerSpec = StdioServerSpec | UrlServerSpec | InProcessServerSpec | CustomTransportSpec;

/** Options that may stand in the spec of one server; they win over those of its group or manager. */
export interface ServerSpecOptions {
  /**
   * How long a request may wait for its answer, in milliseconds, or `Infinity`; then it rejects with `TIMEOUT`.
   * @default 60000
   */
  timeoutMs?: number;
  /**
   * How long one attempt to connect may take, from start to a completed handshake, in milliseconds.
   * @default 30000
   */
  connectTimeoutMs?: number;
  /**
   * Which protocol to speak: the newest that the server knows (`auto`), the newest of an era (`legacy` with the stateful
   * `initialize` handshake, `modern` from 2026-07-28 on), or exactly one revision. With a server that does not speak it,
   * connecting fails with `CONNECT_FAILED`.
   * @default 'auto'
   */
  protocol?: ProtocolChoice;
  /**
   * What becomes of what the server sends although the protocol does not allow it: it is mended or left out by itself where
   * that is safe, and reported as a `problem` event (`lenient`), or the whole answer is an error, mostly `INVALID_RESULT`
   * (`strict`).
   * @default 'lenient'
   */
  checks?: 'lenient' | 'strict';
  /**
   * How a lost connection is replaced; with `false` the session is `failed` then, `true` is the defaults.
   * @default true
   */
  reconnect?: boolean | ReconnectOptions;
  /**
   * Whether a silent connection is pinged now and then, and replaced when it does not answer.
   * @default false
   */
  health?: boolean | HealthOptions;
}

/** Regular pings of a connection. None is sent when the server has sent anything since the last check. */
export interface HealthOptions {
  /**
   * Time from one check to the next, in milliseconds.
   * @default 30000
   */
  intervalMs?: number;
  /**
   * How long the answer to one check may take, in milliseconds.
   * @default 5000
   */
  timeoutMs?: number;
  /**
   * Failed checks in a row after which the connection is replaced.
   * @default 2
   */
  failures?: number;
}

/** The newest protocol that the server knows, one of an era, or a revision. */
export type ProtocolChoice =
  | 'auto'
  | 'legacy'
  | 'modern'
  | '2026-07-28'
  | '2025-11-25'
  | '2025-06-18'
  | '2025-03-26'
  | '2024-11-05'
  | '2024-10-07';

/** How a lost connection is replaced: first try at once, then exponential backoff with full jitter. */
export interface ReconnectOptions {
  /**
   * Attempts to connect, the first included, after which the session gives up and is `failed`.
   * @default Infinity
   */
  attempts?: number;
  /**
   * Upper bound of the delay before the second attempt, in milliseconds; it doubles with each attempt.
   * @default 250
   */
  delayMs?: number;
  /**
   * Upper bound of any delay, in milliseconds.
   * @default 30000
   */
  maxDelayMs?: number;
  /**
   * After how long a connection counts as stable, in milliseconds: when it is lost later, attempts and delays start over.
   * @default 60000
   */
  resetAfterMs?: number;
}

/** A process that speaks MCP on its standard input and output. */
export interface StdioServerSpec extends ServerSpecOptions {
  type?: 'stdio';
  /** The program: a path, or a name that is looked up on PATH. Never given to a shell. */
  command: string;
  /**
   * Arguments of the program.
   * @default []
   */
  args?: readonly string[];
  /** Environment variables of the process, in addition to those of `inheritEnv`. */
  env?: Readonly<Record<string, string>>;
  /**
   * The working directory of the process.
   * @default that of this process
   */
  cwd?: string | URL;
  /**
   * Which environment variables of this process the server gets: the minimal set (`false`), all (`true`), or the minimal
   * set and the named ones. The minimal set is HOME, LOGNAME, PATH, SHELL, TERM and USER, or what Windows has for them.
   * @default false
   */
  inheritEnv?: boolean | readonly string[];
  /**
   * Text encoding of both pipes. The case of the name does not matter, nor do its hyphens: `UTF-8` and `utf8` are the
   * same.
   * @default 'utf-8'
   */
  encoding?: 'utf-8' | 'utf-16le' | 'latin1' | 'utf8' | 'utf16le' | 'UTF-8' | 'UTF-16LE' | (string & {});
  /**
   * What to do with bytes that are not valid in `encoding`: report the line and drop it (`strict`), leave the
   * bytes out (`ignore`), or put U+FFFD in their place (`replace`).
   * @default 'strict'
   */
  encodingErrors?: 'strict' | 'ignore' | 'replace';
  /**
   * Where standard error goes: to `stderr` events (`capture`), to that of this process (`inherit`), nowhere (`ignore`), or
   * to a stream. Its last 64 KiB are kept for error messages, except with `inherit` and `ignore`.
   * @default 'capture'
   */
  stderr?: 'capture' | 'inherit' | 'ignore' | Writable;
  /**
   * The longest line accepted, in bytes; a longer one ends the connection.
   * @default 67108864
   */
  maxMessageBytes?: number;
  /**
   * At close: how long the process may take to exit after its standard input was closed, before SIGTERM, in milliseconds.
   * @default 2000
   */
  closeGraceMs?: number;
  /**
   * At close: how long the process may take to exit after SIGTERM, before SIGKILL, in milliseconds.
   * @default 2000
   */
  terminateGraceMs?: number;
}

/** A server behind a URL. */
export interface UrlServerSpec extends ServerSpecOptions {
  /**
   * The transport. Without it: WebSocket for `ws:` and `wss:`, else Streamable HTTP, or SSE when the server refuses that
   * as a server of the older HTTP+SSE transport does.
   */
  type?: 'http' | 'sse' | 'websocket';
  /** The address of the server, without user name and password. */
  url: string | URL;
  /** Headers of every request, or a function that returns them and is called before each connection. */
  headers?: HeadersSource;
  /** Credentials: from `mcp-plenum/auth`, or any that the official client accepts. Not for WebSocket. */
  auth?: ServerAuth | OAuthClientProvider;
  /** A `fetch` to use in place of the built-in pool; it must honour `redirect: 'manual'`. Not for WebSocket. */
  fetch?: FetchLike;
  /**
   * The HTTP proxy: `http://user:password@host:port`. Not taken from the environment, except by the command line. Not for
   * WebSocket, and not with `fetch`.
   */
  proxy?: string | URL;
  /** Certificates and keys, if the defaults of Node do not do. Not with `fetch`. */
  tls?: TlsOptions;
  /**
   * How long opening one connection to the host may take, in milliseconds.
   * @default 30000, or 5000 for SSE
   */
  openTimeoutMs?: number;
  /**
   * How long an event stream may stay silent, before it begins or while it is open, in milliseconds.
   * @default 300000
   */
  readTimeoutMs?: number;
  /**
   * Whether a stateful HTTP session is ended with a DELETE at close.
   * @default true
   */
  terminateSession?: boolean;
  /**
   * The largest message accepted, in bytes. A larger answer over HTTP fails its own request; any other larger
   * message ends the connection.
   * @default 67108864
   */
  maxMessageBytes?: number;
}

/** How a TLS connection is made, as `node:tls` takes it; texts are PEM. */
export interface TlsOptions {
  /** Authorities to trust in place of the well-known ones. */
  ca?: string | Buffer | readonly (string | Buffer)[];
  /** The certificate that we show, and its key. */
  cert?: string | Buffer;
  key?: string | Buffer;
  passphrase?: string;
  /** The name that the server's certificate must be for, if not the URL's. */
  servername?: string;
  /**
   * Whether a certificate that cannot be trusted ends the connection.
   * @default true
   */
  rejectUnauthorized?: boolean;
}

/** Credentials as the official client accepts them, with optional methods that those of `mcp-plenum/auth` have. */
export interface ServerAuth extends AuthProvider {
  /**
   * Returns the credentials for one server, so that no server gets those of another. Called for each session and each
   * connection.
   */
  forServer?(url: URL): ServerAuth;
  /** Wraps the `fetch` for this server, for credentials that are more than a header. */
  wrapFetch?(fetch: ConnectionFetch): FetchLike;
  /** Signs in; may ask a person. */
  authorize?(options?: AuthorizeOptions): Promise<void>;
  /** Whether a person may be asked to sign in without a call of `authorize()`. */
  readonly interactive?: boolean;
  /** Returns the same credentials, but ones that ask no person: used while connecting, which has a time limit. */
  unattended?(): ServerAuth;
  /** Calls `onSignedIn` once, when somebody has signed in after a token was refused or missing, in any process. */
  awaitSignIn?(onSignedIn: () => void): SignInWatch;
}

/** The `fetch` of one connection to a server, with the headers, certificates and proxy of its spec. */
export interface ConnectionFetch extends FetchLike {
  /**
   * Returns the same `fetch` with sockets of its own, which the end of the connection leaves open. The caller closes
   * it.
   */
  detach?(): DetachedFetch;
  /**
   * The IP addresses of the server that the latest sockets are connected to. Undefined where they are not known: with a
   * proxy, or with a `fetch` of the user's.
   */
  peerAddresses?(): readonly string[] | undefined;
}

/** A `fetch` that outlives the connection it was made from. */
export interface DetachedFetch {
  readonly fetch: FetchLike;
  /** Ends all its requests and closes its sockets. */
  close(): Promise<void>;
}

/** Options of `ServerAuth.authorize`. */
export interface AuthorizeOptions {
  /** Ends the wait for the login. */
  signal?: AbortSignal | undefined;
  /**
   * Whether to do nothing when there is a token that the server has not refused.
   * @default false
   */
  ifNeeded?: boolean | undefined;
}

/** The wait for a sign-in that `awaitSignIn` began. It ends after the callback, or with `stop`. */
export interface SignInWatch {
  /** Checks now whether somebody has signed in. */
  look(): Promise<void>;
  /** Ends the wait. */
  stop(): void;
}

/** Headers, or a function that returns them. */
export type HeadersSource =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/**
 * An official `McpServer` or `Server` in this process that is not connected yet; it serves one session at a time. A
 * function is called for each connection.
 */
export interface InProcessServerSpec extends ServerSpecOptions {
  server: InProcessServer | (() => InProcessServer | Promise<InProcessServer>);
}

/** What Plenum needs of a server in this process; the official `McpServer` and `Server` have it. */
export interface InProcessServer {
  connect(transport: Transport): Promise<void>;
  close(): Promise<void>;
}

/** Any other transport: the function is called for each connection. */
export interface CustomTransportSpec extends ServerSpecOptions {
  transport: () => Transport | Promise<Transport>;
}
