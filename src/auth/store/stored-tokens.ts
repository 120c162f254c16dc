import type {
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';
import type { StoredEntry, TokenStore } from './token-store.ts';

/** Tokens for one resource, with what it takes to refresh them. */
export interface StoredTokens extends StoredOAuthTokens {
  readonly issuer: string;
  /** When it ends, in epoch milliseconds; absent when the authorization server did not say. */
  readonly expires_at?: number | undefined;
  /** How long it was given, in milliseconds. */
  readonly lifetime?: number | undefined;
  /** The registration that it was given to; absent for a client that the options know. */
  readonly client?: StoredOAuthClientInformation | undefined;
}

/** The part of a lifetime before whose end a token counts as expired; it takes time to get there. */
const MARGIN_SHARE = 0.1;
const MAX_MARGIN_MS = 30_000;

/** One kind of entry: what it is found by, and how it is told from something else. */
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

/** By server and client: where the server sends its users. */
export const discoveryEntry = entry<OAuthDiscoveryState>(
  'server',
  (value) => typeof value['authorizationServerUrl'] === 'string',
);

/** By issuer and client: how the client is known there. */
export const clientEntry = entry<StoredOAuthClientInformation>(
  'client',
  (value) => typeof value['client_id'] === 'string',
);

/** By issuer, resource and client. */
export const tokensEntry = entry<StoredTokens>(
  'tokens',
  (value) =>
    typeof value['access_token'] === 'string' &&
    typeof value['issuer'] === 'string' &&
    (value['client'] === undefined || isRecord(value['client'])),
);

/** Whether a token has ended, or is about to. */
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
