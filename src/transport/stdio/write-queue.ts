import type { Writable } from 'node:stream';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { notSerializable, sendFailed } from '../../errors/transport.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { TextCodec } from './text-codec.ts';

/** About as much as a pipe takes at once: a message that waits here can be taken back, one in the pipe cannot. */
const BATCH_LENGTH = 64 * 1024;

/** What may wait for a server that does not read, in characters; with more, the connection is ended. */
const MAX_WAITING_LENGTH = 256 * 1024 * 1024;

/** How many places at the front of a long queue may be empty before the rest moves up. */
const SLACK = 1_024;

export interface WriteQueueOptions {
  /** The server's name, for messages. */
  readonly server: string;
  readonly codec: TextCodec;
  /** The server does not read its input any more; every send has been rejected. Called at most once. */
  readonly onBroken: (error: Error, what: string) => void;
}

/**
 * Writes messages to a server's standard input and owns that stream. Whatever is sent in one turn of the event
 * loop leaves in one write, one write is under way at a time, and every send settles.
 */
export class WriteQueue {
  readonly #stdin: Writable;
  readonly #options: WriteQueueOptions;
  readonly #waiting = new Outbox();
  #writing: readonly Outgoing[] = [];
  /** Characters of all that has not been written. */
  #length = 0;
  /** The pipe failed the write under way at the first try: not one byte of it has left. */
  #failedAtOnce = false;
  #isScheduled = false;
  /** Set once no more messages are taken; why. */
  #closedBecause: string | undefined;
  #onFlushed: (() => void) | undefined;

  constructor(stdin: Writable, options: WriteQueueOptions) {
    this.#stdin = stdin;
    this.#options = options;
    stdin.on('error', (error) => this.#break(error));
    stdin.on('close', () => this.#break(new Error('The pipe was closed')));
  }

  /**
   * Resolves once the pipe has taken the whole message. Rejects with `CONNECTION_LOST` when it never will;
   * `maybeExecuted` is false if nothing of it has left.
   *
   * When a request is cancelled that has not been written yet, neither it nor the cancellation is sent.
   */
  send(message: JSONRPCMessage): Promise<void> {
    const { server, codec } = this.#options;
    if (this.#closedBecause !== undefined) {
      return Promise.reject(this.#lost(message, this.#closedBecause, false));
    }
    if (this.#takeBack(message)) return Promise.resolve();
    let line: string;
    try {
      const json = JSON.stringify(message);
      line = codec.carry === undefined ? `${json}\n` : `${codec.carry(json)}\n`;
    } catch (error) {
      const doing = `Could not send ${labelOf(message)} to server "${server}"`;
      return Promise.reject(notSerializable(server, doing, error));
    }
    this.#length += line.length;
    if (this.#length > MAX_WAITING_LENGTH) {
      const why = 'more than 256 MiB wait to be read';
      this.#break(new Error(why), 'does not read its input');
      return Promise.reject(this.#lost(message, why, false));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, line, resolve, reject });
      this.#schedule();
    });
  }

  /** Takes no more messages; closes the stream and resolves once those it has are written, or lost. */
  end(why: string): Promise<void> {
    this.#closedBecause ??= why;
    return new Promise((resolve) => {
      this.#onFlushed = () => {
        this.#stdin.end();
        resolve();
      };
      this.#checkFlushed();
    });
  }

  /** Rejects all that has not been written, takes no more, and closes the stream at once. The last `why` stays. */
  fail(why: string): void {
    this.#closedBecause = why;
    for (const { message, reject } of this.#takeWriting())
      reject(this.#lost(message, why, !this.#failedAtOnce));
    for (const { message, reject } of this.#waiting.next(Infinity)) reject(this.#lost(message, why, false));
    this.#stdin.destroy();
    this.#checkFlushed();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#writing.length > 0) return;
    this.#isScheduled = true;
    // At the end of the turn: when answers of several servers lead to more calls, each server gets one write for all of them.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#writeNext();
    });
  }

  #writeNext(): void {
    if (this.#writing.length > 0 || this.#waiting.isEmpty) return;
    this.#writing = this.#waiting.next(BATCH_LENGTH);
    let text = '';
    for (const { line } of this.#writing) text += line;
    this.#failedAtOnce = !this.#stdin.writable;
    // Waiting for the callback rather than for `drain` limits what is in the pipe, and tells what has been written.
    this.#stdin.write(text, bufferEncodingOf(this.#options.codec), (error) => this.#written(error));
    this.#failedAtOnce ||= this.#stdin.errored !== null;
  }

  #written(error: Error | null | undefined): void {
    if (error) return this.#break(error);
    // A stream destroyed with a write under way calls back without an error; its `close` event settles the write.
    if (this.#stdin.destroyed) return;
    for (const { line, resolve } of this.#takeWriting()) {
      this.#length -= line.length;
      resolve();
    }
    this.#writeNext();
    this.#checkFlushed();
  }

  #break(error: Error, what = 'closed its standard input'): void {
    if (this.#closedBecause !== undefined) return this.fail(this.#closedBecause);
    this.fail('the server does not take its input any more');
    this.#options.onBroken(error, what);
  }

  #takeWriting(): readonly Outgoing[] {
    const writing = this.#writing;
    this.#writing = [];
    return writing;
  }

  #checkFlushed(): void {
    if (this.#writing.length > 0 || !this.#waiting.isEmpty) return;
    this.#onFlushed?.();
    this.#onFlushed = undefined;
  }

  #takeBack(message: JSONRPCMessage): boolean {
    if (!('method' in message) || message.method !== 'notifications/cancelled') return false;
    const id = message.params?.requestId;
    if (typeof id !== 'string' && typeof id !== 'number') return false;
    const request = this.#waiting.takeBack(id);
    if (request === undefined) return false;
    this.#length -= request.line.length;
    request.resolve();
    return true;
  }

  #lost(message: JSONRPCMessage, why: string, maybeExecuted: boolean): PlenumError {
    const { server } = this.#options;
    const doing = `Could not send ${labelOf(message)} to server "${server}"`;
    return sendFailed(server, doing, why, { maybeExecuted });
  }
}

function labelOf(message: JSONRPCMessage): string {
  return 'method' in message ? message.method : 'an answer';
}

function bufferEncodingOf(codec: TextCodec): BufferEncoding {
  return codec.encoding === 'utf-8' ? 'utf8' : codec.encoding;
}

/** A message to be written. Either `resolve` or `reject` is called, once. */
export interface Outgoing {
  readonly message: JSONRPCMessage;
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: PlenumError) => void;
}

/**
 * Messages that wait to be written, in the order of sending.
 *
 * An array, though requests are taken back by their id: few are, and a map through which every message passes costs more
 * than it saves, as its discarded tables keep the messages from being collected early.
 */
export class Outbox {
  #queue: (Outgoing | undefined)[] = [];
  /** Everything before it has been taken out. */
  #first = 0;
  #count = 0;
  /** Where requests are in the queue; kept from the first time that one is taken back until nothing waits. */
  #places: Map<RequestId, number> | undefined;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  push(outgoing: Outgoing): void {
    const place = this.#queue.push(outgoing) - 1;
    this.#count++;
    if (this.#places !== undefined) note(outgoing, place, this.#places);
  }

