import { redirectRefused } from '../../../errors/transport.ts';
import type { PlenumError } from '../../../errors/plenum-error.ts';

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Redirects that repeat the request as it was; the others make a GET of it. */
const REPEATING_STATUSES: ReadonlySet<number> = new Set([307, 308]);
const MAX_REDIRECTS = 5;

/** The part of a response that redirects are read from. */
export interface RedirectingResponse {
  readonly status: number;
  readonly type: string;
  readonly headers: { get(name: string): string | null };
  readonly body: { cancel(): Promise<void> } | null;
}

/**
 * Makes a request and follows its redirects, up to five, as long as they stay within the origin and repeat the request as
 * it was. So neither a request nor its credentials reach a server that the user did not name.
 *
 * Throws `CONNECT_FAILED` for any other redirect.
 */
export async function followRedirects<R extends RedirectingResponse>(
  fetchOnce: (url: URL) => Promise<R>,
  start: URL,
  method: string,
  server: string,
): Promise<R> {
  let url = start;
  for (let followed = 0; ; followed++) {
    const response = await fetchOnce(url);
    if (!isRedirect(response)) return response;
    await response.body?.cancel();
    const notFollowed = (why: string): PlenumError =>
      redirectRefused(server, `${method} to ${url.origin}`, response.status, why);
    const location = response.headers.get('location');
    if (location === null || !URL.canParse(location, url.href))
      throw notFollowed('without a usable address.');
    const target = new URL(location, url);
    if (target.origin !== url.origin) {
      throw notFollowed(
        `to another origin, ${target.origin}, which is not followed. If that is the server, give its URL in the spec.`,
      );
    }
    if (method !== 'GET' && !REPEATING_STATUSES.has(response.status)) {
      throw notFollowed(
        `(HTTP ${response.status}) that would make a GET of it, which is not followed. Give the URL that it leads to.`,
      );
    }
    if (followed === MAX_REDIRECTS) throw notFollowed(`once more, after ${MAX_REDIRECTS} others.`);
    target.username = '';
    target.password = '';
    url = target;
  }
}

function isRedirect(response: RedirectingResponse): boolean {
  return REDIRECT_STATUSES.has(response.status) || response.type === 'opaqueredirect';
}
