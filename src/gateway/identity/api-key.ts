import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { apiKeyNameUnusable } from '../../errors/gateway.ts';
import { checkOptions } from '../../options/check-options.ts';
import { apiKeyChoices, isKeyName } from '../../options/tables/gateway-auth.ts';

/** What is kept of an API key. It does not contain the key. */
export interface ApiKeyRecord {
  /** A part of the key, by which it is found: 16 hexadecimal digits. */
  readonly id: string;
  /** What people call it. Unique among the keys of a gateway. */
  readonly name: string;
  /** `sha256:` and the digest of the whole key in hexadecimal digits. */
  readonly hash: string;
  /**
   * What its holder may do.
   * @default []
   */
  readonly scopes?: readonly string[];
  /** When it was made, as `2026-11-30T22:00:00.000Z`. */
  readonly createdAt?: string;
  /**
   * When it expires, in the same form.
   * @default never
   */
  readonly expiresAt?: string;
}

export interface ApiKeyOptions {
  /**
   * What its holder may do.
   * @default []
   */
  scopes?: readonly string[];
  /**
   * When it expires, in epoch milliseconds.
   * @default never
   */
  expiresAt?: number;
}

const PREFIX = 'plenum_';
const SHAPE = /^plenum_([0-9a-f]{16})_[\w-]{43}$/;

/**
 * Makes an API key: the key itself, which is shown to its holder once, and the record of it, which is kept. Throws
 * `CONFIG_INVALID` for a name or an option that cannot be used.
 */
export function createApiKey(
  name: string,
  options: ApiKeyOptions = {},
): { readonly key: string; readonly record: ApiKeyRecord } {
  if (!isKeyName(name)) throw apiKeyNameUnusable();
  checkOptions(apiKeyChoices, options, 'Options of createApiKey()');
  const { scopes = [], expiresAt } = options;
  const id = randomBytes(8).toString('hex');
  const key = `${PREFIX}${id}_${randomBytes(32).toString('base64url')}`;
  const record = {
    id,
    name,
    hash: `sha256:${digestOf(key).toString('hex')}`,
    scopes: [...scopes],
    createdAt: new Date().toISOString(),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
  };
  return { key, record };
}

/** Whether a credential is an API key of Plenum's, good or not. */
export function isApiKey(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** The id in a key; undefined when it has not the shape of one. */
export function keyIdOf(token: string): string | undefined {
  return SHAPE.exec(token)?.[1];
}

/** The digest that a record keeps. A key has 256 random bits, so that a slow hash would protect nothing. */
export function hashBytes(record: ApiKeyRecord): Buffer {
  return Buffer.from(record.hash.slice('sha256:'.length), 'hex');
}

/** Whether a key has this digest; takes the same time whatever differs. */
export function hasDigest(key: string, digest: Buffer): boolean {
  const own = digestOf(key);
  return own.length === digest.length && timingSafeEqual(own, digest);
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
