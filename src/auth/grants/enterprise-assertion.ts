import { discoverAndRequestJwtAuthGrant, requestJwtAuthorizationGrant } from '@modelcontextprotocol/client';
import { oauthOptionInvalid, resourceNotSaid } from '../../errors/auth.ts';
import { checkOptions } from '../../options/check-options.ts';
import { enterpriseOptions } from '../../options/tables/auth.ts';
import { readLeniently } from '../network/lenient-answers.ts';
import type { AssertionContext } from '../oauth-options.ts';

/** How this client reaches the identity provider of an enterprise. */
export interface EnterpriseOptions {
  /** The identity provider's issuer; its token endpoint is looked up there. */
  issuer?: string;
  /** The identity provider's token endpoint; give this or `issuer`. */
  tokenEndpoint?: string;
  /** The id that this client has at the identity provider. */
  clientId: string;
  clientSecret?: string;
  /** The user's ID token, or a function that returns it. The function is called for each assertion. */
  idToken: string | (() => string | Promise<string>);
}

/**
 * The `assertion` option of `oauth()` for the grant `jwt_bearer`: gets an assertion for the user from the
 * enterprise's identity provider (enterprise-managed authorization, cross-app access), so that the user need not sign
 * in at each server. Throws `CONFIG_INVALID`.
 */
export function enterpriseAssertion(
  options: EnterpriseOptions,
): (context: AssertionContext) => Promise<string> {
  checkOptions(enterpriseOptions, options, 'Options of an assertion');
  const { issuer, tokenEndpoint, clientId, clientSecret, idToken } = options;
  const endpoint = tokenEndpoint ?? issuer;
  if (endpoint === undefined || !URL.canParse(endpoint)) {
    throw oauthOptionInvalid('Option "issuer" or "tokenEndpoint" must be a URL');
  }
  return async ({ issuer: audience, resource, scope, fetch }) => {
    if (resource === undefined) {
      throw resourceNotSaid();
    }
    const request = {
      audience,
      resource,
      clientId,
      idToken: typeof idToken === 'string' ? idToken : await idToken(),
      fetchFn: readLeniently(fetch),
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
