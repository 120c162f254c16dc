import type { UnreadyMember } from '../errors/catalog.ts';
import type { CompletionReference } from '../session/session.ts';
import type { CatalogKind, CatalogOrigin } from './catalog/catalog.ts';

/** The key of {@link GroupRoutes}; the same in every copy of this version of the package. */
export const groupRoutes: unique symbol = Symbol.for('mcp-plenum.group-routes.1');

/** Whether an entry, or what a template of a server would give, may be found. */
export type AcceptOrigin = (origin: CatalogOrigin, kind: 'resources' | 'resourceTemplates') => boolean;

/** Which server of a group has what a call names, and what that server calls it. Each throws when none has it. */
export interface GroupRoutes {
  tool(name: string): CatalogOrigin;
  prompt(name: string): CatalogOrigin;
  /** Only servers that `accepts` are looked at. */
  resource(uri: string, accepts?: AcceptOrigin): CatalogOrigin;
  /** The servers that may have a tool of this name and are not ready, the likeliest first. */
  unreadyFor(name: string): readonly UnreadyMember[];
  /** Only templates and resources that `accepts` are looked at. */
  completion(ref: CompletionReference, accepts?: AcceptOrigin): CatalogOrigin;
  /** Definitions that a session of a server lists, under the names that the group would expose them by. */
  expose<D extends object>(
    server: string,
    kind: CatalogKind,
    definitions: readonly D[],
  ): readonly (readonly [key: string, entry: D & CatalogOrigin])[];
}
