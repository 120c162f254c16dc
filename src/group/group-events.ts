import type { LoggingLevel } from '@modelcontextprotocol/client';
import type { PlenumError } from '../errors/plenum-error.ts';
import type { DefinitionDrift } from '../session/lock/definition-lock.ts';
import type { SessionStatus } from '../session/session.ts';
import type { CatalogDiff, CatalogCollision } from './catalog/catalog.ts';

/** An event of a group; `server` is the name of the server concerned. */
export type GroupEvent =
  | { readonly type: 'server-added'; readonly server: string }
  | { readonly type: 'server-removed'; readonly server: string }
  | { readonly type: 'status'; readonly server: string; readonly status: SessionStatus }
  /** The entries of a server changed; `version` is the catalog's new version. */
  | {
      readonly type: 'catalog';
      readonly server: string;
      readonly version: number;
      readonly diff: CatalogDiff;
    }
  /** A server lists an entry whose name is taken. The entry is left out until the name is free. */
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
  /** With a lock: something of a server is not what was approved. Once for each difference. */
  | ({ readonly type: 'drift'; readonly server: string } & DefinitionDrift)
  | {
      readonly type: 'notification';
      readonly server: string;
      readonly method: string;
      readonly params?: unknown;
    }
  /** An error that failed no call. The group goes on. */
  | { readonly type: 'problem'; readonly server: string; readonly error: PlenumError };
