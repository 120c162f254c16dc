import type { FetchLike, OAuthClientProvider } from '@modelcontextprotocol/client';
import type { ServerAuth, UrlServerSpec } from '../../server-spec.ts';

/** What an official transport is given to authenticate itself and to talk to its server. */
export interface AuthenticatedFetch {
  fetch: FetchLike;
  authProvider?: ServerAuth | OAuthClientProvider;
}

/** The credentials of a spec for one connection to its server, and `fetch` as they wrap it. */
export function withAuth(auth: UrlServerSpec['auth'], url: URL, fetch: FetchLike): AuthenticatedFetch {
  if (auth === undefined) return { fetch };
  if (!('token' in auth)) return { fetch, authProvider: auth };
  const authProvider = auth.forServer?.(url) ?? auth;
  return { fetch: authProvider.wrapFetch?.(fetch) ?? fetch, authProvider };
}
