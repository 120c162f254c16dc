import type { Client } from '@modelcontextprotocol/client';
import { aborted, closed, removedMeanwhile } from '../../errors/session-end.ts';
import { connectFailure, lostWhileListing, serversFailed } from '../../errors/connect.ts';
import { inServer, notAdoptable } from '../../errors/options.ts';
import { addingFailure } from '../../errors/catalog.ts';
import { notCheckable } from '../../errors/lock.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { Limit } from '../../internal/limit.ts';
import { checkOptions, checkValue, readable } from '../../options/check-options.ts';
import { text } from '../../options/kinds.ts';
import { addOptions } from '../../options/tables/session.ts';
import { createConnectGates } from '../../session/connection/connect-gate.ts';
import type { DefinitionLock } from '../../session/lock/definition-lock.ts';
import type { Session } from '../../session/session.ts';
import { isSession } from '../../session/session-internals.ts';
import { resolveSessionOptions, type SessionOptions } from '../../session/session-options.ts';
import type { CachedServer } from '../cache/cached-server.ts';
import { resolveTarget } from '../../session/session-target.ts';
import type { ConnectGate } from '../../session/connection/gate.ts';
import { SupervisedSession } from '../../session/supervised-session.ts';
import type { ServerSpec } from '../../server-spec.ts';
import { CATALOG_KINDS } from '../catalog/catalog.ts';
import type { GroupConnectOptions, GroupOptions, GroupServerSpec } from '../group-options.ts';
import type { KnownCatalogs } from '../cache/known-catalogs.ts';
import type { FetchedListing, LazyPlan, Member, MemberPlan } from './member.ts';
import type { Membership } from './membership.ts';
import { resolveServerOptions } from '../server-options.ts';
import { planServer, type ServerPlan } from './server-plan.ts';
import { withoutUnapproved } from './locked-names.ts';

/** Options of `SessionGroup.add`; the session options win over those in the spec and the group's. */
export interface GroupAddOptions extends Omit<SessionOptions, 'name'> {
  /** Cancels adding: it rejects with `ABORTED`, and what was opened is closed. */
  signal?: AbortSignal;
}

/** Adds servers to a group: `connectAll`, `add` and `adopt`. */
export class MemberConnector {
  readonly #options: GroupOptions;
  readonly #membership: Membership;
  readonly #known: KnownCatalogs;
  readonly #gates: (spec: ServerSpec) => ConnectGate;

  constructor(options: GroupOptions, membership: Membership, known: KnownCatalogs) {
    this.#options = options;
    this.#membership = membership;
    this.#known = known;
    this.#gates = createConnectGates(options.concurrency);
  }

  async add(name: string, spec: GroupServerSpec, options: GroupAddOptions): Promise<Session> {
    checkValue('name', text, name);
    checkOptions(addOptions, options, 'Options of add()');
    const { signal } = options;
    const plan = this.#plan(name, spec, options);
    const session = plan.own;
    const limit = new Limit({}, { signal, reason: (cause) => givenUp(name, cause) });
    try {
      limit.throwIfEnded();
      this.#membership.expectFree(name);
      const member = this.#membership.add(name, session, plan);
      limit.onEnd(() => void session.destroy(signal?.reason));
      if (member.lock !== undefined) await member.openLock();
      return await this.#bringIn(member, session, limit);
    } finally {
      limit.stop();
    }
  }

  /** Starts a member, fetches its lists and admits it to the catalog. When that fails or `limit` ends, drops it. */
  async #bringIn(member: Member, session: SupervisedSession, limit: Limit): Promise<Session> {
    const { name } = member;
    try {
      const known =
        member.lazy === undefined ? undefined : withoutConnecting(member, await this.#cached([member]));
      if (session.status.state !== 'idle') throw wentAway(name, session);
      if (known === undefined) await session.start(false);
      const fetched = known ?? (await member.fetch(CATALOG_KINDS));
      limit.throwIfEnded();
      const expected = known === undefined ? 'ready' : 'idle';
      if (session.status.state !== expected || fetched.connectionKey !== session.connectionKey)
        throw wentAway(name, session);
      this.#membership.admit(member, fetched);
      return session;
    } catch (error) {
      this.#membership.drop(member);
      await this.#membership.endApart(session, () => session.destroy(error));
      throw limit.explain(error);
    }
  }

  async adopt(name: string, given: Session | Client): Promise<Session> {
    checkValue('name', text, name);
    if (isSession(given)) return this.#adopt(name, given, undefined);
    // The group closes the session that it makes around a client; that leaves the client open.
    const own = this.#wrap(name, given);
    return this.#adopt(name, own, own);
  }

