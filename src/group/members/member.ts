import type { Implementation, ServerCapabilities } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import type { CallOptions } from '../../session/call-options.ts';
import type { ProtocolEra, Session, SessionStatus } from '../../session/session.ts';
import { internalsOf, type SessionInternals } from '../../session/session-internals.ts';
import type { DefinitionDrift, DefinitionLock, ServerLock } from '../../session/lock/definition-lock.ts';
import type { SupervisedSession } from '../../session/supervised-session.ts';
import type { CachedServer } from '../cache/cached-server.ts';
import { CATALOG_KINDS, type CatalogKind, type CatalogCollision, type Exposure } from '../catalog/catalog.ts';
import { ListRefresher } from './list-refresher.ts';
import { fetchListing, mayComeLater, type ServerListing } from './server-listing.ts';

/** The status of one server of a group. A snapshot. */
export type GroupServerStatus = SessionStatus & {
  readonly era?: ProtocolEra;
  readonly protocolVersion?: string;
  readonly serverInfo?: Implementation;
  readonly capabilities?: ServerCapabilities;
  /** Whether the server was added by `adopt`: the group does not close it. */
  readonly adopted: boolean;
  /**
   * The errors of lists whose latest fetch failed, by kind. The entries that such a list had stay in the catalog. It is
   * fetched again with backoff, unless the server does not have the method, wants other credentials or sent too much.
   */
  readonly listErrors: { readonly [K in CatalogKind]?: PlenumError };
  /** Entries left out of the catalog because their name is taken. */
  readonly collisions: readonly CatalogCollision[];
  /** How many entries of each kind are in the catalog. */
  readonly counts: { readonly [K in CatalogKind]: number };
};

/**
 * How far a server has come: `joining` while it is being added, `late` when it was not ready in time and will be admitted
 * when it is, `joined` when its entries are in the catalog, `refused` when its names are taken.
 */
export type MemberPhase = 'joining' | 'late' | 'joined' | 'refused';

/** What is decided about a server before it is started. */
export interface MemberPlan {
  /** The session, if the group made it and closes it; also the session around an adopted client. */
  readonly own: SupervisedSession | undefined;
  readonly adopted: boolean;
  readonly exposure: Exposure;
  /** Undefined when the server is not lazy. */
  readonly lazy: LazyPlan | undefined;
  readonly listTimeoutMs: number;
  readonly lock: DefinitionLock | undefined;
}

export interface LazyPlan {
  readonly idleMs: number;
  /** Whether it is opened when the cache does not know what it lists. */
  readonly opensToList: boolean;
  /** The key of its catalog in the cache. */
  readonly fingerprint: string;
}

