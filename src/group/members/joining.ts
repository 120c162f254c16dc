import type { Client } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { checkText } from '../../internal/checks.ts';
import { createConnectGates } from '../../session/connection/connect-gate.ts';
import type { Session } from '../../session/session.ts';
import { resolveSessionOptions, type SessionOptions } from '../../session/session-options.ts';
import type { ServerRecord } from '../cache/server-record.ts';
import { resolveTarget } from '../../session/session-target.ts';
import { SupervisedSession, type ConnectGate } from '../../session/supervised-session.ts';
import type { ServerSpec } from '../../server-spec.ts';
import { CATALOG_KINDS } from '../catalog/catalog.ts';
import type { GroupConnectOptions, GroupOptions, GroupServerSpec } from '../group-options.ts';
import type { KnownCatalogs } from '../cache/known-catalogs.ts';
import type { FetchedListing, LazyPlan, Member, MemberPlan } from './member.ts';
import type { Membership } from './membership.ts';
import { resolveServerOptions } from '../server-options.ts';
import { planServer, type ServerPlan } from './server-plan.ts';

export interface AddOptions extends Omit<SessionOptions, 'name'> {
  /** Gives up; what was opened is closed. */
  signal?: AbortSignal;
}

/** The ways into a group. */
export class Joining {
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

