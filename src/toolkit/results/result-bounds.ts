import { PlenumError } from '../../errors/plenum-error.ts';
import { checkCount, isRecord } from '../../internal/checks.ts';

/** How much of a result the model gets at a time, and how much of the rest is kept. */
export interface ResultBounds {
  /**
   * Maximum characters of text on a page, without the line that says how to read on.
   * @default 20000
   */
  readonly maxChars?: number;
  /**
   * Maximum blocks of content on a page, such as texts, images and links.
   * @default 50
   */
  readonly maxItems?: number;
  /**
   * How many results are kept for `read_more`; the oldest are dropped first.
   * @default 32
   */
  readonly maxStored?: number;
  /**
   * How many bytes the kept results may have; the oldest are dropped first. The rest of a single larger result is
   * dropped.
   * @default 33554432 (32 MiB)
   */
  readonly maxStoredBytes?: number;
}

export type ResolvedResultBounds = Required<ResultBounds>;

/** Throws `CONFIG_INVALID`. */
export function resolveResultBounds(bounds: ResultBounds = {}): ResolvedResultBounds {
  const given: unknown = bounds;
  if (!isRecord(given)) throw new PlenumError('CONFIG_INVALID', 'Option "results" must be an object.');
  return {
    maxChars: checkCount('results.maxChars', given['maxChars'], 1) ?? 20_000,
    maxItems: checkCount('results.maxItems', given['maxItems'], 1) ?? 50,
    maxStored: checkCount('results.maxStored', given['maxStored'], 0) ?? 32,
    maxStoredBytes: checkCount('results.maxStoredBytes', given['maxStoredBytes'], 0) ?? 32 * 1024 * 1024,
  };
}
