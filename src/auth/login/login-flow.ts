import { randomBytes } from 'node:crypto';
import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
} from '@modelcontextprotocol/client';
import { knownClient } from '../grants/known-client.ts';
import type { ResolvedOAuthOptions } from '../oauth-options.ts';

interface LoginFlowContext {
  readonly options: ResolvedOAuthOptions;
  readonly discovery: OAuthDiscoveryState;
  /** Where the browser comes back to. */
  readonly redirectUrl: string;
}

/**
 * What the official client is to know for one login of a person, by a client that the options name: it makes the URL
 * of the login page from it. Whatever has to be remembered until the browser comes back is here, and nowhere else.
 */
export class LoginFlow implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly #options: ResolvedOAuthOptions;
  readonly #discovery: OAuthDiscoveryState;
  readonly #state = randomBytes(32).toString('base64url');
  #verifier = '';
  #authorizationUrl: URL | undefined;

  constructor({ options, discovery, redirectUrl }: LoginFlowContext) {
    this.#options = options;
    this.#discovery = discovery;
    this.redirectUrl = redirectUrl;
  }

  /** The page that the person is to visit, once the official client has made it. */
  get authorizationUrl(): URL | undefined {
    return this.#authorizationUrl;
  }

  get clientMetadata(): OAuthClientMetadata {
    const { clientName, scope } = this.#options;
    return {
      client_name: clientName,
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...(scope !== undefined && { scope }),
    };
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return knownClient(this.#options);
  }

  state(): string {
    return this.#state;
  }

  /** None: those that could be refreshed were refreshed before it came to this. */
  tokens(): undefined {}

  saveTokens(): void {}

  discoveryState(): OAuthDiscoveryState {
    return this.#discovery;
  }

  saveDiscoveryState(): void {}

  redirectToAuthorization(url: URL): void {
    this.#authorizationUrl = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }
}

/** The same for a client that introduces itself: by the URL of its metadata, or by registering. */
export class IntroducingLoginFlow extends LoginFlow {
  readonly clientMetadataUrl?: string;
  #client: StoredOAuthClientInformation | undefined;

  /** `client` is what it is known as already, with this redirect URL. */
  constructor(context: LoginFlowContext, client: StoredOAuthClientInformation | undefined) {
    super(context);
    this.#client = client;
    const url = context.options.clientMetadataUrl;
    if (url !== undefined) this.clientMetadataUrl = url;
  }

  override clientInformation(): StoredOAuthClientInformation | undefined {
    return this.#client;
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client;
  }
}
