import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { invalidResult } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';

/** The methods whose results are bounded. */
export const LIST_METHODS: ReadonlySet<string> = new Set([
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
]);

/** How many entries one list may have, all pages together: far more than real servers list. */
const MAX_ENTRIES = 50_000;
/** How many characters of JSON one list may have, all pages together. */
const MAX_LENGTH = 64 * 1024 * 1024;

interface Spent {
  entries: number;
  length: number;
}

/** Bounds the size of each list over all its pages: a server could name a next cursor for ever. */
export class ListBudget {
  /** The method of each page request that has no answer yet. */
  readonly pending = new Map<RequestId, string>();
  readonly #spent = new Map<string, Spent>();

  /** Called with each request for a page. The first page, which has no cursor, starts the count over. */
  asked(id: RequestId, method: string, params: unknown): void {
    if (!isRecord(params) || params['cursor'] === undefined)
      this.#spent.set(method, { entries: 0, length: 0 });
    this.pending.set(id, method);
  }

  /** Called with each answer. Returns an error when the answer is a page that makes its list too large. */
  answered(id: RequestId, message: JSONRPCMessage): PlenumError | undefined {
    const method = this.pending.get(id);
    if (method === undefined) return undefined;
    this.pending.delete(id);
    const spent = this.#spent.get(method) ?? { entries: 0, length: 0 };
    const result = 'result' in message && isRecord(message.result) ? message.result : {};
    for (const list of Object.values(result)) if (Array.isArray(list)) spent.entries += list.length;
    spent.length += lengthOf(result);
    this.#spent.set(method, spent);
    if (spent.entries <= MAX_ENTRIES && spent.length <= MAX_LENGTH) return undefined;
    const limits = `${MAX_ENTRIES} entries or ${MAX_LENGTH / 1024 / 1024} MiB`;
    return invalidResult(`The list is larger than the ${limits} that a list may have.`);
  }

  /** Called for a request that was cancelled. */
  forget(id: RequestId): void {
    this.pending.delete(id);
  }
}

/** What is nested so deeply that JSON cannot be made of it counts as too long. */
function lengthOf(result: object): number {
  try {
    return JSON.stringify(result).length;
  } catch {
    return Infinity;
  }
}
