import { addingFailure, namesTaken, serverNameTaken, unknownName } from '../../errors/catalog.ts';
import { aborted, closed, removedMeanwhile } from '../../errors/session-end.ts';
import { configFailure } from '../../errors/config.ts';
import { globUnmatched } from '../../errors/options.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import type { EventHub } from '../../internal/event-hub.ts';
import { Limit } from '../../internal/limit.ts';
import { checkValue } from '../../options/check-options.ts';
import { string } from '../../options/kinds.ts';
import type { CallOptions } from '../../session/call-options.ts';
import type { DefinitionDrift } from '../../session/lock/definition-lock.ts';
import type { Session, SessionEvent, SessionStatus } from '../../session/session.ts';
import {
  CATALOG_KINDS,
  type CatalogDiff,
  type CatalogKind,
  type CatalogCollision,
} from '../catalog/catalog.ts';
import type { CatalogIndex, Claim } from '../catalog/catalog-index.ts';
import { expose } from '../catalog/expose.ts';
import { unmatchedGlobs } from '../catalog/tool-filter.ts';
import type { GroupEvent } from '../group-events.ts';
import type { KnownCatalogs } from '../cache/known-catalogs.ts';
import { LockedNames } from './locked-names.ts';
import { Member, type FetchedListing, type MemberPlan } from './member.ts';
import { mayComeLater, type ServerListing } from './server-listing.ts';

const KINDS_OF_LIST = {
  tools: ['tools'],
  prompts: ['prompts'],
  resources: ['resources', 'resourceTemplates'],
} as const satisfies Record<string, readonly CatalogKind[]>;

/** The servers of a group. Passes the events of their sessions on, and keeps the catalog up to date. */
export class Membership {
  readonly #members = new Map<string, Member>();
  readonly #index: CatalogIndex;
  readonly #hub: EventHub<GroupEvent>;
  readonly #known: KnownCatalogs;
  readonly #onReady: (member: Member) => void;
  /** Members with an entry that is left out because another server has its name. */
  readonly #waitingForNames = new Set<Member>();
  /** Sessions that were removed and are still closing. */
  readonly #leaving = new Set<Session>();
  /** Called whenever the state of a server, or its place in the group, has changed. */
  readonly #watchers = new Set<() => void>();
  /** Undefined while no server has a lock. */
  #lockedNames: LockedNames | undefined;
  #ended = false;

  constructor(
    index: CatalogIndex,
    hub: EventHub<GroupEvent>,
    known: KnownCatalogs,
    onReady: (member: Member) => void,
  ) {
    this.#index = index;
    this.#hub = hub;
    this.#known = known;
    this.#onReady = onReady;
  }

  /** In the order in which they were added. */
  get members(): Iterable<Member> {
    return this.#members.values();
  }

  has(member: Member): boolean {
    return !this.#ended && this.#isIn(member);
  }

  /** Calls `look` whenever the state of a server, or its place in the group, has changed. Returns how to stop. */
  watch(look: () => void): () => void {
    this.#watchers.add(look);
    return () => this.#watchers.delete(look);
  }

