import type { Tool } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';
import type { DefinitionLock, RequestGuard } from './lock/definition-lock.ts';
import type { Relation } from '../transport/managed-transport.ts';
import type { Session, SessionEvent } from './session.ts';

/** The key of {@link SessionInternals}; the same in every copy of this version of the package. */
export const sessionInternals: unique symbol = Symbol.for('mcp-plenum.session-internals.1');

/** What a group needs of a session beyond the public interface. */
export interface SessionInternals {
  /** The time limit of requests whose options give none, in milliseconds. */
  readonly timeoutMs: number;
  /** Tells connections apart: another object after each reconnect, undefined while there is none. */
  readonly connectionKey: object | undefined;
  /** How its server is reached, as far as it is known. It may hold secrets. */
  readonly spec: object | undefined;
  /** What its requests are checked by; undefined without a lock, and while there is no connection. */
  readonly guard: RequestGuard | undefined;
  /**
   * Has its requests checked from now on by what a lock holds of the server of this name, unless it has a lock already.
   * Resolves with false when that is not possible. Rejects with `CONFIG_INVALID` or `DEFINITION_DRIFT`.
   */
  useLock(lock: DefinitionLock, server: string): Promise<boolean>;
  /** Whether it has no connection because nobody uses it; the next request makes one. */
  readonly isAsleep: boolean;
  /** Connects if it is asleep. Rejects when that fails. */
  wake(): Promise<void>;
  /** Takes these for the tools that the server lists, as if it had been asked. */
  learnTools(tools: readonly Tool[]): void;
  /** Calls `listener` with each event at once, in order. Returns the function that removes it. */
  observe(listener: (event: SessionEvent) => void): () => void;
}

const relations = new WeakMap<SessionEvent, Relation>();

/** Notes to which request an event belongs, where the transport can tell. */
export function noteRelation(event: SessionEvent, relation: Relation | undefined): void {
  if (relation !== undefined) relations.set(event, relation);
}

/** To which request an event belongs that a session has just published, where the transport can tell. */
export function relationOf(event: SessionEvent): Relation | undefined {
  return relations.get(event);
}

/** One of Plenum's own sessions. */
export interface InternalSession extends Session {
  readonly [sessionInternals]: SessionInternals;
}

/** Whether a value is a session: one of Plenum's own, or any object with the methods that a group needs. */
export function isSession(value: unknown): value is Session {
  if (!isRecord(value)) return false;
  if (sessionInternals in value) return true;
  return (
    isRecord(value['status']) &&
    ['callTool', 'listTools', 'events', 'close'].every((method) => typeof value[method] === 'function')
  );
}

/** The internals of a session. For a session that is not Plenum's own they are made from its public methods. */
export function internalsOf(session: Session): SessionInternals {
  return isInternal(session) ? session[sessionInternals] : new PublicInternals(session);
}

function isInternal(session: Session): session is InternalSession {
  return sessionInternals in session;
}

/** For a session of a caller's own class, such as a wrapper around one of ours. */
class PublicInternals implements SessionInternals {
  readonly timeoutMs = 60_000;
  readonly isAsleep = false;
  readonly guard = undefined;
  readonly spec = undefined;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get connectionKey(): object | undefined {
    return this.#session.client;
  }

  async useLock(): Promise<boolean> {
    return false;
  }

  async wake(): Promise<void> {}

  learnTools(): void {}

  observe(listener: (event: SessionEvent) => void): () => void {
    const events = this.#session.events();
    const listen = async (): Promise<void> => {
      for await (const event of events) {
        if (event.type !== 'overflow') listener(event);
        // The dropped events may have announced a change of any list.
        else
          for (const kind of ['tools', 'resources', 'prompts'] as const)
            listener({ type: 'list-changed', kind });
      }
    };
    listen().catch(() => {}); // After an error there are no more events.
    return () => void events.return?.().catch(() => {});
  }
}
