import type { Implementation, ServerCapabilities } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import type { CallOptions } from '../../session/call-options.ts';
import type { ProtocolEra, Session, SessionStatus } from '../../session/session.ts';
import { internalsOf, type SessionInternals } from '../../session/session-internals.ts';
import type { SupervisedSession } from '../../session/supervised-session.ts';
import type { CachedServer } from '../cache/cached-server.ts';
import { CATALOG_KINDS, type CatalogKind, type CatalogCollision, type Exposure } from '../catalog/catalog.ts';
import { ListRefresher } from './list-refresher.ts';
import { fetchListing, mayPass, type ServerListing } from './server-listing.ts';

/** How one server of a group is doing. A snapshot. */
export type GroupServerStatus = SessionStatus & {
  readonly era?: ProtocolEra;
  readonly protocolVersion?: string;
  readonly serverInfo?: Implementation;
  readonly capabilities?: ServerCapabilities;
  /** Whether the group was given the session and leaves its end to the giver. */
  readonly adopted: boolean;
  /** Lists that could not be had when last asked for, by kind. */
  readonly listErrors: { readonly [K in CatalogKind]?: PlenumError };
  /** Entries left out of the catalog because their name is taken. */
  readonly collisions: readonly CatalogCollision[];
  /** How many entries of each kind are in the catalog. */
  readonly counts: { readonly [K in CatalogKind]: number };
};

/**
 * One server in a group: `joining` until its entries are first committed; `late` when that did not come in time
 * and is awaited; `refused` when its names clash.
 */
export type MemberPhase = 'joining' | 'late' | 'joined' | 'refused';

/** What a group decided about a server before it is there. */
export interface MemberPlan {
  /** The session, when the group made it and is to end it; that holds for the one around an adopted client, too. */
  readonly own: SupervisedSession | undefined;
  readonly adopted: boolean;
  readonly exposure: Exposure;
  /** Undefined when the server is always up. */
  readonly lazy: LazyPlan | undefined;
  readonly listTimeoutMs: number;
}

export interface LazyPlan {
  readonly idleMs: number;
  /** What its catalog is kept under. */
  readonly fingerprint: string;
}

/** A session in a group, with what the group knows about its lists. */
export class Member {
  readonly name: string;
  readonly session: Session;
  readonly internals: SessionInternals;
  readonly own: SupervisedSession | undefined;
  readonly adopted: boolean;
  readonly exposure: Exposure;
  readonly lazy: LazyPlan | undefined;
  readonly refresher: ListRefresher;
  phase: MemberPhase = 'joining';
  /** Lists that were announced as changed and are not fetched again yet. */
  readonly missed = new Set<CatalogKind>();
  refusal: PlenumError | undefined;
  collisions: readonly CatalogCollision[] = [];
  /** The lists behind `collisions`, to try again when names become free. */
  contested: ServerListing = {};
  stopObserving: () => void = () => {};
  readonly #released = new AbortController();
  readonly #listTimeoutMs: number;
  readonly #listErrors = new Map<CatalogKind, PlenumError>();
  /** For each kind, the number of the fetch that was committed last: an older one that comes late is stale. */
  readonly #committed = new Map<CatalogKind, number>();
  #fetches = 0;
  /** Connections whose lists were asked for, all of them. */
  readonly #asked = new WeakSet<object>();
  /** Of a lazy server, the latest of each list. */
  #known: CachedServer['listing'] = {};

  constructor(
    name: string,
    session: Session,
    { own, adopted, exposure, lazy, listTimeoutMs }: MemberPlan,
    refresh: (member: Member, kinds: ReadonlySet<CatalogKind>) => Promise<Iterable<CatalogKind>>,
  ) {
    this.name = name;
    this.session = session;
    this.internals = internalsOf(session);
    this.own = own;
    this.adopted = adopted;
    this.exposure = exposure;
    this.lazy = lazy;
    this.#listTimeoutMs = listTimeoutMs;
    this.refresher = new ListRefresher((kinds) => refresh(this, kinds));
  }

  /** Fetches lists; the options of a caller, if there is one, win over the group's. */
  async fetch(kinds: Iterable<CatalogKind>, options: CallOptions = {}): Promise<FetchedListing> {
    const number = ++this.#fetches;
    const { connectionKey } = this.internals;
    const wanted = [...kinds];
    const { timeoutMs = this.#listTimeoutMs, maxTotalTimeoutMs = timeoutMs } = options;
    const limit = new Limit({}, this.#released.signal, options.signal);
    const request = { ...options, timeoutMs, maxTotalTimeoutMs, signal: limit.signal };
    const listing = await fetchListing(this.session, wanted, request);
    limit.stop();
    if (connectionKey !== undefined && wanted.length === CATALOG_KINDS.length) this.#asked.add(connectionKey);
    return { number, connectionKey, listing };
  }

  /** Whether the lists of the present connection were never asked for. */
  get listsAreDue(): boolean {
    const { connectionKey } = this.internals;
    return connectionKey !== undefined && !this.#asked.has(connectionKey);
  }

  /** Whether nothing is known yet of a list that may still come. */
  get isIncomplete(): boolean {
    return [...this.#listErrors].some(([kind, error]) => this.#known[kind] === undefined && mayPass(error));
  }

  /** What an earlier session found, in the place of a fetch. Until there is a connection, it is all that is known. */
  recall({ listing, ...facts }: CachedServer): FetchedListing {
    this.own?.recall(facts);
    return { number: 0, connectionKey: undefined, listing };
  }

  /** What is known of a lazy server, for a session to come. */
  get record(): CachedServer {
    const { serverInfo, capabilities, instructions } = this.session;
    return {
      ...(serverInfo !== undefined && { serverInfo }),
      ...(capabilities !== undefined && { capabilities }),
      ...(instructions !== undefined && { instructions }),
      listing: this.#known,
    };
  }

  /** Notes which lists failed; returns those that came and are not older than what is known. */
  accept({ number, listing }: FetchedListing): ServerListing {
    const accepted: [string, unknown][] = [];
    for (const [kind, list] of Object.entries(listing) as [CatalogKind, unknown][]) {
      if (number < (this.#committed.get(kind) ?? 0)) continue;
      this.#committed.set(kind, number);
      if (list instanceof PlenumError) this.#listErrors.set(kind, list);
      else {
        this.#listErrors.delete(kind);
        accepted.push([kind, list]);
      }
    }
    const came = Object.fromEntries(accepted);
    if (this.lazy !== undefined) this.#known = { ...this.#known, ...came };
    return came;
  }

  status(counts: GroupServerStatus['counts']): GroupServerStatus {
    const { serverInfo, capabilities, era, protocolVersion, status } = this.session;
    const refusal = this.refusal;
    const shown: SessionStatus =
      refusal === undefined ? status : { state: 'failed', since: status.since, error: refusal };
    return Object.freeze({
      ...shown,
      ...(era !== undefined && { era }),
      ...(protocolVersion !== undefined && { protocolVersion }),
      ...(serverInfo !== undefined && { serverInfo }),
      ...(capabilities !== undefined && { capabilities }),
      adopted: this.adopted,
      listErrors: Object.freeze(Object.fromEntries(this.#listErrors)),
      collisions: this.collisions,
      counts,
    });
  }

  /** Lets go of the session; nothing of the group's own is under way in it any more. */
  release(): void {
    this.#released.abort();
    this.stopObserving();
    this.refresher.stop();
  }
}

/** Lists, with the number of the fetch and the connection that they came over. */
export interface FetchedListing {
  readonly number: number;
  readonly connectionKey: object | undefined;
  readonly listing: ServerListing;
}