  get(name: string): Member {
    const member = this.#members.get(name);
    if (member !== undefined) return member;
    checkValue('server', string, name);
    throw unknownName('server', name, this.#members.keys());
  }

  /** The other server that a lock keeps an exposed name for. */
  keptFor(member: Member, kind: CatalogKind, key: string): string | undefined {
    if (this.#lockedNames === undefined || member.exposure.naming === 'prefixed') return undefined;
    return this.#lockedNames.ownerBeside(member, kind, key);
  }

  /** Throws `SESSION_CLOSED` when the group is closed, `NAME_COLLISION` when the name is taken. */
  expectFree(name: string): void {
    if (this.#ended) throw closed('group', `Adding server "${name}"`, { server: name });
    if (this.#members.has(name)) throw serverNameTaken(name);
  }

  /** Adds a server without entries; `admit` adds those. */
  add(name: string, session: Session, plan: MemberPlan): Member {
    const member = new Member(name, session, plan, (who, kinds) => this.#refresh(who, kinds));
    this.#members.set(name, member);
    if (plan.lock !== undefined) this.#lockedNames ??= new LockedNames(() => this.members);
    member.stopObserving = member.internals.observe((event) => this.#onSessionEvent(member, event));
    this.#hub.publish({ type: 'server-added', server: name });
    const { status } = session;
    if (status.state !== 'idle') this.#hub.publish({ type: 'status', server: name, status });
    return member;
  }

  /**
   * Puts the entries of a new server into the catalog. Throws `SESSION_CLOSED` when it was removed meanwhile,
   * `NAME_COLLISION` when another server has one of its names, or `CONFIG_INVALID` for a bad naming function; then the
   * catalog is unchanged.
   */
  admit(member: Member, fetched: FetchedListing): void {
    const { state } = member.session.status;
    const isOver = state === 'closed' || state === 'draining';
    if (this.#ended || isOver || !this.#isIn(member)) throw removedMeanwhile(member.name);
    const listing = this.#accept(member, fetched);
    const claim = this.#claim(member, listing);
    const foreign = claim.collisions.filter(({ owner }) => owner !== member.name);
    if (foreign.length > 0) throw namesTaken(foreign, member.name);
    member.phase = 'joined';
    this.#commit(member, listing, claim);
    this.#settleIn(member, fetched);
    // The session has reconnected since the fetch began: the new server process may list other entries.
    if (fetched.connectionKey !== member.internals.connectionKey) member.refresher.mark(CATALOG_KINDS);
    else reportLists(member, fetched);
    this.#catchUp(member);
    this.#changed();
  }

  /** From its admission on, a lazy server may be ended when it is not used. */
  #settleIn(member: Member, fetched: FetchedListing): void {
    if (member.lazy === undefined) return;
    this.#note(member, fetched);
    member.own?.letSleep({
      idleMs: member.lazy.idleMs,
      isNeeded: () => member.isIncomplete,
      isBusy: () => member.listsAreDue,
    });
  }

  /** Caches the lists that a lazy server sent. */
  #note(member: Member, { connectionKey }: FetchedListing): void {
    const { name, lazy } = member;
    if (lazy === undefined || connectionKey === undefined || member.isIncomplete) return;
    this.#known.note(name, lazy.fingerprint, member.record);
  }

  /** Admits a server if it is ready now; else its next status `ready` admits it. */
  admitIfReady(member: Member): void {
    if (member.session.status.state === 'ready') void this.#admitLate(member);
  }

  /** Ends a member whose names clash; it stays in `servers` as `failed`. */
  refuse(member: Member, error: PlenumError): void {
    member.phase = 'refused';
    member.refusal = error;
    member.release();
    this.#changed();
    this.#hub.publish({ type: 'problem', server: member.name, error });
    this.#hub.publish({
      type: 'status',
      server: member.name,
      status: { state: 'failed', since: Date.now(), error },
    });
    void member.own?.destroy(error);
  }

  /**
   * Returns the server of this name, after starting it if it is asleep. Rejects with `UNKNOWN_SERVER`, `ABORTED` or the
   * error of the start.
   */
  async wake(name: string, signal: AbortSignal | undefined): Promise<Member> {
    const member = this.get(name);
    if (!member.internals.isAsleep) return member;
    const limit = new Limit({}, { signal, reason: (cause) => refreshAborted(cause) });
    try {
      await limit.hold(member.internals.wake());
      return member;
    } finally {
      limit.stop();
    }
  }

  /** Fetches all lists of all servers that are ready and commits them together. */
  async refresh(members: Iterable<Member>, options: CallOptions): Promise<void> {
    const { signal } = options;
    const there = [...members].filter(
      (member) => member.phase === 'joined' && member.session.status.state === 'ready',
    );
    const fetched = await Promise.all(
      there.map(async (member) => ({ member, fetched: await member.fetch(CATALOG_KINDS, options) })),
    );
    if (signal?.aborted === true) throw refreshAborted(signal.reason);
    for (const { member, fetched: lists } of fetched) {
      if (this.#isIn(member) && member.session.status.state !== 'closed') {
        this.#take(member, lists);
      }
    }
  }

  /**
   * Calls `ask` for every session that is ready, in parallel; when all have settled, rejects with the first failure.
   */
  async askReady(ask: (session: Session) => Promise<void> | undefined): Promise<void> {
    const ready = [...this.members].filter(({ session }) => session.status.state === 'ready');
    const outcomes = await Promise.allSettled(ready.map(async ({ session }) => ask(session)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Removes a member and its entries. The caller closes its session. */
  drop(member: Member): void {
    if (!this.#isIn(member)) return;
    this.#members.delete(member.name);
    member.release();
    this.#empty(member);
    this.#hub.publish({ type: 'server-removed', server: member.name });
    this.#changed();
  }

  /** Closes a session that was removed. Closing the group waits for that; destroying the group destroys the session. */
  async endApart(session: Session, end: () => Promise<void>): Promise<void> {
    this.#leaving.add(session);
    try {
      await end();
    } finally {
      this.#leaving.delete(session);
    }
  }

  get leaving(): readonly Session[] {
    return [...this.#leaving];
  }

  /** Refuses new members from now on. Returns those that there are. */
  end(): readonly Member[] {
    this.#ended = true;
    this.#changed();
    return [...this.#members.values()];
  }

  /** Removes the entries of a member, and those that wait for a name. */
  #empty(member: Member): void {
    member.refresher.stop();
    this.#waitingForNames.delete(member);
    member.collisions = [];
    member.contested = {};
    this.#publishDiff(member.name, this.#index.remove(member.name));
    this.#retryContested();
  }

  #catchUp(member: Member): void {
    member.refresher.mark(member.missed);
    member.missed.clear();
  }

  #isIn(member: Member): boolean {
    return this.#members.get(member.name) === member;
  }

  #onSessionEvent(member: Member, event: SessionEvent): void {
    if (event.type === 'list-changed') {
      for (const kind of KINDS_OF_LIST[event.kind]) member.missed.add(kind);
      if (member.phase === 'joined') this.#catchUp(member);
      return;
    }
    if (event.type === 'drift') noteDrift(member, event);
    this.#hub.publish({ ...event, server: member.name });
    if (event.type === 'status') this.#onStatus(member, event.status);
  }

  #onStatus(member: Member, status: SessionStatus): void {
    if (status.state === 'ready') {
      this.#onReady(member);
      if (member.phase === 'joined') member.refresher.mark(CATALOG_KINDS);
      if (member.phase === 'late') void this.#admitLate(member);
    }
    // The session was closed by its own `close`: its entries go, and the member stays until `remove`.
    if (status.state === 'closed') this.#empty(member);
    this.#changed();
  }

  #changed(): void {
    for (const look of this.#watchers) look();
  }

  async #admitLate(member: Member): Promise<void> {
    const fetched = await member.fetch(CATALOG_KINDS);
    if (!this.#isIn(member) || member.phase !== 'late') return;
    if (fetched.connectionKey !== member.internals.connectionKey) return; // The next connection brings its own lists.
    try {
      this.admit(member, fetched);
    } catch (error) {
      this.refuse(member, addingFailure(member.name, error));
    }
  }

  async #refresh(member: Member, kinds: ReadonlySet<CatalogKind>): Promise<void> {
    // A change alone is no reason to start it: all its lists are fetched when it starts.
    if (member.internals.isAsleep) return;
    const fetched = await member.fetch(kinds);
    if (!this.#isIn(member) || member.phase !== 'joined') return;
    if (member.session.status.state !== 'closed') this.#take(member, fetched);
  }

  /** Commits lists that were fetched again. */
  #take(member: Member, fetched: FetchedListing): void {
    try {
      this.#commit(member, this.#accept(member, fetched));
      this.#note(member, fetched);
    } catch (error) {
      const doing = `Refreshing the lists of server "${member.name}"`;
      this.#problem(member, configFailure(doing, error, member.name));
    }
    reportLists(member, fetched);
  }

  #accept(member: Member, fetched: FetchedListing): ServerListing {
    return member.accept(fetched, (error) => this.#problem(member, error));
  }

  #problem({ name }: Member, error: PlenumError): void {
    this.#hub.publish({ type: 'problem', server: name, error });
  }

  /** Reports, once, the globs of a filter that match nothing: they may be misspelt. */
  #checkFilter(member: Member, tools: readonly { readonly name: string }[]): void {
    member.isFilterChecked = true;
    const names = tools.map(({ name }) => name);
    for (const { option, glob } of unmatchedGlobs(member.exposure.filter ?? {}, names)) {
      const error = globUnmatched(member.name, option, glob, names);
      this.#hub.publish({ type: 'problem', server: member.name, error });
    }
  }

  #claim(member: Member, listing: ServerListing): Claim {
    const { name, exposure, session } = member;
    const keptFor = (kind: CatalogKind, key: string): string | undefined => this.keptFor(member, kind, key);
    return this.#index.claim(name, session.serverInfo, exposure, listing, keptFor);
  }

