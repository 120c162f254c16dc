import { PlenumError } from '../../errors/plenum-error.ts';
import { checkCount, isRecord } from '../../internal/checks.ts';

/** How much of a result a model is handed at a time, and how much of the rest is kept. */
export interface ResultBounds {
  /**
   * Characters of text, not counting the line that says how to go on.
   * @default 20000
   */
  readonly maxChars?: number;
  /**
   * Blocks of content, such as texts, images and links.
   * @default 50
   */
  readonly maxItems?: number;
  /**
   * How many results are kept to be read on; the oldest goes first.
   * @default 32
   */
  readonly maxStored?: number;
  /**
   * How many bytes all that is kept may have; the oldest goes first. What is left of one longer result is dropped.
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
