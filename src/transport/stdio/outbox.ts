import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import type { PlenumError } from '../../errors/plenum-error.ts';

/** A message to be written; one of its two functions is called, once. */
export interface Outgoing {
  readonly message: JSONRPCMessage;
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: PlenumError) => void;
}

/** How many places at the front of a long queue may be empty before the rest moves up. */
const SLACK = 1_024;

/**
 * Messages that wait to be written, in the order of sending.
 *
 * An array, though requests are taken back by their id: hardly one of thousands is, and a map through which everything
 * passes leaves dead tables behind that keep what passed from being collected young.
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
