import type { FetchLike } from '@modelcontextprotocol/client';
import { onAbort } from '../../../internal/limit.ts';
import type { HttpPool } from './http-pool.ts';
import { ResponseHandler } from './response-handler.ts';

/** Headers of every request that does not set them itself. */
export const DEFAULT_HEADERS = {
  'accept-encoding': 'gzip, br',
  'user-agent': 'mcp-plenum',
} as const;

/** `fetch` on a pool. A redirect is a response like any other. */
export function fetchThrough(pool: HttpPool): FetchLike {
  return async (target, { method = 'GET', headers, body, signal } = {}) => {
    signal?.throwIfAborted();
    const { origin, pathname, search } = new URL(target);
    const path = `${pathname}${search}`;
    const request = { origin, path, method, headers: headerList(headers, body), body: bodyOf(body) };
    return new Promise<Response>((resolve, reject) => {
      const handler = new ResponseHandler({ resolve, reject, done: () => stopListening() });
      // Until the body has been read.
      const stopListening = onAbort(signal ?? undefined, () => handler.cancel(signal?.reason));
      try {
        pool.dispatcherFor(origin).dispatch(request, handler);
      } catch (error) {
        handler.cancel(error);
      }
    });
  };
}

function headerList(given: RequestInit['headers'], body: RequestInit['body']): string[] {
  const headers = new Headers(given);
  const defaults = { accept: '*/*', ...DEFAULT_HEADERS };
  for (const [name, value] of Object.entries(defaults)) if (!headers.has(name)) headers.set(name, value);
  if (body instanceof URLSearchParams && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
  return [...headers].flat();
}

/** The kinds of body that the official client sends. */
function bodyOf(body: RequestInit['body']): string | Uint8Array | null {
  if (body === undefined || body === null || body === '') return null;
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('This kind of body is not supported; send text or URLSearchParams.');
}
