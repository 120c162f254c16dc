import type { Writable } from 'node:stream';
import type { AuthProvider, FetchLike, OAuthClientProvider, Transport } from '@modelcontextprotocol/client';

/** Says how one server is reached: data, or an object in this process. */
export type ServerSpec = StdioServerSpec | UrlServerSpec | InProcessServerSpec | CustomTransportSpec;

/** Options of one server that may stand beside the spec's own fields; they win over the group's. */
export interface ServerSpecOptions {
  /**
   * How long a request may wait for its answer, in milliseconds; `Infinity` for ever.
   * @default 60000
   */
  timeoutMs?: number;
  /**
   * How long one attempt to connect may take, from start to a completed handshake, in milliseconds.
   * @default 30000
   */
  connectTimeoutMs?: number;
  /**
   * Which protocol to speak: the newest that the server knows (`auto`), one of an era (`legacy` with the stateful
   * `initialize` handshake, `modern` from 2026-07-28 on), or exactly one revision. A server that does not speak it is
   * `CONNECT_FAILED`.
   * @default 'auto'
   */
  protocol?: ProtocolChoice;
  /**
   * How a lost connection is replaced; `false` leaves it lost.
   * @default {}
   */
  reconnect?: false | ReconnectOptions;
  /**
   * Whether a silent connection is pinged now and then, and replaced when it does not answer.
   * @default false
   */
  health?: boolean | HealthOptions;
}

/** Regular checks of a connection. One that was heard from since the last check is healthy without being asked. */
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
   * How long a connection must have been up for the delays to start over, in milliseconds.
   * @default 60000
   */
  resetAfterMs?: number;
}

/** A process that speaks MCP on its standard input and output. */
export interface StdioServerSpec extends ServerSpecOptions {
  type?: 'stdio';
  /** The program: a path, or a name that is looked up on PATH. Never given to a shell. */
  command: string;
  args?: readonly string[];
  /** Variables added to the child's environment. */
  env?: Readonly<Record<string, string>>;
  /** The child's working directory. */
  cwd?: string | URL;
  /**
   * Which of this process's variables the child gets: the minimal set (`false`), all (`true`), or the minimal
   * set and the named ones.
   * @default false
   */
  inheritEnv?: boolean | readonly string[];
  /**
   * Text encoding of both pipes, a label that `TextDecoder` knows. Only `utf-8`, `utf-16le` and `latin1` can be
   * written.
   * @default 'utf-8'
   */
  encoding?: 'utf-8' | 'utf-16le' | 'latin1';
  /**
   * What to do with bytes that are not valid in `encoding`: report the line and drop it (`strict`), leave the
   * bytes out (`ignore`), or put U+FFFD in their place (`replace`).
   * @default 'strict'
   */
  encodingErrors?: 'strict' | 'ignore' | 'replace';
  /**
   * Where standard error goes: kept for error messages and offered as events (`capture`), this process's own,
   * nowhere, or a stream. The last 64 KiB are kept for error messages except with `inherit` and `ignore`.
   * @default 'capture'
   */
  stderr?: 'capture' | 'inherit' | 'ignore' | Writable;
  /**
   * The longest line accepted, in bytes; a longer one ends the connection.
   * @default 67108864
   */
  maxMessageBytes?: number;
  /**
   * At close: how long the server may take to leave after its input was closed, in milliseconds.
   * @default 2000
   */
  closeGraceMs?: number;
  /**
   * At close: how long it may take after SIGTERM, before SIGKILL, in milliseconds.
   * @default 2000
   */
  terminateGraceMs?: number;
}

/** A server behind a URL. */
export interface UrlServerSpec extends ServerSpecOptions {
  /**
   * The transport. Without it: WebSocket for `ws:` and `wss:`, else Streamable HTTP, and SSE when the server
   * answers as an old one does.
   */
  type?: 'http' | 'sse' | 'websocket';
  url: string | URL;
  /** Headers of every request, fixed or asked for before each connection. */
  headers?: HeadersSource;
  /** Credentials: of `mcp-plenum/auth`, or as the official client takes them. Not for WebSocket. */
  auth?: ServerAuth | OAuthClientProvider;
  /** A `fetch` to use in place of the built-in pool; it must honour `redirect: 'manual'`. Not for WebSocket. */
  fetch?: FetchLike;
  /**
   * The HTTP proxy to go through: `http://user:password@host:port`. The command line takes it from the environment. Not
   * for WebSocket, nor beside `fetch`.
   */
  proxy?: string | URL;
  /** Certificates, for servers that need more than the well-known authorities. Not beside `fetch`. */
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

/** Credentials as the official client takes them, and what those of `mcp-plenum/auth` can do beyond. */
export interface ServerAuth extends AuthProvider {
  /** The credentials for one server; asked for with every connection, so that no server gets another's. */
  forServer?(url: URL): ServerAuth;
  /** Wraps the `fetch` that talks to the server, for what takes more than a header. */
  wrapFetch?(fetch: ConnectionFetch): FetchLike;
  /** Signs in, with a person where it takes one. */
  authorize?(options?: AuthorizeOptions): Promise<void>;
  /** Whether a person may be asked though nobody called `authorize()`. */
  readonly interactive?: boolean;
  /** The same credentials without leave to ask a person: a connection that is coming up is in a hurry. */
  unattended?(): ServerAuth;
  /** Calls back once, when somebody has signed in since a token was refused or missing, wherever that was. */
  awaitSignIn?(onSignedIn: () => void): SignInWatch;
}

/** The `fetch` of one connection to a server, with the headers, certificates and proxy of its spec. */
export interface ConnectionFetch extends FetchLike {
  /** The same with sockets of its own, which the end of the connection leaves open. The caller closes it. */
  detach?(): DetachedFetch;
  /**
   * IP addresses at the other ends of the sockets to the server, the last few. Undefined where they are not known: with
   * a proxy, or with a `fetch` of the user's.
   */
  peerAddresses?(): readonly string[] | undefined;
}

export interface DetachedFetch {
  readonly fetch: FetchLike;
  /** Ends every request and leaves no socket. */
  close(): Promise<void>;
}

export interface AuthorizeOptions {
  /** Gives up waiting. */
  signal?: AbortSignal | undefined;
  /**
   * Whether to do nothing when there is a token that no server refused.
   * @default false
   */
  ifNeeded?: boolean | undefined;
}

/** Somebody is waiting for a sign-in. Ends when it has called back. */
export interface SignInWatch {
  /** Looks now; resolves when it has. */
  look(): Promise<void>;
  stop(): void;
}

export type HeadersSource =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/**
 * An official `McpServer` or `Server` in this process, not yet connected; it serves one session at a time. A
 * function makes one for every connection.
 */
export interface InProcessServerSpec extends ServerSpecOptions {
  server: InProcessServer | (() => InProcessServer | Promise<InProcessServer>);
}

/** What Plenum needs of a server in this process; the official `McpServer` and `Server` have it. */
export interface InProcessServer {
  connect(transport: Transport): Promise<void>;
  close(): Promise<void>;
}

/** Any other transport: the function is called once for every connection. */
export interface CustomTransportSpec extends ServerSpecOptions {
  transport: () => Transport | Promise<Transport>;
}