/** After how many failures in a row a list of a lazy server counts as refused for good. */
const FAILURES_TO_GIVE_UP = 4;

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
  /** Lists that changed before the server was admitted, to be fetched then. */
  readonly missed = new Set<CatalogKind>();
  refusal: PlenumError | undefined;
  /** Whether it has joined without its lists: nothing is known of them until it is opened. */
  isUnlisted = false;
  collisions: readonly CatalogCollision[] = [];
  /** Whether the globs of its filter were compared with the names of its tools, which is done once. */
  isFilterChecked = false;
  /** The lists with the entries of `collisions`, to be claimed again when names become free. */
  contested: ServerListing = {};
  readonly lock: DefinitionLock | undefined;
  /** What the lock held of the server when it was last asked. */
  locked: ServerLock | undefined;
  /** What differs from the lock, by kind and exposed name. */
  readonly drifted = new Map<string, DefinitionDrift>();
  stopObserving: () => void = () => {};
  readonly #released = new AbortController();
  readonly #listTimeoutMs: number;
  readonly #listErrors = new Map<CatalogKind, PlenumError>();
  /** How often each of those lists failed in a row. */
  readonly #failures = new Map<CatalogKind, number>();
  /** The number of the fetch that was committed last, by kind: an older fetch that ends later is dropped. */
  readonly #committed = new Map<CatalogKind, number>();
  #fetches = 0;
  /** The keys of connections over which all lists were fetched. */
  readonly #asked = new WeakSet<object>();
  /** Of a lazy server, the latest state of each list. */
  #known: CachedServer['listing'] = {};

  constructor(
    name: string,
    session: Session,
    { own, adopted, exposure, lazy, listTimeoutMs, lock }: MemberPlan,
    refresh: (member: Member, kinds: ReadonlySet<CatalogKind>) => Promise<void>,
  ) {
    this.name = name;
    this.session = session;
    this.internals = internalsOf(session);
    this.own = own;
    this.adopted = adopted;
    this.exposure = exposure;
    this.lazy = lazy;
    this.lock = lock;
    this.#listTimeoutMs = listTimeoutMs;
    this.refresher = new ListRefresher((kinds) => refresh(this, kinds));
  }

  /** Asks the lock anew. When it cannot be read, the session does not start either, and says why. */
  async openLock(): Promise<void> {
    this.locked = await this.lock?.open(this.name).catch(() => undefined);
  }

  /** Fetches lists; options of a caller win over the group's. Never rejects. */
  async fetch(kinds: Iterable<CatalogKind>, options: CallOptions = {}): Promise<FetchedListing> {
    const number = ++this.#fetches;
    const { connectionKey } = this.internals;
    const wanted = [...kinds];
    const { timeoutMs = this.#listTimeoutMs, maxTotalTimeoutMs = timeoutMs } = options;
    const limit = new Limit({}, this.#released.signal, options.signal);
    const request = { ...options, timeoutMs, maxTotalTimeoutMs, signal: limit.signal };
    const listing = await fetchListing(this.session, wanted, request);
    if (this.lock !== undefined) await this.openLock();
    limit.stop();
    if (connectionKey !== undefined && wanted.length === CATALOG_KINDS.length) this.#asked.add(connectionKey);
    return { number, connectionKey, listing };
  }

  /** Whether the lists have not been fetched yet over the present connection. */
  get listsAreDue(): boolean {
    const { connectionKey } = this.internals;
    return connectionKey !== undefined && !this.#asked.has(connectionKey);
  }

  /**
   * Whether a list has never been fetched, and fetching it again may succeed. A list that failed several times in a row
   * does not count: a lazy server would stay up for it for ever.
   */
  get isIncomplete(): boolean {
    return [...this.#listErrors].some(([kind, error]) => {
      const failures = this.#failures.get(kind) ?? 0;
      return this.#known[kind] === undefined && failures < FAILURES_TO_GIVE_UP && mayComeLater(error);
    });
  }

  /** Why the latest fetch of this list failed; undefined when it did not. */
  listError(kind: CatalogKind): PlenumError | undefined {
    return this.#listErrors.get(kind);
  }

  /** Takes a cached catalog in place of a fetch. The session shows its facts until it connects. */
  useCached({ listing, ...facts }: CachedServer): FetchedListing {
    this.own?.presetFacts(facts);
    return { number: 0, connectionKey: undefined, listing };
  }

  /** Joins without lists: nothing is known of them until something opens the server. */
  joinUnlisted(): FetchedListing {
    this.isUnlisted = true;
    return { number: 0, connectionKey: undefined, listing: {} };
  }

  /** What is cached of a lazy server. */
  get record(): CachedServer {
    const { serverInfo, capabilities, instructions } = this.session;
    return {
      ...(serverInfo !== undefined && { serverInfo }),
      ...(capabilities !== undefined && { capabilities }),
      ...(instructions !== undefined && { instructions }),
      listing: this.#known,
    };
  }

  /**
   * Stores the errors of lists that failed, and calls `onFailed` with those that did not fail before. Returns the lists
   * that were fetched and are not older than the known ones.
   */
  accept(
    { number, connectionKey, listing }: FetchedListing,
    onFailed: (error: PlenumError) => void,
  ): ServerListing {
    if (connectionKey !== undefined) this.isUnlisted = false;
    const accepted: [string, unknown][] = [];
    for (const [kind, list] of Object.entries(listing) as [CatalogKind, unknown][]) {
      if (number < (this.#committed.get(kind) ?? 0)) continue;
      this.#committed.set(kind, number);
      if (list instanceof PlenumError) {
        if (!this.#listErrors.has(kind)) onFailed(list);
        this.#listErrors.set(kind, list);
        this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
      } else {
        this.#listErrors.delete(kind);
        this.#failures.delete(kind);
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

  /** Ends the group's listeners, timers and requests on the session. */
  release(): void {
    this.#released.abort();
    this.stopObserving();
    this.refresher.stop();
  }
}

/** Lists, with the number of the fetch and the key of its connection. */
export interface FetchedListing {
  readonly number: number;
  readonly connectionKey: object | undefined;
  readonly listing: ServerListing;
}
