import { checkValue, withDefaults } from '../../options/check-options.ts';
import { defaultsOf, optionsOf } from '../../options/kinds.ts';
import { resultBounds } from '../../options/tables/toolkit.ts';

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
  checkValue('results', optionsOf(resultBounds), bounds);
  return withDefaults(defaultsOf(resultBounds), bounds);
}