  /** Takes out what goes next: as many as have no more than `maxLength` characters together, but at least one. */
  next(maxLength: number): Outgoing[] {
    const batch: Outgoing[] = [];
    let length = 0;
    for (; this.#first < this.#queue.length; this.#first++) {
      const outgoing = this.#queue[this.#first];
      if (outgoing === undefined) continue;
      length += outgoing.line.length;
      if (batch.length > 0 && length > maxLength) break;
      batch.push(outgoing);
      this.#queue[this.#first] = undefined;
    }
    this.#count -= batch.length;
    this.#tidy();
    return batch;
  }

  /** Takes out the request of this id, if it waits. */
  takeBack(id: RequestId): Outgoing | undefined {
    if (this.#count === 0) return undefined;
    const place = this.#placesNow().get(id);
    const outgoing = place === undefined ? undefined : this.#queue[place];
    if (place === undefined || outgoing === undefined) return undefined;
    this.#queue[place] = undefined;
    this.#count--;
    this.#tidy();
    return outgoing;
  }

  #placesNow(): ReadonlyMap<RequestId, number> {
    if (this.#places !== undefined) return this.#places;
    const places = new Map<RequestId, number>();
    this.#queue.forEach((outgoing, place) => outgoing && note(outgoing, place, places));
    return (this.#places = places);
  }

  #tidy(): void {
    if (this.#count === 0) this.#queue = [];
    else if (this.#first > SLACK && this.#first * 2 > this.#queue.length)
      this.#queue = this.#queue.slice(this.#first);
    else return;
    this.#first = 0;
    this.#places = undefined;
  }
}

/** Of requests with the same id, the first is the one that is taken back. */
function note({ message }: Outgoing, place: number, places: Map<RequestId, number>): void {
  if ('method' in message && 'id' in message && !places.has(message.id)) places.set(message.id, place);
}
