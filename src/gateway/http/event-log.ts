import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

interface LoggedEvent {
  readonly id: string;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/** What was sent on the streams of one session lately, so that a stream that broke can be resumed. */
export class EventLog implements EventStore {
  readonly #maxBytes: number;
  #events: LoggedEvent[] = [];
  #bytes = 0;
  #last = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const id = `${++this.#last}_${streamId}`;
    const bytes = JSON.stringify(message).length;
    this.#events.push({ id, streamId, message, bytes });
    this.#bytes += bytes;
    let dropped = 0;
    while (this.#bytes > this.#maxBytes && dropped < this.#events.length)
      this.#bytes -= this.#events[dropped++]?.bytes ?? 0;
    if (dropped > 0) this.#events = this.#events.slice(dropped);
    return id;
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    const [, number = '', streamId] = /^(\d{1,15})_(.+)$/s.exec(eventId) ?? [];
    return Number(number) <= this.#last ? streamId : undefined;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const streamId = (await this.getStreamIdForEventId(lastEventId)) ?? '';
    const after = Number(lastEventId.split('_', 1)[0]);
    for (const event of this.#events) {
      if (event.streamId === streamId && Number(event.id.split('_', 1)[0]) > after)
        await send(event.id, event.message);
    }
    return streamId;
  }
}
