import { isDeepStrictEqual } from 'node:util';
import type { RequestOptions } from '@modelcontextprotocol/client';
import { connectionEnded } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { METHOD_NOT_FOUND } from '../../internal/json/rpc-codes.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { HealthOptions } from '../../server-spec.ts';
import { official } from '../../transport/official.ts';
import type { Connection } from '../connection/connection.ts';
import { translateError } from '../errors/translate-error.ts';

/** How long the answer may take when a connection is checked because something looked wrong, in milliseconds. */
const VERIFY_TIMEOUT_MS = 5_000;

/** Sends the request that checks whether a server answers. The 2026-07-28 era has no `ping`. */
export async function sendPing(
  connection: Connection,
  options: RequestOptions,
  params: { _meta?: Record<string, unknown> } = {},
): Promise<Record<string, unknown>> {
  const method = connection.era === 'modern' ? 'server/discover' : 'ping';
  return connection.client.request({ method, params }, options);
}

/**
 * Whether another server answers than the one that was connected to. Only in the 2026-07-28 era can one take over a URL
 * without a connection breaking; the answer to `server/discover` shows it.
 */
function isAnotherServer(answer: Record<string, unknown>, { era, client }: Connection): boolean {
  if (era !== 'modern') return false;
  const meta = answer['_meta'];
  const serverInfo = isRecord(meta) ? meta[official.SERVER_INFO_META_KEY] : undefined;
  if (!isDeepStrictEqual(answer['capabilities'], client.getServerCapabilities())) return true;
  return serverInfo !== undefined && !isDeepStrictEqual(serverInfo, client.getServerVersion());
}

/**
 * Whether a ping failed with an answer of the server, which so is alive: with a JSON-RPC error. With an error status of HTTP
 * it is one only when the server does not know the method, or has too much to do for now.
 */
function isAnswer({ code, rpcCode, cause, retryAfterMs }: PlenumError): boolean {
  if (code !== 'PROTOCOL') return false;
  if (!(cause instanceof official.SdkHttpError)) return rpcCode !== undefined;
  return rpcCode === METHOD_NOT_FOUND || cause.data.status === 429 || retryAfterMs !== undefined;
}

/** Checks one connection: regularly when the option `health` is on, and whenever `suspect` is called. */
export class HealthMonitor {
  readonly #connection: Connection;
  readonly #server: string;
  readonly #policy: false | Required<HealthOptions>;
  readonly #onDead: (error: PlenumError) => void;
  #stopTimer: StopTimer = () => {};
  #verifying = false;
  #failures = 0;
  #stopped = false;

  constructor(
    connection: Connection,
    server: string,
    policy: false | Required<HealthOptions>,
    onDead: (error: PlenumError) => void,
  ) {
    this.#connection = connection;
    this.#server = server;
    this.#policy = policy;
    this.#onDead = onDead;
    this.#schedule();
  }

  /** Checks the connection now, because something happened that may mean that the server is gone. */
  suspect(): void {
    if (this.#verifying || this.#stopped) return;
    this.#verifying = true;
    void this.#ask(VERIFY_TIMEOUT_MS).then((error) => {
      this.#verifying = false;
      if (error !== undefined) this.#die(error);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#stopTimer();
  }

  #schedule(): void {
    if (this.#policy === false || this.#stopped) return;
    this.#stopTimer = startTimer(this.#policy.intervalMs, () => void this.#check(this.#policy));
  }

  async #check(policy: false | Required<HealthOptions>): Promise<void> {
    if (policy === false) return;
    const silentMs = performance.now() - this.#connection.lastHeardAt;
    const error = silentMs < policy.intervalMs ? undefined : await this.#ask(policy.timeoutMs);
    if (this.#stopped) return;
    this.#failures = error === undefined ? 0 : this.#failures + 1;
    if (error !== undefined && this.#failures >= policy.failures) this.#die(error);
    else this.#schedule();
  }

  /** Pings the server. Returns what is wrong with the connection; undefined when nothing is. */
  async #ask(timeoutMs: number): Promise<PlenumError | undefined> {
    try {
      const answer = await sendPing(this.#connection, { timeout: timeoutMs });
      if (!isAnotherServer(answer, this.#connection)) return undefined;
      return connectionEnded(this.#server, 'has been replaced by another one');
    } catch (cause) {
      const error = translateError(cause, {
        server: this.#server,
        doing: `Pinging server "${this.#server}"`,
        timeoutMs,
      });
      return isAnswer(error) ? undefined : error;
    }
  }

  #die(error: PlenumError): void {
    if (this.#stopped) return;
    this.stop();
    this.#onDead(error);
  }
}