  async #adopt(name: string, session: Session, own: SupervisedSession | undefined): Promise<Session> {
    expectUsable(name, session);
    this.#membership.expectFree(name);
    const member = this.#membership.add(name, session, this.#planAdopted(own));
    try {
      if (member.lock !== undefined) await this.#lockAdopted(member, member.lock);
      await own?.start(false);
      // Its lists can only be fetched while it is connected. If it cannot connect now, they are fetched when it can.
      if (member.internals.isAsleep) await member.internals.wake().catch(() => {});
      expectUsable(name, session);
      if (session.status.state !== 'ready') member.phase = 'late';
      else this.#membership.admit(member, await member.fetch(CATALOG_KINDS));
      return session;
    } catch (error) {
      this.#membership.drop(member);
      if (own !== undefined) await this.#membership.endApart(own, () => own.destroy(error));
      throw error;
    }
  }

  /** A session that the caller opened is checked from now on, too. */
  async #lockAdopted(member: Member, lock: DefinitionLock): Promise<void> {
    const { name, own, internals } = member;
    await member.openLock();
    if (own !== undefined || member.locked?.isLocked === false) return;
    if (!(await internals.useLock(lock, name))) throw notCheckable(name);
  }

  async connectAll({
    servers,
    signal,
    strict,
  }: Pick<GroupConnectOptions, 'servers' | 'signal' | 'strict'>): Promise<void> {
    // All of them are checked before the first is opened.
    const plans = Object.entries(servers).map(([name, spec]) => ({ name, plan: this.#plan(name, spec, {}) }));
    const limit = new Limit(
      {},
      {
        signal,
        reason: (cause) => aborted('Connecting the group', { cause }),
      },
    );
    limit.throwIfEnded();
    const members = plans.map(({ name, plan }) => this.#membership.add(name, plan.own, plan));
    const locked = members.filter(({ lock }) => lock !== undefined);
    if (locked.length > 0) await limit.hold(Promise.all(locked.map((member) => member.openLock())));
    const known = this.#cached(members);
    const arrivals = members.map((member) => {
      const arrived =
        member.lazy === undefined
          ? arrive(member, strict !== true)
          : arriveLazily(member, known, strict !== true);
      return { member, arrived };
    });
    try {
      await limit.hold(Promise.all(arrivals.map(({ arrived }) => arrived)));
    } finally {
      limit.stop();
    }
    // In the order of the options, so that which server gets a name that two of them want does not depend on timing.
    const errors: PlenumError[] = [];
    for (const { member, arrived } of arrivals) {
      const error = this.#settle(member, await arrived);
      if (error !== undefined) errors.push(error);
    }
    if (strict === true && errors.length > 0) throw serversFailed(errors, arrivals.length);
  }

  /** Admits a server whose lists have come. Returns the error of one that is not admitted. */
  #settle(member: Member, arrival: Arrival): PlenumError | undefined {
    if (arrival instanceof PlenumError) {
      member.phase = 'late';
      // If it became ready before `phase` was set, its status event admitted nobody.
      this.#membership.admitIfReady(member);
      return arrival;
    }
    try {
      this.#membership.admit(member, arrival);
      return undefined;
    } catch (cause) {
      const error = addingFailure(member.name, cause);
      this.#membership.refuse(member, error);
      return error;
    }
  }

  /** The cached catalogs of the lazy ones among `members`, by name. */
  async #cached(members: readonly Member[]): Promise<ReadonlyMap<string, CachedServer>> {
    const lazy = members.flatMap((member): [string, LazyPlan][] =>
      member.lazy === undefined ? [] : [[member.name, member.lazy]],
    );
    const known = await this.#known.load(new Map(lazy));
    const locked = members.filter(({ lock }) => lock !== undefined);
    return locked.length === 0 ? known : withoutUnapproved(known, locked);
  }

  #plan(name: string, given: GroupServerSpec, options: GroupAddOptions): ServerPlan {
    return naming(name, () => planServer(name, given, options, this.#options, this.#gates));
  }

  #wrap(name: string, given: Client): SupervisedSession {
    const target =
      isRecord(given) && 'callTool' in given && 'transport' in given ? resolveTarget(given) : undefined;
    if (target?.type === 'client')
      return new SupervisedSession(name, target, resolveSessionOptions(this.#options));
    throw notAdoptable(name);
  }

  #planAdopted(own: SupervisedSession | undefined): MemberPlan {
    const { timeoutMs, connectTimeoutMs, lock } = resolveSessionOptions(this.#options);
    const { exposure } = resolveServerOptions({}, this.#options.naming ?? 'prefixed');
    const listTimeoutMs = Math.min(timeoutMs, connectTimeoutMs);
    return { own, adopted: true, exposure, lazy: undefined, listTimeoutMs, lock };
  }
}

/** Adds the server's name to an error that `check` throws. */
function naming<T>(server: string, check: () => T): T {
  try {
    return readable('its spec', check);
  } catch (error) {
    if (!(error instanceof PlenumError)) throw error;
    throw inServer(server, error);
  }
}

/** A server's lists, or why they could not be fetched. */
type Arrival = FetchedListing | PlenumError;

/** Starts a member and fetches its lists. Never rejects. */
async function arrive(member: Member, keepTrying: boolean): Promise<Arrival> {
  const { own, name } = member;
  try {
    await own?.start(keepTrying, true);
    return await member.fetch(CATALOG_KINDS);
  } catch (error) {
    return connectFailure(name, error);
  }
}

/** What is known of a lazy member before it is opened; undefined when it is to be opened to find out. */
function withoutConnecting(
  member: Member,
  known: ReadonlyMap<string, CachedServer>,
): FetchedListing | undefined {
  const record = known.get(member.name);
  if (record !== undefined) return member.useCached(record);
  return member.lazy?.opensToList === false ? member.joinUnlisted() : undefined;
}

/** Starts a lazy member only when its catalog is not cached, and it may be opened to be listed. */
async function arriveLazily(
  member: Member,
  known: Promise<ReadonlyMap<string, CachedServer>>,
  keepTrying: boolean,
): Promise<Arrival> {
  return withoutConnecting(member, await known) ?? arrive(member, keepTrying);
}

function expectUsable(name: string, { status }: Session): void {
  if (status.state !== 'closed' && status.state !== 'draining') return;
  throw closed('session', `Adopting "${name}"`, { server: name });
}

function givenUp(name: string, cause: unknown): PlenumError {
  return aborted(`Adding server "${name}"`, { server: name, cause });
}

/** Why a server is no longer connected that was, or was removed. */
function wentAway(name: string, { status }: Session): PlenumError {
  if ('error' in status && status.error !== undefined) return status.error;
  if (status.state === 'closed' || status.state === 'draining') return removedMeanwhile(name);
  return lostWhileListing(name);
}
