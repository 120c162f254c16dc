import { randomBytes } from 'node:crypto';
import type { ContentBlock } from '@modelcontextprotocol/client';
import { bytesOf, sum } from './content-size.ts';
import type { ResolvedResultBounds } from './result-bounds.ts';

type Page = readonly ContentBlock[];

interface Entry {
  readonly pages: readonly Page[];
  readonly bytes: number;
}

/**
 * Keeps the pages of long results in memory, up to a number of results and of bytes. The oldest results are dropped
 * first.
 */
export class PageStore {
  readonly #bounds: Pick<ResolvedResultBounds, 'maxStored' | 'maxStoredBytes'>;
  /** In the order in which they were added. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(bounds: Pick<ResolvedResultBounds, 'maxStored' | 'maxStoredBytes'>) {
    this.#bounds = bounds;
  }

  /** Stores pages and returns their handle; undefined when they are larger than the store. */
  put(pages: readonly Page[]): string | undefined {
    const { maxStored, maxStoredBytes } = this.#bounds;
    const bytes = sum(pages, (page) => sum(page, bytesOf));
    if (maxStored === 0 || bytes > maxStoredBytes) return undefined;
    for (const [handle, entry] of this.#entries) {
      if (this.#entries.size < maxStored && this.#bytes + bytes <= maxStoredBytes) break;
      this.#entries.delete(handle);
      this.#bytes -= entry.bytes;
    }
    // The handle cannot be guessed, because several conversations may share a toolkit.
    const handle = randomBytes(9).toString('base64url');
    this.#entries.set(handle, { pages, bytes });
    this.#bytes += bytes;
    return handle;
  }

  get(handle: string): readonly Page[] | undefined {
    return this.#entries.get(handle)?.pages;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
