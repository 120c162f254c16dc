import type { FetchLike, OAuthClientProvider } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import type { ServerAuth, UrlServerSpec } from '../../server-spec.ts';

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What an official transport is given to authenticate itself and to talk to its server. */
export interface AuthenticatedFetch {
  fetch: FetchLike;
  authProvider?: ServerAuth | OAuthClientProvider;
}

/**
 * The credentials of a spec for one connection to `server`, and `fetch` as they wrap it. Asking for a token rejects with
 * `AUTH_REQUIRED` when no header can carry it.
 */
export function withAuth(
  auth: UrlServerSpec['auth'],
  server: string,
  url: URL,
  fetch: FetchLike,
): AuthenticatedFetch {
  if (auth === undefined) return { fetch };
  if (!('token' in auth)) return { fetch, authProvider: auth };
  const own = auth.forServer?.(url) ?? auth;
  const authProvider: ServerAuth = {
    token: async () => sendable(await own.token(), server),
    ...(own.onUnauthorized !== undefined && {
      onUnauthorized: async (context) => own.onUnauthorized?.(context),
    }),
  };
  return { fetch: own.wrapFetch?.(fetch) ?? fetch, authProvider };
}

/** The platform would refuse a token that no header can carry with a message that shows it. */
function sendable(token: string | undefined, server: string): string | undefined {
  if (token === undefined || HEADER_VALUE.test(token)) return token;
  const what = `The token for server "${server}" holds a character that no HTTP header can carry`;
  throw new PlenumError('AUTH_REQUIRED', `${what}, a line break perhaps.`, { server });
}
