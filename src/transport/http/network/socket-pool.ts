import type { Socket } from 'node:net';
import { buildConnector, Client, errors, type Dispatcher } from '#undici';

/** How many sockets to one origin there may be; further requests wait for one. */
const MAX_SOCKETS = 1_024;
/**
 * How many sockets may be opening at a time. A system keeps no more than a few hundred for a program to accept; of more at
 * once, those that the program is slow to accept are reset after their requests were written.
 */
const MAX_OPENING = 128;
/** How many addresses of peers are remembered. */
const MAX_PEERS = 16;

/** A client that never has more than one request. */
interface Place {
  readonly client: Client;
  state: 'busy' | 'free' | 'gone';
  /** Whether its first socket is opening. */
  opening: boolean;
}

interface Waiting {
  readonly options: Dispatcher.DispatchOptions;
  readonly handler: Dispatcher.DispatchHandler;
}

/**
 * As many sockets to one origin as there are requests at a time. undici's own pool takes 16 KB for each origin, and keeps
 * clients whose sockets were closed long ago (docs/performance.md).
 */
export class SocketPool {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #places = new Set<Place>();
  /** The one used last is used first, so that those that are no longer needed become idle and close. */
  readonly #free: Place[] = [];
  #waiting: Waiting[] = [];
  #opening = 0;
  /** IP addresses that sockets were opened to, the last one last. */
  readonly #peers = new Set<string>();
  #destroyed = false;

  constructor(origin: string, { connect, ...options }: Client.Options) {
    this.#origin = origin;
    const open = typeof connect === 'function' ? connect : buildConnector(connect);
    this.#options = {
      ...options,
      connect: (target, done) =>
        open(target, (...result) => {
          this.#remember(result[1]?.remoteAddress);
          done(...result);
        }),
    };
  }

  /** IP addresses that the last sockets were opened to. */
  peerAddresses(): readonly string[] {
    return [...this.#peers];
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (this.#destroyed) return fail(handler);
    const place = this.#free.pop() ?? this.#open();
    if (place === undefined) this.#waiting.push({ options, handler });
    else this.#send(place, options, handler);
  }

  /** Ends every request and leaves no socket. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    for (const { handler } of this.#waiting.splice(0)) fail(handler);
    await Promise.all([...this.#places].map(({ client }) => client.destroy()));
  }

  #remember(peer: string | undefined): void {
    if (peer === undefined) return;
    this.#peers.delete(peer);
    this.#peers.add(peer);
    const [oldest] = this.#peers;
    if (this.#peers.size > MAX_PEERS && oldest !== undefined) this.#peers.delete(oldest);
  }

  #open(): Place | undefined {
    if (this.#places.size >= MAX_SOCKETS || this.#opening >= MAX_OPENING) return undefined;
    const client = new Client(this.#origin, this.#options);
    const place: Place = { client, state: 'free', opening: true };
    this.#places.add(place);
    this.#opening++;
    client.on('connect', () => this.#opened(place));
    client.on('drain', () => this.#release(place));
    client.on('disconnect', () => this.#dropIdle(place));
    client.on('connectionError', () => this.#dropIdle(place));
    return place;
  }

  #send(place: Place, options: Waiting['options'], handler: Waiting['handler']): void {
    place.state = 'busy';
    const acceptsMore = place.client.dispatch(options, handler);
    // A request that undici rejects at once leaves the client free.
    if (acceptsMore || place.client.stats.size === 0) this.#release(place);
  }

  #release(place: Place): void {
    if (place.state !== 'busy') return;
    const next = this.#waiting.shift();
    if (next !== undefined) return this.#send(place, next.options, next.handler);
    place.state = 'free';
    this.#free.push(place);
  }

  #opened(place: Place): void {
    if (!place.opening) return;
    place.opening = false;
    this.#opening--;
    const next = this.#destroyed ? undefined : this.#waiting.shift();
    if (next !== undefined) this.dispatch(next.options, next.handler);
  }

  /** Drops a client whose socket is closed: to keep its memory costs more than to make a new one. */
  #dropIdle(place: Place): void {
    if (place.client.stats.size > 0) return;
    if (place.state === 'free') this.#free.splice(this.#free.indexOf(place), 1);
    place.state = 'gone';
    this.#places.delete(place);
    if (place.opening) return this.#opened(place);
    const next = this.#destroyed ? undefined : this.#waiting.shift();
    if (next !== undefined) this.dispatch(next.options, next.handler);
  }
}

/** Fails a request as undici fails those of a destroyed client. */
function fail(handler: Dispatcher.DispatchHandler): void {
  const controller = { aborted: true, paused: false, reason: null, abort() {}, pause() {}, resume() {} };
  handler.onResponseError?.(controller, new errors.ClientDestroyedError());
}

/** The beginning of "100 Continue"; the version may also be 1.0. */
const CONTINUE = Buffer.from('HTTP/1.1 100');
const MINOR_VERSION_AT = 7;
const [H] = CONTINUE;
const END_OF_HEAD = '\r\n\r\n';
/** How much of a head is waited for, in bytes. What is longer is left to undici. */
const LONGEST_HEAD = 16_384;

/**
 * Makes a connector whose sockets leave out each "100 Continue". A server may send one unasked, before its answer, and
 * undici would break the connection off.
 */
export function ignoringContinue(connect: buildConnector.connector): buildConnector.connector {
  return (target, done) =>
    connect(target, (...result) => {
      if (result[0] === null) leaveOutContinue(result[1]);
      done(...result);
    });
}

function leaveOutContinue(socket: Socket): void {
  const read: (size?: number) => Buffer | null = socket.read.bind(socket);
  /** The beginning of a head that may become a "100 Continue". */
  let held: Buffer | undefined;
  /** How much had been written when an answer began: before more is written, no other one begins. */
  let answered = 0;
  socket.read = (size?: number): Buffer | null => {
    const chunk = read(size);
    if (chunk === null || (held === undefined && chunk[0] !== H)) return chunk;
    const written = socket.bytesWritten;
    if (written === answered) return chunk;
    const bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
    const start = endOfContinue(bytes);
    held = start === undefined ? bytes : undefined;
    if (start === undefined || start === bytes.length) return null;
    answered = written;
    return start === 0 ? bytes : bytes.subarray(start);
  };
}

/** Where the answer begins, after any "100 Continue"; undefined when more bytes have to tell. */
function endOfContinue(bytes: Buffer): number | undefined {
  let start = 0;
  for (;;) {
    const rest = bytes.subarray(start);
    if (!beginsAsContinue(rest)) return start;
    const end = rest.indexOf(END_OF_HEAD);
    if (end === -1 || rest.length < CONTINUE.length) return rest.length > LONGEST_HEAD ? start : undefined;
    start += end + END_OF_HEAD.length;
    if (start === bytes.length) return start;
  }
}

function beginsAsContinue(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, CONTINUE.length);
  for (let at = 0; at < length; at++) {
    const isVersion10 = at === MINOR_VERSION_AT && bytes[at] === 0x30;
    if (bytes[at] !== CONTINUE[at] && !isVersion10) return false;
  }
  return true;
}
