import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { auditFailing, auditUnclear } from '../../errors/gateway.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { settledWithin } from '../../internal/limit.ts';
import { defaultsOf } from '../../options/kinds.ts';
import { gatewayAuditOptions } from '../../options/tables/gateway-audit.ts';
import type { Identity } from '../identity/identity.ts';
import type { ClientRequest } from '../routing/client-request.ts';
import { auditEntry, type AuditEntry, type CallOutcome } from './audit-entry.ts';
import { AuditFile } from './audit-file.ts';

/** Where a gateway notes each call of a tool, prompt or resource. */
export interface GatewayAudit {
  /** The file that gets a line of JSON for each call, with mode 0600; for one gateway. Either this or `write`. */
  file?: string;
  /** Called with each entry, in place of a file. What it throws or rejects with is a failure to write. */
  write?: (entry: AuditEntry) => unknown;
  /**
   * The key of the digests, so that those of several runs can be compared: 16 characters or more.
   * @default a random one for each gateway
   */
  key?: string;
  /**
   * How large the file may become before the next one is begun, in bytes.
   * @default 10485760
   */
  maxBytes?: number;
  /**
   * How many files are kept: the present one, and older ones that end in `.1`, `.2` and so on.
   * @default 5
   */
  maxFiles?: number;
  /**
   * How many entries may wait to be written. Further ones are dropped, and counted in the next entry.
   * @default 10000
   */
  maxQueued?: number;
  /**
   * What becomes of calls while entries cannot be written, as when the disk is full: they go on, with a `problem` event, or
   * are refused.
   * @default 'continue'
   */
  whenFailing?: 'continue' | 'refuse';
}

/** How long waiting entries may take to be written at the end, in milliseconds. */
const FLUSH_MS = 5_000;
/** How often a failure is reported, and, while calls are refused, tried anew, in milliseconds. */
const AGAIN_MS = 1_000;

/** Notes each call, one after the other, without holding it up. */
export class AuditLog {
  /** Takes from the array what it has written. */
  readonly #write: (entries: AuditEntry[]) => Promise<void>;
  readonly #file: AuditFile | undefined;
  readonly #secret: string | Buffer;
  readonly #maxQueued: number;
  readonly #refuses: boolean;
  readonly #onProblem: (error: PlenumError) => void;
  readonly #queue: AuditEntry[] = [];
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #failedAt = -Infinity;
  #isFailing = false;

  private constructor(options: GatewayAudit, onProblem: (error: PlenumError) => void) {
    const { file, write, key = randomBytes(32) } = options;
    const byDefault = defaultsOf(gatewayAuditOptions);
    const { maxBytes = byDefault.maxBytes, maxFiles = byDefault.maxFiles } = options;
    const { maxQueued = byDefault.maxQueued, whenFailing = byDefault.whenFailing } = options;
    this.#secret = key;
    this.#maxQueued = maxQueued;
    this.#refuses = whenFailing === 'refuse';
    this.#onProblem = onProblem;
    const opened = file === undefined ? undefined : new AuditFile(resolve(file), maxBytes, maxFiles);
    this.#file = opened;
    this.#write = async (entries) => {
      while (entries.length > 0) {
        const [first] = entries;
        const lines = opened === undefined ? [] : linesOfFile(entries, maxBytes);
        if (opened !== undefined) await opened.write(lines.join(''));
        else if (first !== undefined) await write?.(first);
        entries.splice(0, Math.max(lines.length, 1));
      }
    };
  }

  /** Rejects with `CONFIG_INVALID` for options that exclude each other, and a file that cannot be written to. */
  static async open(options: GatewayAudit, onProblem: (error: PlenumError) => void): Promise<AuditLog> {
    if ((options.file === undefined) === (options.write === undefined)) throw auditUnclear();
    const log = new AuditLog(options, onProblem);
    await log.#file?.open();
    return log;
  }

  /** Whether calls are refused now, because they could not be noted. One is let through now and then, to try anew. */
  get refuses(): boolean {
    if (!this.#refuses) return false;
    if (this.#queue.length >= this.#maxQueued) return true;
    return this.#isFailing && performance.now() - this.#failedAt < AGAIN_MS;
  }

  note(
    identity: Identity,
    request: ClientRequest,
    server: string | undefined,
    came: CallOutcome,
    ms: number,
  ): void {
    if (this.#queue.length >= this.#maxQueued) {
      this.#dropped++;
      return;
    }
    const entry = auditEntry(identity, request, server, came, ms, this.#secret);
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#queue.push(dropped === 0 ? entry : { ...entry, dropped });
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes what waits, within a bounded time. Never rejects. */
  async close(): Promise<void> {
    if (this.#writing !== undefined) await settledWithin(this.#writing, FLUSH_MS);
    await this.#file?.close().catch(() => {}); // What was written stays.
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // A function takes one at a time, so that it is known which were lost.
      const entries = this.#queue.splice(0, this.#file === undefined ? 1 : this.#queue.length);
      try {
        await this.#write(entries);
        this.#isFailing = false;
      } catch (error) {
        this.#dropped += entries.length;
        const now = performance.now();
        if (!this.#isFailing || now - this.#failedAt >= AGAIN_MS) this.#onProblem(auditFailing(error));
        this.#failedAt = now;
        this.#isFailing = true;
      }
    }
  }
}

/** As many lines as one file may hold, one at least: many that waited do not make it larger. */
function linesOfFile(entries: readonly AuditEntry[], maxBytes: number): string[] {
  const lines: string[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const line = `${JSON.stringify(entry)}\n`;
    bytes += Buffer.byteLength(line);
    if (bytes > maxBytes && lines.length > 0) break;
    lines.push(line);
  }
  return lines;
}
