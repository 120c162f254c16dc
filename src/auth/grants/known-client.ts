import {
  createPrivateKeyJwtAuth,
  type AddClientAuthentication,
  type StoredOAuthClientInformation,
} from '@modelcontextprotocol/client';
import type { ResolvedOAuthOptions } from '../oauth-options.ts';

/** The client that the options name, bound to the issuer if they name one. */
export function knownClient(options: ResolvedOAuthOptions): StoredOAuthClientInformation | undefined {
  const { clientId, clientSecret, issuer } = options;
  if (clientId === undefined) return undefined;
  return {
    client_id: clientId,
    ...(clientSecret !== undefined && { client_secret: clientSecret }),
    ...(issuer !== undefined && { issuer }),
  };
}

/** Signs token requests with the client's private key, where there is one. */
export function clientSigner(options: ResolvedOAuthOptions): AddClientAuthentication | undefined {
  const { clientId, privateKey } = options;
  if (clientId === undefined || privateKey === undefined) return undefined;
  const { key, algorithm } = privateKey;
  return createPrivateKeyJwtAuth({
    issuer: clientId,
    subject: clientId,
    privateKey: typeof key === 'string' ? key : { ...key },
    alg: algorithm,
  });
}