  #commit(member: Member, listing: ServerListing, claim = this.#claim(member, listing)): void {
    const diff = this.#index.commit(claim);
    const kept = member.collisions.filter(({ kind }) => listing[kind] === undefined);
    const known = new Set(member.collisions.map(collisionKey));
    member.collisions = [...kept, ...claim.collisions];
    const contests = member.collisions.some(({ owner }) => owner !== member.name);
    member.contested = contests ? { ...member.contested, ...listing } : {};
    if (contests) this.#waitingForNames.add(member);
    else this.#waitingForNames.delete(member);
    this.#publishDiff(member.name, diff);
    if (Array.isArray(listing.tools) && !member.isFilterChecked) this.#checkFilter(member, listing.tools);
    for (const collision of claim.collisions) {
      if (!known.has(collisionKey(collision)))
        this.#hub.publish({ type: 'collision', server: member.name, ...collision });
    }
    if (diff !== undefined && CATALOG_KINDS.some((kind) => diff[kind].removed.length > 0))
      this.#retryContested(member);
  }

  /** Called when names became free: entries that were left out may have them now. */
  #retryContested(except?: Member): void {
    const waiting = [...this.#waitingForNames]; // Committing changes the set.
    for (const member of waiting) {
      if (member !== except) this.#commit(member, member.contested);
    }
  }

  #publishDiff(server: string, diff: CatalogDiff | undefined): void {
    if (diff !== undefined)
      this.#hub.publish({ type: 'catalog', server, version: this.#index.version, diff });
  }
}

