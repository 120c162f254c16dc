import type { LoggingLevel } from '@modelcontextprotocol/client';
import type { PlenumError } from '../errors/plenum-error.ts';
import type { SessionStatus } from '../session/session.ts';
import type { CatalogDiff, CatalogCollision } from './catalog/catalog.ts';

/** What happens in a group; `server` says where. */
export type GroupEvent =
  | { readonly type: 'server-added'; readonly server: string }
  | { readonly type: 'server-removed'; readonly server: string }
  | { readonly type: 'status'; readonly server: string; readonly status: SessionStatus }
  /** The catalog changed: one event for each change of one server. */
  | {
      readonly type: 'catalog';
      readonly server: string;
      readonly version: number;
      readonly diff: CatalogDiff;
    }
  /** A server lists a name that another one has; that one keeps it. */
  | ({ readonly type: 'collision'; readonly server: string } & CatalogCollision)
  | { readonly type: 'resource-updated'; readonly server: string; readonly uri: string }
  | {
      readonly type: 'log';
      readonly server: string;
      readonly level: LoggingLevel;
      readonly logger?: string | undefined;
      readonly data: unknown;
    }
  | { readonly type: 'stderr'; readonly server: string; readonly line: string }
  | {
      readonly type: 'notification';
      readonly server: string;
      readonly method: string;
      readonly params?: unknown;
    }
  /** Something went wrong and was contained. */
  | { readonly type: 'problem'; readonly server: string; readonly error: PlenumError };
