import type {
  LoggingLevel,
  McpSubscription,
  RequestOptions,
  SubscriptionFilter,
} from '@modelcontextprotocol/client';
import { updatesNotOffered } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Backoff } from '../../internal/backoff.ts';
import { sleep } from '../../internal/limit.ts';
import type { Connection } from '../connection/connection.ts';
import type { ListKind } from '../session.ts';
import { translateError } from '../errors/translate-error.ts';

/** How long each request that restores a subscription or the log level may take, in milliseconds. */
const RESTORE_TIMEOUT_MS = 10_000;

/** The delays before a listen stream that the server ended is opened again. */
const RELISTEN = { delayMs: 1_000, maxDelayMs: 30_000 };

const relistenBackoff = (): Backoff => new Backoff(RELISTEN);

type Meta = { _meta?: Record<string, unknown> };
type ResourceParams = { uri: string } & Meta;
type LevelParams = { level: LoggingLevel } & Meta;

export interface SubscriptionListener {
  readonly onProblem: (error: PlenumError) => void;
  /** Called for each list that may have changed while there was no listen stream. */
  readonly onListChanged: (kind: ListKind) => void;
  /** The listen stream has ended without our closing it; the server may be gone. */
  readonly onStreamLost: () => void;
}

/**
 * The subscriptions of a session: resource updates, list changes and the log level. They outlive connections: `restore`
 * asks each new connection for the same.
 *
 * The stateful era has a request for each subscription. 2026-07-28 has one listen stream for all of them, which is
 * replaced when one is added or removed (specification 2026-07-28, subscriptions).
 */
export class Subscriptions {
  readonly #server: string;
  readonly #listener: SubscriptionListener;
  readonly #uris = new Set<string>();
  #logLevel: LoggingLevel | undefined;
  #connection: Connection | undefined;
  #stream: McpSubscription | undefined;
  /** Ends the waits that belong to the present connection. */
  #lifetime = new AbortController();
  /** The latest replacement of the stream; the next one waits for it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(server: string, listener: SubscriptionListener) {
    this.#server = server;
    this.#listener = listener;
  }

  /** The log level; in the 2026-07-28 era every request carries it. */
  get logLevel(): LoggingLevel | undefined {
    return this.#logLevel;
  }

  /** Whether any resource is subscribed to. */
  get hasResources(): boolean {
    return this.#uris.size > 0;
  }

  /** Sets the log level for the next connection, without a request. */
  presetLogLevel(level: LoggingLevel): void {
    this.#logLevel = level;
  }

