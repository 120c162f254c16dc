import { onTestFinished } from 'vitest';
import type { GroupEvent, OverflowEvent, SessionGroup } from '../../../src/index.ts';
import { eventually } from './eventually.ts';

type AnyEvent = GroupEvent | OverflowEvent;
type EventOf<T extends AnyEvent['type']> = Extract<AnyEvent, { type: T }>;

/** All that a group has told since. */
export class EventLog {
  readonly all: AnyEvent[] = [];
  ended = false;
  readonly #events: AsyncIterableIterator<AnyEvent>;

  constructor(group: Pick<SessionGroup, 'events'>) {
    this.#events = group.events();
    void this.#read();
    onTestFinished(async () => void (await this.#events.return?.()));
  }

  of<T extends AnyEvent['type']>(type: T): EventOf<T>[] {
    return this.all.filter((event): event is EventOf<T> => event.type === type);
  }

  /** Waits for an event of this type, and for a certain one of them. */
  until<T extends AnyEvent['type']>(
    type: T,
    wanted: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    return eventually(`an event "${type}"`, () => this.of(type).find(wanted));
  }

  async #read(): Promise<void> {
    for await (const event of this.#events) this.all.push(event);
    this.ended = true;
  }
}
