import type {
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';
import type { StoredEntry, TokenStore } from './token-store.ts';

/** Tokens for one resource, with what a refresh needs. */
export interface StoredTokens extends StoredOAuthTokens {
  readonly issuer: string;
  /** When the access token expires, in epoch milliseconds; absent when the authorization server did not say. */
  readonly expires_at?: number | undefined;
  /** The lifetime of the access token, in milliseconds. */
  readonly lifetime?: number | undefined;
  /** The registered client that the tokens belong to; absent when the options name the client. */
  readonly client?: StoredOAuthClientInformation | undefined;
}

/** A token counts as expired when less than this share of its lifetime is left: a request takes time to arrive. */
const MARGIN_SHARE = 0.1;
const MAX_MARGIN_MS = 30_000;

/** One kind of entry: how its key is made, and how its shape is checked. */
function entry<T extends object>(kind: string, isOne: (value: StoredEntry) => boolean) {
  const keyOf = (parts: readonly string[]): string => [kind, ...parts.map(encodeURIComponent)].join(' ');
  return {
    keyOf,
    async read(store: TokenStore, ...parts: string[]): Promise<T | undefined> {
      const found = await store.get(keyOf(parts));
      return found !== undefined && isOne(found) ? (found as T) : undefined;
    },
    async write(store: TokenStore, value: T, ...parts: string[]): Promise<void> {
      await store.set(keyOf(parts), { ...value } as StoredEntry);
    },
    async remove(store: TokenStore, ...parts: string[]): Promise<void> {
      await store.delete(keyOf(parts));
    },
  };
}

/** What discovery found. */
interface StoredDiscovery extends OAuthDiscoveryState {
  /** Whether the server was at a private address then, so that it may name others; absent in older entries. */
  readonly wasPrivate?: boolean | undefined;
}

/** By server and client: what discovery found. */
export const discoveryEntry = entry<StoredDiscovery>(
  'server',
  (value) =>
    typeof value['authorizationServerUrl'] === 'string' &&
    (value['wasPrivate'] === undefined || typeof value['wasPrivate'] === 'boolean'),
);

/** By issuer and client: the client's registration. */
export const clientEntry = entry<StoredOAuthClientInformation>(
  'client',
  (value) => typeof value['client_id'] === 'string',
);

/** By issuer, resource and client: the tokens. */
export const tokensEntry = entry<StoredTokens>(
  'tokens',
  (value) =>
    typeof value['access_token'] === 'string' &&
    typeof value['issuer'] === 'string' &&
    (value['client'] === undefined || isRecord(value['client'])),
);

/** By issuer and client: the tokens of the sign-in that serves all servers of the issuer. */
export const signInEntry = entry<StoredTokens>(
  'sign-in',
  (value) =>
    typeof value['refresh_token'] === 'string' &&
    typeof value['issuer'] === 'string' &&
    (value['client'] === undefined || isRecord(value['client'])),
);

/** Whether a token has expired or is about to. */
export function isExpiring({ expires_at, lifetime = Infinity }: StoredTokens): boolean {
  if (expires_at === undefined) return false;
  return Date.now() >= expires_at - Math.min(MAX_MARGIN_MS, lifetime * MARGIN_SHARE);
}

export function withExpiry(
  tokens: StoredOAuthTokens,
  issuer: string,
  client: StoredOAuthClientInformation | undefined,
): StoredTokens {
  const { expires_in } = tokens;
  if (expires_in === undefined) return { ...tokens, issuer, client };
  const lifetime = expires_in * 1_000;
  return { ...tokens, issuer, client, lifetime, expires_at: Date.now() + lifetime };
}
