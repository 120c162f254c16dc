import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { invalidResult } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';

/** The requests that are counted. */
export const LIST_METHODS: ReadonlySet<string> = new Set([
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
]);

/** More entries than any server has use for, and few enough to compare and show. */
const MAX_ENTRIES = 50_000;
/** Characters of JSON that one list may take up, all pages together. */
const MAX_LENGTH = 64 * 1024 * 1024;

interface Spent {
  entries: number;
  length: number;
}

/** Bounds what a list may hold, over all its pages: a server can go on naming another cursor for ever. */
export class ListBudget {
  /** The method of each request for a page that is not answered yet. */
  readonly pending = new Map<RequestId, string>();
  readonly #spent = new Map<string, Spent>();

  /** Notes a request for a page. */
  asked(id: RequestId, method: string, params: unknown): void {
    if (!isRecord(params) || params['cursor'] === undefined)
      this.#spent.set(method, { entries: 0, length: 0 });
    this.pending.set(id, method);
  }

  /** Notes an answer. Returns why it must not be taken, when it is a page that makes its list too large. */
  answered(id: RequestId, message: JSONRPCMessage): PlenumError | undefined {
    const method = this.pending.get(id);
    if (method === undefined) return undefined;
    this.pending.delete(id);
    const spent = this.#spent.get(method) ?? { entries: 0, length: 0 };
    const result = 'result' in message && isRecord(message.result) ? message.result : {};
    for (const list of Object.values(result)) if (Array.isArray(list)) spent.entries += list.length;
    spent.length += JSON.stringify(result).length;
    this.#spent.set(method, spent);
    if (spent.entries <= MAX_ENTRIES && spent.length <= MAX_LENGTH) return undefined;
    const limits = `${MAX_ENTRIES} entries or ${MAX_LENGTH / 1024 / 1024} MiB`;
    return invalidResult(`The list is larger than the ${limits} that a list may have.`);
  }

  /** Forgets a request that was given up. */
  forget(id: RequestId): void {
    this.pending.delete(id);
  }
}