  async add(name: string, spec: GroupServerSpec, options: AddOptions): Promise<Session> {
    const { signal } = options;
    checkText('name', name);
    const { session, member: plan } = this.#plan(name, spec, options);
    throwIfAborted(name, signal);
    this.#membership.expectFree(name);
    const member = this.#membership.enrol(name, session, plan);
    const onAbort = (): void => void session.destroy(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const known = plan.lazy === undefined ? undefined : (await this.#recall([member])).get(name);
      if (session.status.state !== 'idle') throw wentAway(name, session);
      if (known === undefined) await session.start(false);
      const fetched = known === undefined ? await member.fetch(CATALOG_KINDS) : member.recall(known);
      throwIfAborted(name, signal);
      const expected = known === undefined ? 'ready' : 'idle';
      if (session.status.state !== expected || fetched.client !== session.client)
        throw wentAway(name, session);
      this.#membership.admit(member, fetched);
      return session;
    } catch (error) {
      this.#membership.drop(member);
      await this.#membership.seeOff(session, () => session.destroy(error));
      throwIfAborted(name, signal);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async adopt(name: string, given: Session | Client): Promise<Session> {
    checkText('name', name);
    // The wrapper around a client is the group's own to close; that lets go of the client and no more.
    const isSession = given instanceof SupervisedSession;
    const session = isSession ? given : this.#wrap(name, given);
    if (session.status.state === 'closed' || session.status.state === 'draining') throw sessionClosed(name);
    this.#membership.expectFree(name);
    const member = this.#membership.enrol(name, session, this.#planAdopted(!isSession));
    try {
      if (!isSession) await session.start(false);
      if (session.status.state !== 'ready') member.phase = 'late';
      else this.#membership.admit(member, await member.fetch(CATALOG_KINDS));
      return session;
    } catch (error) {
      this.#membership.drop(member);
      if (!isSession) await this.#membership.seeOff(session, () => session.destroy(error));
      throw error;
    }
  }

  async connectAll(options: GroupConnectOptions): Promise<void> {
    const { servers, signal, strict } = options;
    // All of them are checked before the first is opened.
    const plans = Object.entries(servers).map(([name, spec]) => ({ name, ...this.#plan(name, spec, {}) }));
    if (signal?.aborted === true)
      throw new PlenumError('ABORTED', 'Connecting the group: given up.', { cause: signal.reason });
    const members = plans.map(({ name, session, member }) => this.#membership.enrol(name, session, member));
    const known = this.#recall(members);
    const arrivals = members.map((member) => {
      const arrived =
        member.lazy === undefined
          ? arrive(member, strict !== true)
          : arriveLazily(member, known, strict !== true);
      return { member, arrived };
    });
    const givenUp = abortion(signal);
    try {
      await Promise.race([Promise.all(arrivals.map(({ arrived }) => arrived)), givenUp.promise]);
    } finally {
      givenUp.stop();
    }
    // In the order in which they were given, whatever the order in which they came, so that who keeps a contested
    // name does not depend on chance.
    const errors: PlenumError[] = [];
    for (const { member, arrived } of arrivals) {
      const error = this.#settle(member, await arrived);
      if (error !== undefined) errors.push(error);
    }
    if (strict === true && errors.length > 0) throw strictError(errors, arrivals.length);
  }

  /** Admits an arrival, or notes why not. */
  #settle(member: Member, arrival: Arrival): PlenumError | undefined {
    if (arrival instanceof PlenumError) {
      member.phase = 'late';
      // It may have come up in this very moment, too early for its status to count as that of a latecomer.
      this.#membership.welcome(member);
      return arrival;
    }
    try {
      this.#membership.admit(member, arrival);
      return undefined;
    } catch (cause) {
      const error = PlenumError.from(cause, 'NAME_COLLISION', `Adding server "${member.name}"`);
      this.#membership.refuse(member, error);
      return error;
    }
  }

  /** What is known of those among them that are lazy. */
  #recall(members: readonly Member[]): Promise<ReadonlyMap<string, ServerRecord>> {
    const lazy = members.flatMap((member): [string, LazyPlan][] =>
      member.lazy === undefined ? [] : [[member.name, member.lazy]],
    );
    return this.#known.recall(new Map(lazy));
  }

  #plan(name: string, given: GroupServerSpec, options: AddOptions): ServerPlan {
    return naming(name, () => planServer(name, given, options, this.#options, this.#gates));
  }

  #wrap(name: string, given: Session | Client): SupervisedSession {
    const target = resolveTarget(given as Client);
    if (target.type === 'client')
      return new SupervisedSession(name, target, resolveSessionOptions(this.#options));
    throw new PlenumError(
      'CONFIG_INVALID',
      `Adopting "${name}": give a session of openSession() or an official Client.`,
    );
  }

  #planAdopted(owned: boolean): MemberPlan {
    const { timeoutMs, connectTimeoutMs } = resolveSessionOptions(this.#options);
    const { exposure } = resolveServerOptions({}, this.#options.naming ?? 'prefixed');
    const listTimeoutMs = Math.min(timeoutMs, connectTimeoutMs);
    return { owned, adopted: true, exposure, lazy: undefined, listTimeoutMs };
  }
}

/** Says in an error of `check` which server it is about. */
function naming<T>(server: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof PlenumError)) throw error;
    throw new PlenumError(error.code, `Server "${server}": ${error.message}`, { server, cause: error.cause });
  }
}

/** A server's lists, or why they did not come in time. */
type Arrival = FetchedListing | PlenumError;

/** Starts a member and fetches its lists. Never rejects. */
async function arrive(member: Member, keepTrying: boolean): Promise<Arrival> {
  const { session, name } = member;
  try {
    await session.start(keepTrying, true);
    return await member.fetch(CATALOG_KINDS);
  } catch (error) {
    return PlenumError.from(error, 'CONNECT_FAILED', `Connecting to server "${name}"`, { server: name });
  }
}

/** Starts a lazy member only when nothing is known of it. */
async function arriveLazily(
  member: Member,
  known: Promise<ReadonlyMap<string, ServerRecord>>,
  keepTrying: boolean,
): Promise<Arrival> {
  const record = (await known).get(member.name);
  return record === undefined ? arrive(member, keepTrying) : member.recall(record);
}

function sessionClosed(name: string): PlenumError {
  return new PlenumError('SESSION_CLOSED', `Adopting "${name}": the session is closed.`, { server: name });
}

function abortion(signal: AbortSignal | undefined): { promise: Promise<never>; stop: () => void } {
  let stop = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    const onAbort = (): void => {
      reject(new PlenumError('ABORTED', 'Connecting the group: given up.', { cause: signal?.reason }));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    stop = () => signal?.removeEventListener('abort', onAbort);
  });
  promise.catch(() => {});
  return { promise, stop };
}

function throwIfAborted(name: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new PlenumError('ABORTED', `Adding server "${name}": given up.`, {
    server: name,
    cause: signal.reason,
  });
}

/** Why a server that had come up is not there any more. */
function wentAway(name: string, { status }: Session): PlenumError {
  if ('error' in status && status.error !== undefined) return status.error;
  const doing = `Adding server "${name}"`;
  if (status.state === 'closed' || status.state === 'draining')
    return new PlenumError('SESSION_CLOSED', `${doing}: it was removed meanwhile.`, { server: name });
  return new PlenumError(
    'CONNECTION_LOST',
    `${doing}: its connection was lost while its lists were fetched.`,
    { server: name },
  );
}

function strictError(errors: readonly PlenumError[], total: number): PlenumError {
  const list = errors.map(({ message }) => `- ${message.replaceAll('\n', '\n  ')}`).join('\n');
  const message = `${errors.length} of ${total} servers did not come up:\n${list}`;
  return new PlenumError('CONNECT_FAILED', message, { errors });
}
