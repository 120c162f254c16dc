import { randomBytes } from 'node:crypto';
import { isRecord } from '../../internal/checks.ts';
import type { ClusterSecrets } from './cluster-secrets.ts';
import type { RedisClock } from './redis-clock.ts';

/** What a node says to another one, or to all. */
export interface Envelope {
  /** Who sent it: a node, and which start of it. */
  readonly from: string;
  readonly instance: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How long a message is good, in milliseconds. It is read much sooner, or not at all. */
const GOOD_MS = 10_000;
/** How many messages of that time are known by their nonces. When there are more, further ones are refused. */
const MAX_NONCES = 500_000;
/** How long a message may be, in UTF-16 units. */
const MAX_LENGTH = 16_777_216;

/** Signs what is sent over Redis, and reads what was signed: once, for its channel and in its time. */
export class Envelopes {
  readonly #secrets: ClusterSecrets;
  readonly #clock: RedisClock;
  readonly #self: { readonly id: string; readonly instance: string };
  /** Until when each nonce that was seen is good, the oldest first. */
  readonly #seen = new Map<string, number>();

  constructor(secrets: ClusterSecrets, clock: RedisClock, self: { id: string; instance: string }) {
    this.#secrets = secrets;
    this.#clock = clock;
    this.#self = self;
  }

  /** Undefined when it is too long to be sent. */
  seal(channel: string, body: Envelope['body']): string | undefined {
    const { id, instance } = this.#self;
    const nonce = randomBytes(12).toString('base64url');
    const content = { from: id, instance, nonce, expires: Math.round(this.#clock.now() + GOOD_MS), body };
    const signed = this.#secrets.sign(JSON.stringify(content), channel);
    return signed.length > MAX_LENGTH ? undefined : signed;
  }

  /** Undefined for what no node of the cluster has sent to this channel just now. */
  open(channel: string, signed: string): Envelope | undefined {
    if (signed.length > MAX_LENGTH) return undefined;
    const text = this.#secrets.verify(signed, channel);
    // What is signed was made by a node, and is JSON.
    const content: unknown = text === undefined ? undefined : JSON.parse(text);
    if (!isRecord(content)) return undefined;
    const { from, instance, nonce, expires, body } = content;
    if (typeof from !== 'string' || typeof instance !== 'string' || typeof nonce !== 'string')
      return undefined;
    if (typeof expires !== 'number' || !isRecord(body)) return undefined;
    const now = this.#clock.now();
    if (expires <= now || expires > now + 2 * GOOD_MS) return undefined;
    this.#forget(now);
    if (this.#seen.has(nonce) || this.#seen.size >= MAX_NONCES) return undefined;
    this.#seen.set(nonce, expires);
    return { from, instance, body };
  }

  /** Forgets the nonces of messages that are not good any more, as far as they are the oldest. */
  #forget(now: number): void {
    for (const [nonce, expires] of this.#seen) {
      if (expires > now) return;
      this.#seen.delete(nonce);
    }
  }
}
