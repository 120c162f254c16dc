import type { FetchLike, OAuthClientProvider } from '@modelcontextprotocol/client';
import { tokenNotSendable } from '../../errors/auth.ts';
import type { ConnectionFetch, ServerAuth, UrlServerSpec } from '../../server-spec.ts';

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Options of an official transport: how it authenticates itself, and how it reaches its server. */
export interface AuthenticatedFetch {
  fetch: FetchLike;
  authProvider?: ServerAuth | OAuthClientProvider;
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
  if (!('token' in auth)) return { fetch, authProvider: stamped(auth) };
  const own = auth.forServer?.(url) ?? auth;
  const authProvider: ServerAuth = {
    token: async () => sendable(await own.token(), server),
    ...(own.onUnauthorized !== undefined && {
      onUnauthorized: async (context) => own.onUnauthorized?.(context),
    }),
  };
  return { fetch: own.wrapFetch?.(fetch) ?? fetch, authProvider };
}

/**
 * The provider of a program, whose credentials name the authorization server that gave them. Of those that do not, the official
 * client writes to the console of the host before it takes them for the present server's, as is done here.
 */
function stamped(provider: OAuthClientProvider): OAuthClientProvider {
  const tokens: OAuthClientProvider['tokens'] = async (ctx) => {
    const stored = await provider.tokens(ctx);
    if (stored === undefined || ctx === undefined || typeof stored.issuer === 'string') return stored;
    const known = { ...stored, issuer: ctx.issuer };
    await provider.saveTokens(known, ctx);
    return known;
  };
  const clientInformation: OAuthClientProvider['clientInformation'] = async (ctx) => {
    const stored = await provider.clientInformation(ctx);
    if (stored === undefined || ctx === undefined || typeof stored.issuer === 'string') return stored;
    const known = { ...stored, issuer: ctx.issuer };
    await provider.saveClientInformation?.(known, ctx);
    return known;
  };
  // Private fields of the provider are there only when it is called as itself.
  return new Proxy(provider, {
    get: (target, key) => {
      if (key === 'tokens') return tokens;
      if (key === 'clientInformation') return clientInformation;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Checked here, as the error of the platform would show the token. */
function sendable(token: string | undefined, server: string): string | undefined {
  if (token === undefined || HEADER_VALUE.test(token)) return token;
  throw tokenNotSendable(server);
}