  /**
   * Makes the same subscriptions on a new connection. Reports the ones that fail, unless the network failed: then it
   * throws.
   */
  async restore(connection: Connection, timeoutMs: number): Promise<void> {
    this.stop();
    this.#lifetime = new AbortController();
    this.#connection = connection;
    const options: RequestOptions = { timeout: Math.min(timeoutMs, RESTORE_TIMEOUT_MS) };
    const steps: Promise<unknown>[] = [];
    if (this.#uris.size > 0) connection.markAltered?.();
    if (connection.era === 'modern') steps.push(this.#replaceStream(connection, options));
    else {
      for (const uri of this.#uris) steps.push(connection.client.subscribeResource({ uri }, options));
      if (this.#logLevel !== undefined) steps.push(setLegacyLogLevel(connection, this.#logLevel, options));
    }
    for (const outcome of await Promise.allSettled(steps)) {
      if (outcome.status === 'fulfilled' || connection.ended) continue;
      const error = this.#translate('Restoring a subscription', outcome.reason);
      // Another attempt to connect may succeed, and then restore everything.
      if (error.code === 'CONNECTION_LOST') throw error;
      this.#listener.onProblem(error);
    }
  }

  /** Called when the present connection is no longer used. */
  stop(): void {
    this.#lifetime.abort();
    const stream = this.#stream;
    this.#connection = undefined;
    this.#stream = undefined;
    // A connection of ours ends anyway, and its stream with it; the client of an adopted one stays open.
    stream?.close().catch(() => {});
  }

  async subscribe(params: ResourceParams, connection: Connection, options: RequestOptions): Promise<void> {
    const { uri } = params;
    const known = this.#uris.has(uri);
    this.#uris.add(uri);
    connection.markAltered?.();
    try {
      if (connection.era === 'legacy') await connection.client.subscribeResource(params, options);
      else if (!known) await this.#replaceStream(connection, options, uri);
    } catch (error) {
      if (!known) this.#uris.delete(uri);
      throw error;
    }
  }

  async unsubscribe(params: ResourceParams, connection: Connection, options: RequestOptions): Promise<void> {
    const { uri } = params;
    const known = this.#uris.delete(uri);
    if (connection.era === 'legacy') await connection.client.unsubscribeResource(params, options);
    else if (known) await this.#replaceStream(connection, options);
  }

  async setLogLevel(params: LevelParams, connection: Connection, options: RequestOptions): Promise<void> {
    if (connection.era === 'legacy') {
      connection.markAltered?.();
      // `client.setLoggingLevel` takes no `_meta`.
      await connection.client.request({ method: 'logging/setLevel', params }, options);
    }
    this.#logLevel = params.level;
  }

  #replaceStream(
    connection: Connection,
    options: RequestOptions,
    wanted?: string,
    backoff?: Backoff,
  ): Promise<void> {
    const turn = this.#turn.then(() => this.#listen(connection, options, wanted, backoff));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Opens the new stream before it closes the old one, so that no notification is lost between them. */
  async #listen(
    connection: Connection,
    options: RequestOptions,
    wanted: string | undefined,
    backoff: Backoff | undefined,
  ): Promise<void> {
    if (connection !== this.#connection || connection.ended) return;
    const filter = this.#filter(connection);
    const old = this.#stream;
    if (Object.keys(filter).length === 0) this.#stream = undefined;
    else {
      const stream = await connection.client.listen(
        filter,
        options.timeout === undefined ? {} : { timeout: options.timeout },
      );
      if (connection !== this.#connection) return stream.close();
      const { resourceSubscriptions: honoured = [] } = stream.honoredFilter;
      // If it was unsubscribed meanwhile, the filter did not ask for it.
      if (wanted !== undefined && this.#uris.has(wanted) && !honoured.includes(wanted)) {
        await stream.close();
        throw updatesNotOffered(this.#server, wanted);
      }
      this.#stream = stream;
      void this.#keepOpen(connection, stream, backoff);
    }
    await old?.close();
  }

  /** Opens the stream again when the server ends it, with growing delays when that happens repeatedly. */
  async #keepOpen(
    connection: Connection,
    stream: McpSubscription,
    backoff = relistenBackoff(),
  ): Promise<void> {
    const openedAt = performance.now();
    const cause = await stream.closed;
    if (cause === 'local' || this.#stream !== stream) return;
    this.#listener.onStreamLost();
    if (performance.now() - openedAt >= RELISTEN.maxDelayMs) backoff.reset();
    for (;;) {
      await sleep(RELISTEN.delayMs + backoff.next(), this.#lifetime.signal);
      if (this.#stream !== stream || connection.ended) return;
      try {
        await this.#replaceStream(connection, { timeout: RESTORE_TIMEOUT_MS }, undefined, backoff);
        return this.#announceLists();
      } catch (reason) {
        if (connection.ended) return;
        const error = this.#translate('Listening for changes', reason);
        this.#listener.onProblem(error);
        // A server that refuses will refuse again; a broken network may recover.
        if (error.code !== 'CONNECTION_LOST' && error.code !== 'TIMEOUT') return;
      }
    }
  }

  /** The server could not announce what changed while there was no stream, so every list may have changed. */
  #announceLists(): void {
    const { honoredFilter } = this.#stream ?? {};
    if (honoredFilter?.toolsListChanged === true) this.#listener.onListChanged('tools');
    if (honoredFilter?.promptsListChanged === true) this.#listener.onListChanged('prompts');
    if (honoredFilter?.resourcesListChanged === true) this.#listener.onListChanged('resources');
  }

  #filter({ client, foreign }: Connection): SubscriptionFilter {
    // A leased session listens for list changes itself, and its events are forwarded to us.
    const offered = foreign === 'session' ? {} : (client.getServerCapabilities() ?? {});
    return {
      ...(offered.tools?.listChanged === true && { toolsListChanged: true }),
      ...(offered.prompts?.listChanged === true && { promptsListChanged: true }),
      ...(offered.resources?.listChanged === true && { resourcesListChanged: true }),
      ...(this.#uris.size > 0 && { resourceSubscriptions: [...this.#uris] }),
    };
  }

  #translate(doing: string, error: unknown): PlenumError {
    return translateError(error, { server: this.#server, doing: `${doing} on server "${this.#server}"` });
  }
}

async function setLegacyLogLevel(
  connection: Connection,
  level: LoggingLevel,
  options: RequestOptions,
): Promise<void> {
  if (connection.client.getServerCapabilities()?.logging === undefined) return;
  connection.markAltered?.();
  await connection.client.setLoggingLevel(level, options);
}
