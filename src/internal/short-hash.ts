import { createHash } from 'node:crypto';

/** How many characters {@link shortHash} has. */
export const SHORT_HASH_LENGTH = 13;

/**
 * 64 bits of the SHA-256 of a text, in digits and small letters: short enough for a part of a name, and long enough that
 * no two of many names get the same.
 */
export function shortHash(text: string): string {
  const bits = createHash('sha256').update(text).digest().readBigUInt64BE();
  return bits.toString(36).padStart(SHORT_HASH_LENGTH, '0');
}
