import {
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  resourceUrlFromServerUrl,
  type FetchLike,
  type OAuthDiscoveryState,
  type OAuthProtectedResourceMetadata,
} from '@modelcontextprotocol/client';
import { authRequired } from '../auth-failure.ts';

/** Where a server sends its users, and what for. */
export interface Discovery {
  readonly state: OAuthDiscoveryState;
  readonly issuer: string;
  /** The resource indicator as the server gives it; undefined when it has none. */
  readonly resource: string | undefined;
}

interface DiscoveryOptions {
  readonly server: URL;
  /** Where the server said that its metadata are. */
  readonly resourceMetadataUrl: URL | undefined;
  /** The only issuer that will do. */
  readonly issuer: string | undefined;
  readonly fetch: FetchLike;
}

/** Asks a server for its authorization server, and that for its metadata. */
export async function discover(options: DiscoveryOptions): Promise<Discovery> {
  const { server, resourceMetadataUrl, fetch } = options;
  const resourceMetadata = await readResourceMetadata(options);
  const offered = resourceMetadata?.authorization_servers ?? [];
  // A server without metadata of its own is its own authorization server, as of 2025-03-26.
  const authorizationServerUrl =
    offered.find((each) => sameIssuer(each, options.issuer)) ?? offered[0] ?? new URL('/', server).href;
  const metadata = await discoverAuthorizationServerMetadata(authorizationServerUrl, { fetchFn: fetch });
  const state: OAuthDiscoveryState = {
    authorizationServerUrl,
    ...(metadata !== undefined && { authorizationServerMetadata: metadata }),
    ...(resourceMetadata !== undefined && { resourceMetadata }),
    ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl: resourceMetadataUrl.href }),
  };
  return checkDiscovery(state, options);
}

/** What was discovered before, if it still satisfies. */
export function checkDiscovery(
  state: OAuthDiscoveryState,
  { server, issuer: wanted }: Pick<DiscoveryOptions, 'server' | 'issuer'>,
): Discovery {
  const issuer = state.authorizationServerMetadata?.issuer ?? state.authorizationServerUrl;
  const resource = state.resourceMetadata?.resource;
  const target = { server, issuer, resource };
  if (wanted !== undefined && !sameIssuer(issuer, wanted)) {
    const what = `it names the authorization server ${new URL(issuer).origin}, which is not the one of option "issuer".`;
    throw authRequired('issuer_mismatch', target, what);
  }
  const requestedResource = resourceUrlFromServerUrl(server);
  if (resource !== undefined && !checkResourceAllowed({ requestedResource, configuredResource: resource })) {
    throw authRequired('refused', target, 'its metadata are those of another resource.');
  }
  return { state, issuer, resource };
}

async function readResourceMetadata(
  options: DiscoveryOptions,
): Promise<OAuthProtectedResourceMetadata | undefined> {
  const { server, resourceMetadataUrl, fetch } = options;
  try {
    return await discoverOAuthProtectedResourceMetadata(
      server,
      resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl },
      fetch,
    );
  } catch (error) {
    // A request that was refused or failed; any other error means that there are none.
    if (error instanceof TypeError) throw error;
    return undefined;
  }
}

/** As the official client compares them. */
function sameIssuer(a: string, b: string | undefined): boolean {
  return b !== undefined && a.replace(/\/$/, '') === b.replace(/\/$/, '');
}
