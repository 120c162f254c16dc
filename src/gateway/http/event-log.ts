import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

interface LoggedEvent {
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/** What one event takes beside its message, so that many small ones are bounded, too. */
const EVENT_BYTES = 128;

/** How many streams of a session can be resumed. */
const MAX_STREAMS = 1_000;

/** What was sent on the streams of one session lately, so that a stream that broke can be resumed. */
export class EventLog implements EventStore {
  readonly #maxBytes: number;
  /** By number, the oldest first. */
  readonly #events = new Map<number, LoggedEvent>();
  /** The streams that events were kept of lately, those of the latest events last. Any other id was made up. */
  readonly #streams = new Set<string>();
  #bytes = 0;
  #last = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const number = ++this.#last;
    const bytes = Buffer.byteLength(JSON.stringify(message)) + EVENT_BYTES;
    this.#events.set(number, { streamId, message, bytes });
    this.#bytes += bytes;
    this.#streams.delete(streamId);
    this.#streams.add(streamId);
    for (const oldest of this.#streams) {
      if (this.#streams.size <= MAX_STREAMS) break;
      this.#streams.delete(oldest);
    }
    for (const [oldest, event] of this.#events) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#events.delete(oldest);
      this.#bytes -= event.bytes;
    }
    return `${number}_${streamId}`;
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    const [, number = '', streamId] = /^(\d{1,15})_(.+)$/s.exec(eventId) ?? [];
    const isKnown = streamId !== undefined && this.#streams.has(streamId);
    return isKnown && Number(number) <= this.#last ? streamId : undefined;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const streamId = (await this.getStreamIdForEventId(lastEventId)) ?? '';
    const after = Number(lastEventId.split('_', 1)[0]);
    for (const [number, event] of this.#events) {
      if (event.streamId === streamId && number > after) await send(`${number}_${streamId}`, event.message);
    }
    return streamId;
  }
}
