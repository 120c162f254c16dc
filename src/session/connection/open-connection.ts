import type { Client as OfficialClient, ClientOptions } from '@modelcontextprotocol/client';
import {
  asConnectFailed,
  echoed,
  endedWhileConnecting,
  handshakeTimedOut,
  versionNotAllowed,
  versionNotSpoken,
} from '../../errors/connect.ts';
import { aborted } from '../../errors/session-end.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { Limit, settledWithin, type Verdict } from '../../internal/limit.ts';
import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import type {
  FinalOutput,
  ManagedTransport,
  TransportContext,
  TransportEnd,
} from '../../transport/managed-transport.ts';
import { LEGACY_REVISIONS, MODERN_REVISIONS } from '../../options/tables/server.ts';
import type { ProtocolChoice } from '../../server-spec.ts';
import { loadOfficial, official } from '../../transport/official.ts';
import { ClientConnection } from './client-connection.ts';
import type { Connection, ConnectionMemory } from './connection.ts';
import { ConnectionTap } from './connection-tap.ts';
import { PROBE_SILENCE_MS } from './era-probe.ts';
import type { OddityLog } from '../../reading/oddities.ts';
import { ServerReader } from '../../reading/server-reader.ts';
import type { ResolvedSessionOptions } from '../session-options.ts';
import { connectData, translateError } from '../errors/translate-error.ts';

/** What is needed to make one connection. */
export interface ConnectionRequest {
  readonly server: string;
  readonly options: ResolvedSessionOptions;
  readonly memory: ConnectionMemory;
  /** Reports what is odd about what the server sends. */
  readonly oddities: OddityLog;
  readonly openTransport: (context: TransportContext) => Promise<ManagedTransport>;
  readonly context: Omit<TransportContext, 'server' | 'memory'>;
  /** Installs handlers on the new client, before it connects. */
  readonly prepare: (client: OfficialClient, tap: ConnectionTap) => void;
  /** Called once, when a connection that was returned ends for any reason but a close of ours. */
  readonly onEnd: (connection: Connection) => void;
  /** Cancels the attempt. */
  readonly signal: AbortSignal;
}

/**
 * How long a server that was taken for an older one and refused `initialize` may take to shake hands as one of 2026-07-28, in
 * milliseconds.
 */
const SECOND_THOUGHT_MS = 10_000;

/**
 * How long to wait for the exit of a process that has closed its standard input, before it is stopped, in milliseconds.
 */
const EXIT_WAIT_MS = 1_000;

/**
 * Opens a transport and completes the handshake, within `connectTimeoutMs`. A failed attempt leaves nothing
 * behind: no process, socket or timer.
 *
 * Rejects with `CONNECT_FAILED`, `AUTH_REQUIRED`, `CONFIG_INVALID`, `TIMEOUT`, or `ABORTED` when `signal` aborted.
 */
export async function openConnection(request: ConnectionRequest): Promise<Connection> {
  const startedAt = performance.now();
  const { memory, options } = request;
  const remembered = options.protocol === 'auto' ? memory.era : undefined;
  const attempt = new Attempt(request, remembered ?? options.protocol, startedAt);
  try {
    return await attempt.run();
  } catch (error) {
    if (remembered !== undefined) delete memory.era;
    if (options.protocol !== 'auto' || request.signal.aborted) throw error;
    // A slow or busy server of 2026-07-28 was taken for an older one, and does not know `initialize`.
    if (attempt.mayBeModern(error)) {
      const limitMs = attempt.isModern ? Infinity : SECOND_THOUGHT_MS;
      const modern = await new Attempt(request, 'modern', startedAt, limitMs)
        .run()
        .catch((second: unknown) => {
          throw attempt.isModern ? second : error;
        });
      // A process would be started twice for each connection.
      if (modern.pid !== undefined) memory.era = 'modern';
      return modern;
    }
    // Some older servers exit when they get any request before `initialize`: start the server again and send
    // `initialize` first (specification 2026-07-28, stdio, backward compatibility).
    if (!attempt.diedOfProbe) throw error;
    const connection = await new Attempt(request, 'legacy', startedAt).run();
    memory.era = 'legacy';
    return connection;
  }
}

