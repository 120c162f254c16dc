import type { ServerOAuth } from '../../auth/oauth.ts';
import type { PlainServer } from './server-set.ts';

/** The credentials of a server that somebody can sign in to; undefined for any other. */
export function signInOf(spec: PlainServer): ServerOAuth | undefined {
  if (!('url' in spec) || spec.auth === undefined || !('token' in spec.auth)) return undefined;
  const credentials = spec.auth.forServer?.(new URL(spec.url));
  return credentials !== undefined && isServerOAuth(credentials) ? credentials : undefined;
}

function isServerOAuth(credentials: object): credentials is ServerOAuth {
  return 'authorize' in credentials && 'signOut' in credentials && 'status' in credentials;
}
