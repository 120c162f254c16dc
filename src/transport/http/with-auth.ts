import type { FetchLike } from '@modelcontextprotocol/client';
import { tokenNotSendable } from '../../errors/auth.ts';
import type { ConnectionFetch, ServerAuth, UrlServerSpec } from '../../server-spec.ts';
import { ProvidedCredentials } from './official/provided-credentials.ts';

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Options of an official transport: how it authenticates itself, and how it reaches its server. */
export interface AuthenticatedFetch {
  fetch: FetchLike;
  authProvider?: ServerAuth;
}

/**
 * The credentials of a spec for one connection to `server`, and `fetch` wrapped by them where they do that. A token that no
 * header can carry is refused with `AUTH_REQUIRED`.
 */
export function withAuth(
  auth: UrlServerSpec['auth'],
  server: string,
  url: URL,
  fetch: ConnectionFetch,
): AuthenticatedFetch {
  if (auth === undefined) return { fetch };
  const own = 'token' in auth ? (auth.forServer?.(url) ?? auth) : new ProvidedCredentials(auth, url, fetch);
  const authProvider: ServerAuth = {
    token: async () => sendable(await own.token(), server),
    ...(own.onUnauthorized !== undefined && {
      onUnauthorized: async (context) => own.onUnauthorized?.(context),
    }),
  };
  return { fetch: own.wrapFetch?.(fetch) ?? fetch, authProvider };
}

/** Checked here, as the error of the platform would show the token. */
function sendable(token: string | undefined, server: string): string | undefined {
  if (token === undefined || HEADER_VALUE.test(token)) return token;
  throw tokenNotSendable(server);
}
