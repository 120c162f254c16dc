import { randomBytes } from 'node:crypto';
import {
  checkResourceAllowed,
  resourceUrlFromServerUrl,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
} from '@modelcontextprotocol/client';
import { knownClient } from '../grants/known-client.ts';
import type { ResolvedOAuthOptions } from '../oauth-options.ts';

interface LoginFlowContext {
  readonly server: URL;
  readonly options: ResolvedOAuthOptions;
  readonly discovery: OAuthDiscoveryState;
  /** The redirect URI. */
  readonly redirectUrl: string;
}

/**
 * The provider that the official client asks during one login of a user, for a client id that the options name. It
 * holds all that must be remembered until the browser is redirected back: state, code verifier, client.
 */
export class LoginFlow implements OAuthClientProvider {
  readonly redirectUrl: string;
  /** Given where the official client would refuse a resource for the slash at its end; discovery has checked it. */
  readonly validateResourceURL?: () => Promise<URL>;
  readonly #options: ResolvedOAuthOptions;
  readonly #discovery: OAuthDiscoveryState;
  readonly #state = randomBytes(32).toString('base64url');
  #verifier = '';
  #authorizationUrl: URL | undefined;

  constructor({ server, options, discovery, redirectUrl }: LoginFlowContext) {
    const resource = discovery.resourceMetadata?.resource;
    const requestedResource = resourceUrlFromServerUrl(server);
    if (resource !== undefined && !checkResourceAllowed({ requestedResource, configuredResource: resource }))
      this.validateResourceURL = async () => new URL(resource);
    this.#options = options;
    this.#discovery = discovery;
    this.redirectUrl = redirectUrl;
  }

  /** The URL of the login page, once the official client has made it. */
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

  /** Always undefined: a refresh was tried before the login. */
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

/** The provider for a client without an id: it uses the URL of its metadata as the id, or registers itself. */
export class IntroducingLoginFlow extends LoginFlow {
  readonly clientMetadataUrl?: string;
  #client: StoredOAuthClientInformation | undefined;

  /** `client` is an earlier registration with this redirect URI. */
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
