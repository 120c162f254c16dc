import type { LoggingLevel } from '@modelcontextprotocol/client';
import { requestFailure } from '../errors/call.ts';
import type { EventHub } from '../internal/event-hub.ts';
import type { CallOptions } from '../session/call-options.ts';
import type { Session } from '../session/session.ts';
import type { GroupEvent } from './group-events.ts';
import type { Member } from './members/member.ts';
import type { Membership } from './members/membership.ts';

/** Sets the log level of a group's servers, also of those that connect later. */
export class LogLevels {
  readonly #membership: Membership;
  readonly #hub: EventHub<GroupEvent>;
  #level: LoggingLevel | undefined;
  /** Sessions on which the level was set; after a reconnect they set it again by themselves. */
  #told = new WeakSet<Session>();

  constructor(membership: Membership, hub: EventHub<GroupEvent>) {
    this.#membership = membership;
    this.#hub = hub;
  }

  /** Sets the level of one server, or of all that have the capability `logging`, those that connect later included. */
  async set(level: LoggingLevel, server: string | undefined, options: CallOptions): Promise<void> {
    if (server !== undefined) return this.#tell(this.#membership.get(server).session, level, options);
    this.#level = level;
    this.#told = new WeakSet();
    await this.#membership.askReady((session) =>
      session.capabilities?.logging ? this.#tell(session, level, options) : undefined,
    );
  }

  /** Called when a server is ready: sets the level if this was not done on its session. */
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
