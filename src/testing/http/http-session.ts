import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Origin } from '../server/call.ts';
import type { RequestId, RpcMessage } from '../server/json-rpc.ts';
import type { Channel, Peer } from '../server/peer.ts';
import { ReplyStream, type ReplyOptions } from './reply-stream.ts';

const STREAMS_KEPT = 100;

/** A stateful session of the legacy era: one client, whose messages travel on many HTTP requests. */
export class HttpSession implements Channel {
  readonly id = randomUUID();
  /** Requests in this session so far, without the handshake. */
  requests = 0;
  readonly #options: ReplyOptions;
  readonly #byRequest = new Map<RequestId, { stream: ReplyStream; origin: Origin }>();
  readonly #byId = new Map<string, ReplyStream>();
  readonly #standalone: ReplyStream;
  readonly #onEnd: (session: HttpSession) => void;
  #origin: Origin;

  constructor(options: ReplyOptions, origin: Origin, onEnd: (session: HttpSession) => void) {
    this.#options = { ...options, headers: { 'mcp-session-id': this.id } };
    this.#origin = { ...origin, sessionId: this.id };
    this.#standalone = this.#stream('get', { json: false });
    this.#onEnd = onEnd;
  }

  /** Handles a request; its answer goes to this response. */
  post(peer: Peer, id: RequestId, message: RpcMessage, response: ServerResponse, origin: Origin): void {
    this.#origin = { ...origin, sessionId: this.id };
    const stream = this.#stream(randomUUID());
    this.#byRequest.set(id, { stream, origin: this.#origin });
    stream.attach(response);
    peer.receive(message);
  }

  /** Opens the stream for messages that belong to no request, or resumes an interrupted stream. */
  get(request: IncomingMessage, response: ServerResponse): void {
    const [id = '', number] = String(request.headers['last-event-id'] ?? '').split(':');
    const stream = this.#byId.get(id);
    if (stream === undefined) this.#standalone.attach(response);
    else stream.resume(response, Number(number) || 0);
  }

  send(message: RpcMessage, related?: RequestId, last = false): void {
    const open = related === undefined ? undefined : this.#byRequest.get(related);
    (open?.stream ?? this.#standalone).send(message, last && open !== undefined);
    if (last && related !== undefined) this.#byRequest.delete(related);
  }

  sendRaw(line: string | Buffer, related?: RequestId): void {
    const open = related === undefined ? undefined : this.#byRequest.get(related);
    if (!this.#options.json) (open?.stream ?? this.#standalone).sendRaw(line.toString());
  }

  origin(related?: RequestId): Origin {
    return (related === undefined ? undefined : this.#byRequest.get(related)?.origin) ?? this.#origin;
  }

  /** Ends all open HTTP responses before their streams are complete. */
  breakStreams(): void {
    for (const stream of this.#byId.values()) stream.break();
  }

  close(): void {
    this.breakStreams();
    this.#onEnd(this);
  }

  #stream(id: string, options: Partial<ReplyOptions> = {}): ReplyStream {
    const stream = new ReplyStream({ ...this.#options, id, ...options });
    this.#byId.set(id, stream);
    if (this.#byId.size > STREAMS_KEPT) this.#forgetOldest();
    return stream;
  }

  #forgetOldest(): void {
    for (const [id, stream] of this.#byId) {
      if (!stream.finished) continue;
      this.#byId.delete(id);
      return;
    }
  }
}
