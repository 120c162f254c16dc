import { discoverAndRequestJwtAuthGrant, requestJwtAuthorizationGrant } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { checkFunction, checkText } from '../../internal/checks.ts';
import type { AssertionContext } from '../oauth-options.ts';

/** The identity provider of an enterprise, as this client knows it. */
export interface EnterpriseOptions {
  /** The identity provider's issuer; its token endpoint is looked up there. */
  issuer?: string;
  /** Its token endpoint, in place of the issuer. */
  tokenEndpoint?: string;
  /** This client as the identity provider knows it. */
  clientId: string;
  clientSecret?: string;
  /** The user's ID token, or a function that knows it; asked for each assertion. */
  idToken: string | (() => string | Promise<string>);
}

/**
 * For the grant `jwt_bearer` of `oauth()`: has the enterprise's identity provider vouch for the user (enterprise-managed
 * authorization, cross-app access), so that nobody signs in at each server. Throws `CONFIG_INVALID`.
 */
export function enterpriseAssertion(
  options: EnterpriseOptions,
): (context: AssertionContext) => Promise<string> {
  const { issuer, tokenEndpoint, clientId, clientSecret, idToken } = options;
  checkText('clientId', clientId);
  if (typeof idToken !== 'string') checkFunction('idToken', idToken);
  const endpoint = tokenEndpoint ?? issuer;
  if (endpoint === undefined || !URL.canParse(endpoint)) {
    throw new PlenumError('CONFIG_INVALID', 'Option "issuer" or "tokenEndpoint" must be a URL.');
  }
  return async ({ issuer: audience, resource, scope, fetch }) => {
    if (resource === undefined) {
      const what =
        'The server does not say which resource it is, which enterprise-managed authorization needs.';
      throw new PlenumError('AUTH_REQUIRED', what, { data: { reason: 'refused' } });
    }
    const request = {
      audience,
      resource,
      clientId,
      idToken: typeof idToken === 'string' ? idToken : await idToken(),
      fetchFn: fetch,
      ...(clientSecret !== undefined && { clientSecret }),
      ...(scope !== undefined && { scope }),
    };
    const { jwtAuthGrant } =
      tokenEndpoint === undefined
        ? await discoverAndRequestJwtAuthGrant({ ...request, idpUrl: endpoint })
        : await requestJwtAuthorizationGrant({ ...request, tokenEndpoint });
    return jwtAuthGrant;
  };
}
