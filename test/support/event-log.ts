import { onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';

type EventOf<E, T> = Extract<E, { type: T }>;

/** All that a group or a manager has told since. */
export class EventLog<E extends { readonly type: string }> {
  readonly all: E[] = [];
  ended = false;
  readonly #events: AsyncIterableIterator<E>;

  constructor(teller: { events(): AsyncIterableIterator<E> }) {
    this.#events = teller.events();
    void this.#read();
    onTestFinished(async () => void (await this.#events.return?.()));
  }

  of<T extends E['type']>(type: T): EventOf<E, T>[] {
    return this.all.filter((event): event is EventOf<E, T> => event.type === type);
  }

  /** Waits for an event of this type, and for a certain one of them. */
  until<T extends E['type']>(
    type: T,
    wanted: (event: EventOf<E, T>) => boolean = () => true,
  ): Promise<EventOf<E, T>> {
    return eventually(`an event "${type}"`, () => this.of(type).find(wanted));
  }

  async #read(): Promise<void> {
    for await (const event of this.#events) this.all.push(event);
    this.ended = true;
  }
}