/** One attempt to connect: one transport, one handshake. */
class Attempt {
  readonly #request: ConnectionRequest;
  readonly #protocol: ProtocolChoice;
  readonly #startedAt: number;
  readonly #limitMs: number;
  #transport: ManagedTransport | undefined;
  #tap: ConnectionTap | undefined;
  #isModern = false;
  /** Whether `run` has rejected. What `#connect` opens after that, it must close. */
  #givenUp = false;

  /** `limitMs`: how long it may take, in milliseconds, within the `connectTimeoutMs` that began at `startedAt`. */
  constructor(
    request: ConnectionRequest,
    protocol: ProtocolChoice,
    startedAt: number,
    limitMs: number = Infinity,
  ) {
    this.#request = request;
    this.#protocol = protocol;
    this.#startedAt = startedAt;
    this.#limitMs = limitMs;
  }

  /** Whether the server answered the era probe as one of 2026-07-28, after it was taken for an older one. */
  get isModern(): boolean {
    return this.#isModern;
  }

  /** Whether the server may be of 2026-07-28 although the attempt to greet it as an older one failed with `error`. */
  mayBeModern(error: unknown): boolean {
    if (this.#isModern) return true;
    // A process would be started again only to find out.
    if (this.#transport?.kind === 'stdio') return false;
    if (this.#tap?.eraProbe?.isGuess !== true || !(error instanceof PlenumError)) return false;
    if (error.code !== 'CONNECT_FAILED' || error.retryAfterMs !== undefined) return false;
    // The server, and not something on the way to it, has refused `initialize`.
    const status = isRecord(error.data) ? error.data['status'] : undefined;
    return typeof status === 'number' ? status >= 400 && status < 500 : error.rpcCode !== undefined;
  }

  /** Whether a process exited after the era probe without answering it. */
  get diedOfProbe(): boolean {
    return (
      this.#transport?.kind === 'stdio' && this.#transport.end !== undefined && this.#tap?.probe === 'sent'
    );
  }

  async run(): Promise<Connection> {
    const { options, signal } = this.#request;
    const work = this.#connect();
    const leftMs = options.connectTimeoutMs - (performance.now() - this.#startedAt);
    const limit = new Limit({ ms: Math.min(leftMs, this.#limitMs) }, signal);
    try {
      return await limit.hold(work);
    } catch (error) {
      limit.stop(); // A deadline or an abort that comes now is not the reason.
      this.#givenUp = true;
      work.then(
        (connection) => connection.destroy(),
        () => {},
      );
      if (error instanceof PlenumError && error.code === 'CONNECTION_LOST') await this.#waitForExit();
      const end = this.#transport?.end;
      const finalOutput = this.#transport?.finalOutput;
      await this.#transport?.destroy();
      this.#tap?.finish();
      await loadOfficial(); // `#explain` compares with the error classes of the official package.
      throw this.#explain(error, limit.verdict, end, finalOutput);
    } finally {
      limit.stop();
    }
  }

  /** A process that has closed its standard input is about to exit; its exit code and its stderr then say why. */
  async #waitForExit(): Promise<void> {
    if (this.#transport?.kind !== 'stdio' || this.#tap === undefined) return;
    await settledWithin(this.#tap.ended, EXIT_WAIT_MS, this.#request.signal);
  }

  async #connect(): Promise<Connection> {
    const { server, options, memory, oddities, openTransport, context, prepare, onEnd, signal } =
      this.#request;
    const loading = loadOfficial();
    loading.catch(() => {}); // It is awaited below, but not when opening the transport fails.
    const transport = await openTransport({ ...context, server, memory });
    this.#transport = transport;
    if (this.#givenUp) {
      await transport.destroy();
      throw signal.reason;
    }
    const isProcess = transport.kind === 'stdio';
    // A third leaves time for `initialize`, and for a second attempt.
    const shareMs = options.connectTimeoutMs / 3;
    const tap = new ConnectionTap(
      transport,
      this.#protocol === 'auto' ? Math.min(PROBE_SILENCE_MS, shareMs) : undefined,
      options.checks === 'strict' ? undefined : new ServerReader(oddities),
      isProcess ? undefined : oddities,
    );
    this.#tap = tap;
    // So that a server starts while the official client is being loaded, the first time.
    tap.start().catch(() => {}); // The client calls `start`, too, and gets the same error.
    const { Client } = await loading;
    if (this.#givenUp) throw signal.reason;
    const client = new Client(options.clientInfo, clientOptions(options, this.#protocol));
    prepare(client, tap);

    const connection = new ClientConnection(client, transport, tap);
    client.onclose = () => connection.onClientClosed();
    const timeout = Math.min(options.connectTimeoutMs, LONGEST_TIMER_MS);
    await this.#unlessModern(tap, client.connect(tap, { timeout }), isProcess);

    connection.establish(performance.now() - this.#startedAt, options, onEnd);
    const isSilent = connection.era === 'legacy' && tap.probe === 'sent' && !this.#isModern;
    if (this.#protocol === 'auto' && isSilent) memory.era = 'legacy';
    return connection;
  }

  /**
   * Settles as the handshake does, or rejects when it turns out that it was not the right one. A process is not started again
   * for that while it may still accept the handshake.
   */
  #unlessModern(tap: ConnectionTap, handshake: Promise<void>, isProcess: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      handshake.then(resolve, reject);
      tap.onModern = () => {
        this.#isModern = true;
        if (isProcess) return;
        reject(new Error('The server is of the 2026-07-28 revision.'));
      };
    });
  }

  #explain(
    error: unknown,
    verdict: Verdict | undefined,
    end: TransportEnd | undefined,
    finalOutput: FinalOutput | undefined,
  ): unknown {
    const { server, options } = this.#request;
    const doing = `Connecting to server "${server}"`;
    if (verdict?.by === 'deadline')
      return handshakeTimedOut(server, options.connectTimeoutMs, { ...finalOutput, ...end });
    if (verdict?.by === 'signal') return aborted(doing, { server, cause: error });
    if (this.#tap?.echoes === true) return echoed(server, error);
    const offered = this.#tap?.offeredVersion;
    const pinned = legacyRevision(this.#protocol);
    if (offered !== undefined && pinned !== undefined && offered !== pinned)
      return versionNotAllowed(server, offered, pinned, error);
    const spoken = official.SUPPORTED_PROTOCOL_VERSIONS;
    if (offered !== undefined && !spoken.includes(offered))
      return versionNotSpoken(server, offered, [...spoken, '2026-07-28'], error);
    if (end !== undefined) return endedWhileConnecting(server, end, error);
    const translated = translateError(error, { server, doing, connecting: true });
    const failure = KEPT_CODES.has(translated.code)
      ? translated
      : asConnectFailed(server, translated, connectData(translated));
    // Known to the transport alone where the official client made the error.
    const retryAfterMs = this.#transport?.retryAfterMs;
    if (retryAfterMs === undefined || failure.retryAfterMs !== undefined) return failure;
    return failure.withSummary(failure.summary, { retryAfterMs });
  }
}

/** Codes that are kept, because they say more than `CONNECT_FAILED`. */
const KEPT_CODES: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'CONNECT_FAILED',
  'AUTH_REQUIRED',
  'TIMEOUT',
]);

function clientOptions(options: ResolvedSessionOptions, protocol: ProtocolChoice): ClientOptions {
  const pinned = modernRevision(protocol);
  const legacy = legacyRevision(protocol);
  return {
    capabilities: options.capabilities,
    inputRequired: { maxRounds: options.maxInputRounds },
    listMaxPages: options.maxPages === Infinity ? 0 : options.maxPages,
    // Plenum validates results itself, in `ListedTools`.
    jsonSchemaValidator: {
      getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
    },
    ...(protocol === 'auto' && {
      versionNegotiation: {
        mode: 'auto' as const,
        // The tap ends the wait for the probe's answer much earlier.
        probe: { timeoutMs: Math.min(options.connectTimeoutMs, LONGEST_TIMER_MS) },
      },
    }),
    ...(pinned !== undefined && { versionNegotiation: { mode: { pin: pinned } } }),
    ...(legacy !== undefined && { supportedProtocolVersions: [legacy] }),
  };
}

function legacyRevision(protocol: ProtocolChoice): string | undefined {
  return LEGACY_REVISIONS.find((revision) => revision === protocol);
}

function modernRevision(protocol: ProtocolChoice): string | undefined {
  return protocol === 'modern'
    ? MODERN_REVISIONS[0]
    : MODERN_REVISIONS.find((revision) => revision === protocol);
}
