import { isDeepStrictEqual } from 'node:util';
import type { RequestOptions } from '@modelcontextprotocol/client';
import { connectionEnded } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { HealthOptions } from '../../server-spec.ts';
import { official } from '../../transport/official.ts';
import type { Connection } from '../connection/connection.ts';
import { translateError } from '../errors/translate-error.ts';

/** How long a suspected connection may take to prove itself, in milliseconds. */
const VERIFY_TIMEOUT_MS = 5_000;

/** Pings as the era has it: 2026-07-28 has `server/discover` in place of `ping`. */
export async function sendPing(
  connection: Connection,
  options: RequestOptions,
  params: { _meta?: Record<string, unknown> } = {},
): Promise<Record<string, unknown>> {
  const method = connection.era === 'modern' ? 'server/discover' : 'ping';
  return connection.client.request({ method, params }, options);
}

/**
 * 2026-07-28 over HTTP: a server may be replaced behind its URL without any connection breaking. Its answer to a
 * ping is its introduction, which tells.
 */
function isAnother(answer: Record<string, unknown>, { era, client }: Connection): boolean {
  if (era !== 'modern') return false;
  const meta = answer['_meta'];
  const serverInfo = isRecord(meta) ? meta[official.SERVER_INFO_META_KEY] : undefined;
  if (!isDeepStrictEqual(answer['capabilities'], client.getServerCapabilities())) return true;
  return serverInfo !== undefined && !isDeepStrictEqual(serverInfo, client.getServerVersion());
}

/** Watches one connection: checks it regularly if asked to, and at once when something looks wrong. */
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

  /** A request failed in a way that may mean that the server is gone: find out now. */
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

  /** Why the ping failed; undefined when it did not. */
  async #ask(timeoutMs: number): Promise<PlenumError | undefined> {
    try {
      const answer = await sendPing(this.#connection, { timeout: timeoutMs });
      if (!isAnother(answer, this.#connection)) return undefined;
      return connectionEnded(this.#server, 'has been replaced by another one');
    } catch (cause) {
      const error = translateError(cause, {
        server: this.#server,
        doing: `Pinging server "${this.#server}"`,
        timeoutMs,
      });
      // An answer that refuses is an answer.
      return error.code === 'PROTOCOL' && error.rpcCode !== undefined ? undefined : error;
    }
  }

  #die(error: PlenumError): void {
    if (this.#stopped) return;
    this.stop();
    this.#onDead(error);
  }
}
