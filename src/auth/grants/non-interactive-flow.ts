import type {
  AddClientAuthentication,
  DpopSession,
  OAuthClientMetadata,
  OAuthClientProvider,
  StoredOAuthClientInformation,
} from '@modelcontextprotocol/client';
import { clientSigner, knownClient } from './known-client.ts';
import type { AssertionContext, ResolvedOAuthOptions } from '../oauth-options.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * The provider that the official client asks while it gets one token without a user: by the client's own credentials
 * or by an assertion. The token is returned and not kept here.
 */
export class NonInteractiveFlow implements OAuthClientProvider {
  readonly redirectUrl = undefined;
  readonly addClientAuthentication?: AddClientAuthentication;
  readonly #options: ResolvedOAuthOptions;
  readonly #assertionContext: Omit<AssertionContext, 'scope'>;
  readonly #dpop: DpopSession | undefined;

  constructor(
    options: ResolvedOAuthOptions,
    assertionContext: Omit<AssertionContext, 'scope'>,
    dpop: DpopSession | undefined,
  ) {
    this.#options = options;
    this.#assertionContext = assertionContext;
    this.#dpop = dpop;
    const sign = clientSigner(options);
    if (sign !== undefined) this.addClientAuthentication = sign;
  }

  get clientMetadata(): OAuthClientMetadata {
    return { redirect_uris: [] };
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return knownClient(this.#options);
  }

  dpop(): DpopSession | undefined {
    return this.#dpop;
  }

  async prepareTokenRequest(scope?: string): Promise<URLSearchParams> {
    const params = new URLSearchParams({ grant_type: 'client_credentials' });
    const { assertion } = this.#options;
    if (assertion !== undefined) {
      params.set('grant_type', JWT_BEARER);
      params.set('assertion', await assertion({ ...this.#assertionContext, scope }));
    }
    if (scope !== undefined) params.set('scope', scope);
    return params;
  }

  tokens(): undefined {}

  saveTokens(): void {}

  redirectToAuthorization(): void {}

  saveCodeVerifier(): void {}

  codeVerifier(): string {
    return '';
  }
}
