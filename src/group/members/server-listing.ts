import { requestFailure } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { METHOD_NOT_FOUND } from '../../internal/json/rpc-codes.ts';
import type { CallOptions } from '../../session/call-options.ts';
import type { Session } from '../../session/session.ts';
import type { CatalogEntries, CatalogKind, CatalogOrigin } from '../catalog/catalog.ts';

/** A definition as its server lists it. */
export type Listed<K extends CatalogKind> = Omit<CatalogEntries[K], keyof CatalogOrigin>;

/** The lists that were fetched: the entries of each, or the error. */
export type ServerListing = { readonly [K in CatalogKind]?: readonly Listed<K>[] | PlenumError };

/**
 * Whether fetching a list again may succeed. It will not when the server does not have the method, wants other
 * credentials, or sent more than a limit allows.
 */
export function mayComeLater({ code, rpcCode, advice }: PlenumError): boolean {
  switch (code) {
    case 'TIMEOUT':
    case 'CONNECTION_LOST':
    case 'SESSION_EXPIRED':
      return true;
    case 'PROTOCOL':
      return rpcCode !== METHOD_NOT_FOUND;
    case 'INVALID_RESULT':
      return advice?.some((each) => each.do === 'raise') !== true;
    default:
      return false;
  }
}

/** The session's methods that list things. */
export type ListingSession = Pick<
  Session,
  'name' | 'listTools' | 'listResources' | 'listResourceTemplates' | 'listPrompts'
>;

/** Fetches lists in parallel. A list that fails does not affect the others. Never rejects. */
export async function fetchListing(
  session: ListingSession,
  kinds: Iterable<CatalogKind>,
  options: CallOptions,
): Promise<ServerListing> {
  const fetchers: { readonly [K in CatalogKind]: () => Promise<readonly Listed<K>[]> } = {
    tools: async () => (await session.listTools(options)).tools,
    resources: async () => (await session.listResources(options)).resources,
    resourceTemplates: async () => (await session.listResourceTemplates(options)).resourceTemplates,
    prompts: async () => (await session.listPrompts(options)).prompts,
  };
  const outcomes = await Promise.all(
    [...kinds].map(async (kind) => {
      try {
        return [kind, await fetchers[kind]()] as const;
      } catch (error) {
        const doing = `Listing ${kind} of server "${session.name}"`;
        return [kind, requestFailure({ doing, server: session.name }, error)] as const;
      }
    }),
  );
  return Object.fromEntries(outcomes);
}
