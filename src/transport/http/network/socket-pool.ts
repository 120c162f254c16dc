import type { Socket } from 'node:net';
import { buildConnector, Client, errors, type Dispatcher } from '#undici';
import { startTimer, type StopTimer } from '../../../internal/timers.ts';
import type { PausableSource } from '../../backlog.ts';

/** How many sockets to one origin there may be; further requests wait for one. */
const MAX_SOCKETS = 1_024;
/**
 * How many sockets may be new at a time. A system keeps no more than a few hundred for a program to accept; of more at once,
 * those that the program is slow to accept are reset after their requests were written.
 */
const MAX_NEW = 256;
/** How long a socket counts as new while no answer has begun, in milliseconds. */
const NEW_MS = 1_000;
/** How long it counts as new after that, in milliseconds: most answers end meanwhile, and the socket takes the next request. */
const ANSWER_MS = 20;
/** How many addresses of peers are remembered. */
const MAX_PEERS = 16;

/** A client that never has more than one request. */
interface Place {
  readonly client: Client;
  state: 'busy' | 'free' | 'gone';
  /** Whether its first socket is opening, or has opened a moment ago. */
  isNew: boolean;
  /** Ends the wait until that moment is over. */
  stopTimer: StopTimer | undefined;
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
  #new = 0;
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
    for (const { stopTimer } of this.#places) stopTimer?.();
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
    if (this.#places.size >= MAX_SOCKETS || this.#new >= MAX_NEW) return undefined;
    const client = new Client(this.#origin, this.#options);
    const place: Place = { client, state: 'free', isNew: true, stopTimer: undefined };
    this.#places.add(place);
    this.#new++;
    client.on('connect', () => {
      if (place.isNew && place.stopTimer === undefined) this.#settleAfter(NEW_MS, place);
    });
    client.on('drain', () => this.#release(place));
    client.on('disconnect', () => this.#dropIdle(place));
    client.on('connectionError', () => this.#dropIdle(place));
    return place;
  }

  #send(place: Place, options: Waiting['options'], handler: Waiting['handler']): void {
    place.state = 'busy';
    const watched = place.isNew
      ? new FirstAnswer(handler, () => this.#settleAfter(ANSWER_MS, place))
      : handler;
    const acceptsMore = place.client.dispatch(options, watched);
    // A request that undici rejects at once leaves the client free.
    if (acceptsMore || place.client.stats.size === 0) this.#release(place);
  }

  #release(place: Place): void {
    if (place.state !== 'busy') return;
    this.#noLongerNew(place);
    const next = this.#waiting.shift();
    if (next !== undefined) return this.#send(place, next.options, next.handler);
    place.state = 'free';
    this.#free.push(place);
  }

  /** Makes room for another new socket in a while. */
  #settleAfter(ms: number, place: Place): void {
    if (!place.isNew) return;
    place.stopTimer?.();
    place.stopTimer = startTimer(ms, () => {
      this.#noLongerNew(place);
      this.#serveNext();
    });
  }

  #noLongerNew(place: Place): void {
    if (!place.isNew) return;
    place.isNew = false;
    place.stopTimer?.();
    this.#new--;
  }

  #serveNext(): void {
    const next = this.#destroyed ? undefined : this.#waiting.shift();
    if (next !== undefined) this.dispatch(next.options, next.handler);
  }

  /** Drops a client whose socket is closed: to keep its memory costs more than to make a new one. */
  #dropIdle(place: Place): void {
    if (place.client.stats.size > 0) return;
    if (place.state === 'free') this.#free.splice(this.#free.indexOf(place), 1);
    place.state = 'gone';
    this.#places.delete(place);
    this.#noLongerNew(place);
    this.#serveNext();
  }
}

/** Hands on what comes of the first request over a socket, and tells when its answer begins. */
class FirstAnswer implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #onBegin: () => void;

  constructor(handler: Dispatcher.DispatchHandler, onBegin: () => void) {
    this.#handler = handler;
    this.#onBegin = onBegin;
  }

  onRequestStart(...facts: Told<'onRequestStart'>): void {
    this.#handler.onRequestStart?.(...facts);
  }

  onResponseStart(...facts: Told<'onResponseStart'>): void {
    this.#onBegin();
    this.#handler.onResponseStart?.(...facts);
  }

  onResponseData(...facts: Told<'onResponseData'>): void {
    this.#handler.onResponseData?.(...facts);
  }

  onResponseEnd(...facts: Told<'onResponseEnd'>): void {
    this.#handler.onResponseEnd?.(...facts);
  }

  onResponseError(...facts: Told<'onResponseError'>): void {
    this.#handler.onResponseError?.(...facts);
  }
}

type Told<Method extends keyof Dispatcher.DispatchHandler> = Parameters<
  NonNullable<Dispatcher.DispatchHandler[Method]>
>;

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

/** The socket that was read last: undici parses what it has read at once, and calls the handlers of the answer. */
let atHand: SocketGate | undefined;

/**
 * What a handler that is being called by undici can pause: the socket that its answer comes from. Bytes that were read already
 * still come. undici's own `pause` is not used, as its parser fails an assertion, and so ends the program, when a socket ends
 * meanwhile (https://github.com/nodejs/undici/issues/5360).
 */
export function sourceAtHand(controller: Dispatcher.DispatchController): PausableSource {
  return atHand ?? controller;
}

/** Gives undici no bytes of a socket while it is paused. */
class SocketGate implements PausableSource {
  isPaused = false;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    // Not at once: undici may be about to parse something.
    process.nextTick(() => this.#socket.emit('readable'));
  }
}

/**
 * Makes a connector whose sockets can be paused, and leave out each "100 Continue". A server may send one unasked, before its
 * answer, and undici would break the connection off.
 */
export function guardingSockets(connect: buildConnector.connector): buildConnector.connector {
  return (target, done) =>
    connect(target, (...result) => {
      if (result[0] === null) guard(result[1]);
      done(...result);
    });
}

function guard(socket: Socket): void {
  const gate = new SocketGate(socket);
  const read: (size?: number) => Buffer | null = socket.read.bind(socket);
  /** The beginning of a head that may become a "100 Continue". */
  let held: Buffer | undefined;
  /** How much had been written when an answer began: before more is written, no other one begins. */
  let answered = 0;
  socket.read = (size?: number): Buffer | null => {
    // With 0, the socket itself looks whether it has ended.
    if (gate.isPaused && size !== 0) return null;
    const chunk = read(size);
    atHand = gate;
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