/** How many differences from a lock are remembered for each server, to explain why a name is unknown. */
const MAX_DRIFTED = 1_000;

function noteDrift({ name, exposure, session, drifted }: Member, drift: DefinitionDrift): void {
  const kind = drift.kind === 'tool' ? 'tools' : drift.kind === 'prompt' ? 'prompts' : undefined;
  if (kind === undefined || !drift.blocked || drifted.size >= MAX_DRIFTED) return;
  try {
    const origin = { server: name, serverInfo: session.serverInfo };
    for (const [key] of expose(kind, [{ name: drift.name }], exposure, origin))
      drifted.set(`${kind} ${key}`, drift);
  } catch {
    // The naming function fails: the server is refused for it.
  }
}

function refreshAborted(cause: unknown): PlenumError {
  return aborted('Refreshing the lists', { cause });
}

function collisionKey({ kind, key, owner }: CatalogCollision): string {
  return JSON.stringify([kind, key, owner]);
}

/** Has the lists that failed and may come later fetched again. */
function reportLists({ refresher }: Member, { listing }: FetchedListing): void {
  let askedMs = 0;
  const failed = CATALOG_KINDS.filter((kind) => {
    const list = listing[kind];
    if (!(list instanceof PlenumError) || !mayComeLater(list)) return false;
    askedMs = Math.max(askedMs, list.retryAfterMs ?? 0);
    return true;
  });
  const done = CATALOG_KINDS.filter((kind) => listing[kind] !== undefined && !failed.includes(kind));
  refresher.report(done, failed, askedMs);
}
