import {
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  resourceUrlFromServerUrl,
  type FetchLike,
  type OAuthDiscoveryState,
  type OAuthProtectedResourceMetadata,
} from '@modelcontextprotocol/client';
import { otherIssuer, otherResource, unwantedIssuer } from '../../errors/auth.ts';

/** What discovery found: the authorization server of an MCP server, its metadata, and the resource. */
export interface Discovery {
  readonly state: OAuthDiscoveryState;
  readonly issuer: string;
  /** The resource indicator from the server's metadata; undefined when there are none. */
  readonly resource: string | undefined;
}

interface DiscoveryOptions {
  readonly server: URL;
  /** The URL of the resource metadata that the server named in its refusal. */
  readonly resourceMetadataUrl: URL | undefined;
  /** The only issuer that is accepted; undefined for any. */
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
  const metadata = await discoverAuthorizationServerMetadata(authorizationServerUrl, {
    fetchFn: fetch,
    // Checked below: the official check refuses an issuer that was named without its slash.
    skipIssuerValidation: true,
  });
  if (metadata !== undefined && !sameIssuer(metadata.issuer, authorizationServerUrl)) {
    throw otherIssuer(server, authorizationServerUrl, metadata.issuer);
  }
  const state: OAuthDiscoveryState = {
    authorizationServerUrl,
    ...(metadata !== undefined && { authorizationServerMetadata: metadata }),
    ...(resourceMetadata !== undefined && { resourceMetadata }),
    ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl: resourceMetadataUrl.href }),
  };
  return checkDiscovery(state, options);
}

/** Accepts an earlier discovery if it still meets the options; throws otherwise. */
export function checkDiscovery(
  state: OAuthDiscoveryState,
  { server, issuer: wanted }: Pick<DiscoveryOptions, 'server' | 'issuer'>,
): Discovery {
  const issuer = state.authorizationServerMetadata?.issuer ?? state.authorizationServerUrl;
  const resource = state.resourceMetadata?.resource;
  const target = { server, issuer, resource };
  if (wanted !== undefined && !sameIssuer(issuer, wanted)) {
    throw unwantedIssuer(target, wanted);
  }
  const requestedResource = resourceUrlFromServerUrl(server);
  if (resource !== undefined && !isResourceOf(requestedResource, resource)) {
    throw otherResource({ ...target, resource });
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
    // A TypeError means that the request failed. Any other error means that the server has no metadata.
    if (error instanceof TypeError) throw error;
    return undefined;
  }
}

/** Whether `resource` is the server or a part of it; a slash at the end makes no difference. */
function isResourceOf(server: URL, resource: string): boolean {
  if (!URL.canParse(resource)) return false;
  const configuredResource = new URL(resource);
  configuredResource.pathname = withoutSlash(configuredResource.pathname);
  return checkResourceAllowed({ requestedResource: server, configuredResource });
}

/** Compares issuers; a slash at the end makes no difference, as both have the same metadata. */
function sameIssuer(a: string, b: string | undefined): boolean {
  return b !== undefined && withoutSlash(a) === withoutSlash(b);
}

function withoutSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text;
}
