import type { LoggingLevel } from '@modelcontextprotocol/client';
import { requestFailure } from '../errors/call.ts';
import type { EventHub } from '../internal/event-hub.ts';
import type { CallOptions } from '../session/call-options.ts';
import type { Session } from '../session/session.ts';
import type { GroupEvent } from './group-events.ts';
import type { Member } from './members/member.ts';
import type { Membership } from './members/membership.ts';

/** The level that servers of a group log from: what they were told, and those that come later still are to be. */
export class LogLevels {
  readonly #membership: Membership;
  readonly #hub: EventHub<GroupEvent>;
  #level: LoggingLevel | undefined;
  /** Sessions that were told a level; they repeat it to every new connection by themselves. */
  #told = new WeakSet<Session>();

  constructor(membership: Membership, hub: EventHub<GroupEvent>) {
    this.#membership = membership;
    this.#hub = hub;
  }

  /** Tells one server, or all that offer logging, now and when they come. */
  async set(level: LoggingLevel, server: string | undefined, options: CallOptions): Promise<void> {
    if (server !== undefined) return this.#tell(this.#membership.get(server).session, level, options);
    this.#level = level;
    this.#told = new WeakSet();
    await this.#membership.askReady((session) =>
      session.capabilities?.logging ? this.#tell(session, level, options) : undefined,
    );
  }

  /** A server is ready: it may not know the level yet. */
  onReady({ name, session }: Member): void {
    if (this.#level === undefined || this.#told.has(session) || !session.capabilities?.logging) return;
    this.#tell(session, this.#level).catch((error: unknown) => {
      const problem = requestFailure({ doing: 'Setting the log level', server: name }, error);
      this.#hub.publish({ type: 'problem', server: name, error: problem });
    });
  }

  #tell(session: Session, level: LoggingLevel, options?: CallOptions): Promise<void> {
    this.#told.add(session);
    return session.setLoggingLevel(level, options);
  }
}
