import type { GroupEvent, OverflowEvent, SessionGroup, SessionStatus } from '../../src/index.ts';
import type { FleetServer } from './fleet.ts';
import type { Violations } from './violations.ts';

/** What may follow a state while nobody closes anything. */
const NEXT_STATES: Readonly<Record<string, readonly SessionStatus['state'][]>> = {
  ready: ['reconnecting'],
  reconnecting: ['reconnecting', 'ready'],
};

/** Reads what a group tells, checks that it makes sense, and keeps what is asked for. */
export class EventWatch {
  /** Times of reconnects: `ready` again. */
  recoveries = 0;
  /** Problems that were reported, by code. */
  readonly problems = new Map<string, number>();
  readonly #group: SessionGroup;
  readonly #servers: ReadonlyMap<string, FleetServer>;
  readonly #violations: Violations;
  readonly #maxDelayMs: number;
  readonly #states = new Map<string, SessionStatus>();
  readonly #updates = new Map<string, number>();
  readonly #reader: AsyncIterableIterator<GroupEvent | OverflowEvent>;
  readonly #done: Promise<void>;
  #version: number;

  constructor(
    group: SessionGroup,
    servers: readonly FleetServer[],
    maxDelayMs: number,
    violations: Violations,
  ) {
    this.#group = group;
    this.#servers = new Map(servers.map((server) => [server.name, server]));
    this.#maxDelayMs = maxDelayMs;
    this.#violations = violations;
    this.#version = group.catalog.version;
    for (const [name, status] of group.servers) this.#states.set(name, status);
    this.#reader = group.events();
    this.#done = this.#read();
  }

  /** How many updates of its resource a server has sent. */
  updatesOf(name: string): number {
    return this.#updates.get(name) ?? 0;
  }

  /** The last state that events told, which must be the one that the group shows. */
  checkAgainstStatus(): void {
    for (const [name, { state }] of this.#group.servers) {
      const told = this.#states.get(name)?.state;
      if (told !== state)
        this.#violations.add(
          'events and status agree',
          `${name} is ${state}; the last event said ${told ?? 'nothing'}`,
        );
    }
  }

  async stop(): Promise<void> {
    await this.#reader.return?.();
    await this.#done;
  }

  async #read(): Promise<void> {
    for await (const event of this.#reader) this.#take(event);
  }

  #take(event: GroupEvent | OverflowEvent): void {
    switch (event.type) {
      case 'status':
        return this.#onStatus(event.server, event.status);
      case 'catalog':
        if (event.version <= this.#version)
          this.#violations.add('catalog versions grow', `${event.version} after ${this.#version}`);
        this.#version = event.version;
        return;
      case 'resource-updated':
        this.#updates.set(event.server, this.updatesOf(event.server) + 1);
        return;
      case 'problem': {
        const { code, message } = event.error;
        this.problems.set(code, (this.problems.get(code) ?? 0) + 1);
        if (this.#servers.get(event.server)?.calm === true)
          this.#violations.add('an untouched server sees no error', `${event.server} ${code}: ${message}`);
        return;
      }
      case 'collision':
      case 'overflow':
        return this.#violations.add('events are what the faults explain', JSON.stringify(event));
      default:
    }
  }

  #onStatus(name: string, status: SessionStatus): void {
    const before = this.#states.get(name);
    this.#states.set(name, status);
    const server = this.#servers.get(name);
    if (before === undefined || server === undefined) return;
    const seen = `${name}: ${before.state} → ${status.state}`;
    if (server.calm) this.#violations.add('an untouched server stays as it is', seen);
    if (NEXT_STATES[before.state]?.includes(status.state) !== true)
      this.#violations.add('states follow each other in order', seen);
    if (status.state === 'ready') this.recoveries++;
    if (status.state !== 'reconnecting') return;
    const waitMs = (status.nextTryAt ?? 0) - status.since;
    if (waitMs > this.#maxDelayMs + 50)
      this.#violations.add('delays keep to their cap', `${name} waits ${waitMs} ms`);
    const expected = before.state === 'reconnecting' && before.nextTryAt === undefined ? 1 : 0;
    if (before.state === 'reconnecting' && status.attempt !== before.attempt + expected)
      this.#violations.add(
        'attempts are counted',
        `${seen}, attempt ${before.attempt} then ${status.attempt}`,
      );
  }
}
