import { createHash } from 'node:crypto';
import type * as redis from 'redis';
import {
  redisLost,
  redisNotAnswering,
  redisNotInstalled,
  redisRefused,
  redisUnreachable,
} from '../../errors/cluster.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { Backoff } from '../../internal/backoff.ts';
import { Limit } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';

/** What is used of the client of the package `redis`. */
interface Client {
  connect(): Promise<unknown>;
  sendCommand(args: string[]): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  destroy(): void;
}

/** A script that Redis runs as one step. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export interface RedisListener {
  onMessage(channel: string, message: string): void;
  /** The connection is there again; messages may have been missed. */
  onUp(): void;
  /** The connection is gone. Once for each time. */
  onDown(error: PlenumError): void;
}

export interface RedisConnectionOptions {
  readonly url: string;
  /** The channels that are listened to. */
  readonly channels: readonly string[];
  /** How long an answer may take, in milliseconds; without one the connection is made anew. */
  readonly answerMs: number;
}

/** How long connecting may take, in milliseconds. */
const CONNECT_MS = 10_000;

const BACKOFF = { delayMs: 50, maxDelayMs: 1_000 };

/**
 * The connection to Redis, for commands and messages alike. Nothing waits for it: while it is down, commands fail at once. No
 * error of it holds the URL, in which a password may be.
 */
export class RedisConnection {
  readonly #createClient: (onError: (error: unknown) => void) => Client;
  readonly #options: RedisConnectionOptions;
  readonly #listener: RedisListener;
  readonly #backoff = new Backoff(BACKOFF);
  readonly address: string;
  /** Undefined while it is down. */
  #client: Client | undefined;
  #epoch = 0;
  #isClosed = false;
  #stopTimer: StopTimer = () => {};
  #connecting: Promise<void> | undefined;

  private constructor(
    { createClient }: Pick<typeof redis, 'createClient'>,
    options: RedisConnectionOptions,
    listener: RedisListener,
  ) {
    this.#options = options;
    this.#listener = listener;
    this.address = addressOf(options.url);
    this.#createClient = (onError) => {
      const client = createClient({
        url: options.url,
        RESP: 3,
        disableOfflineQueue: true,
        maintNotifications: 'disabled',
        // When to try again is decided here, so that a connection that hangs can be replaced.
        socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS },
      });
      client.on('error', onError);
      return client;
    };
  }

  /** Rejects with `CONFIG_INVALID` when the package `redis` is not installed, with `CONNECT_FAILED` when Redis is not reached. */
  static async open(options: RedisConnectionOptions, listener: RedisListener): Promise<RedisConnection> {
    const loaded = await import('redis').catch((error: unknown) => {
      throw redisNotInstalled(error);
    });
    const connection = new RedisConnection(loaded, options, listener);
    try {
      await connection.#connect();
    } catch (error) {
      connection.close();
      throw redisUnreachable(connection.address, whyOf(error));
    }
    return connection;
  }

  get isUp(): boolean {
    return this.#client !== undefined;
  }

  /** How many times a connection was made. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Runs a script. Rejects with `CONNECTION_LOST` when there is no connection, or no answer in time; `maybeExecuted` says
   * whether the script may have run.
   */
  async run({ text, sha }: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#command(['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (replyCode(error) !== 'NOSCRIPT') throw translated(error);
      return this.#command(['EVAL', text, ...rest]).catch((again: unknown) => {
        throw translated(again);
      });
    }
  }

  /** Sends a message. Resolves with how many connections got it. Rejects as {@link run} does. */
  async publish(channel: string, message: string): Promise<number> {
    try {
      return Number(await this.#command(['PUBLISH', channel, message]));
    } catch (error) {
      throw translated(error);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    this.#client?.destroy();
    this.#client = undefined;
  }

  /** Resolves when nothing is being connected any more. */
  async closed(): Promise<void> {
    await this.#connecting?.catch(() => {});
  }

  async #command(args: string[]): Promise<unknown> {
    const client = this.#client;
    if (client === undefined) throw redisNotAnswering(false);
    const limit = new Limit({ ms: this.#options.answerMs, expired: () => redisNotAnswering(true) });
    try {
      return await limit.hold(client.sendCommand(args));
    } catch (error) {
      // A Redis that hangs keeps its connections: what comes late on this one must not count as an answer.
      if (limit.verdict?.by === 'deadline') this.#lose(client, 'it does not answer');
      throw error;
    } finally {
      limit.stop();
    }
  }

  #connect(): Promise<void> {
    this.#connecting = this.#open().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async #open(): Promise<void> {
    const limit = new Limit({ ms: CONNECT_MS, expired: () => redisNotAnswering(false) });
    const client = this.#createClient((error) => this.#lose(client, whyOf(error)));
    try {
      await limit.hold(client.connect());
      for (const channel of this.#options.channels) {
        const onMessage = (message: string): void => {
          if (this.#client === client) this.#listener.onMessage(channel, message);
        };
        await limit.hold(client.subscribe(channel, onMessage));
      }
      if (this.#isClosed) throw redisNotAnswering(false);
    } catch (error) {
      client.destroy();
      throw error;
    } finally {
      limit.stop();
    }
    this.#client = client;
    this.#epoch++;
    this.#backoff.reset();
  }

  #lose(client: Client, why: string): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.destroy();
    if (this.#isClosed) return;
    this.#again();
    this.#listener.onDown(redisLost(this.address, why));
  }

  #again(): void {
    this.#stopTimer = startTimer(this.#backoff.next(), () => {
      this.#connect().then(
        () => this.#listener.onUp(),
        () => {
          if (!this.#isClosed) this.#again();
        },
      );
    });
  }
}

/** Host and port of a URL, and nothing else of it. */
function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || '6379'}`;
}

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ECONNRESET: 'the connection was cut',
  WRONGPASS: 'user or password are wrong',
  NOAUTH: 'it needs a password',
  NOPERM: 'the user may not do what a node does',
  LOADING: 'it is loading its data',
  NOPROTO: 'it does not speak RESP3, which Redis 6 and later do',
};

/** Why Redis was not reached, without the text of an error: it might hold the URL. */
function whyOf(error: unknown): string {
  if (error instanceof PlenumError) return 'it does not answer';
  const code = systemCode(error) ?? replyCode(error);
  if (code === undefined) return 'the connection broke off';
  return WHY[code] ?? `it said ${code}`;
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The first word of an error that Redis sent, which is its code (specification of RESP, simple errors). */
function replyCode(error: unknown): string | undefined {
  const [, code] = (error instanceof Error && /^([A-Z]{2,32})(?: |$)/.exec(error.message)) || [];
  return code;
}

function translated(error: unknown): unknown {
  if (error instanceof PlenumError) return error;
  const code = replyCode(error);
  // Without an answer it may have run: the command was sent when the connection broke off.
  return code === undefined ? redisNotAnswering(true) : redisRefused(code);
}
