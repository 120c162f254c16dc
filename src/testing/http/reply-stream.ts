import type { ServerResponse } from 'node:http';
import { METHOD_NOT_FOUND, isResponse, type RpcMessage } from '../server/json-rpc.ts';

export interface ReplyOptions {
  /** The prefix of its event ids. Without it there are no ids, and the stream cannot be resumed. */
  id?: string;
  /** Whether to answer with plain JSON when no message precedes the answer. */
  json: boolean;
  /** Whether errors get the HTTP status of the modern era. */
  modern: boolean;
  headers?: Record<string, string>;
  /** The `retry` field of events, in milliseconds. */
  retryMs?: number | undefined;
  /** Whether the stream starts with an event without data, which has an id to resume from. */
  primed?: boolean;
}

const EVENTS_KEPT = 1000;

/**
 * The answer to one POST, or the stream of a GET: plain JSON, or events that are kept beyond one HTTP response, so
 * that the stream can be resumed.
 */
export class ReplyStream {
  readonly #options: ReplyOptions;
  /** Events to replay, oldest first; the last one has the number `#count`. */
  readonly #events: string[] = [];
  #count = 0;
  /** The number of the last event that was written to a response. */
  #written = 0;
  #response: ServerResponse | undefined;
  #finished = false;

  constructor(options: ReplyOptions) {
    this.#options = options;
    if (options.primed === true) this.#store('');
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Writes to this response from now on. */
  attach(response: ServerResponse): void {
    // An ended stream is answered with an empty event stream.
    this.#open()?.end();
    this.#response = response;
    response.on('close', () => {
      if (this.#response === response) this.#response = undefined;
    });
    // Waits for an answer that is ready at once, which may set an HTTP status.
    if (!this.#options.json) setImmediate(() => this.#flush());
  }

  /** Writes to this response from now on, first all events after number `after`. */
  resume(response: ServerResponse, after: number): void {
    this.attach(response);
    this.#written = after;
    this.#flush();
  }

  send(message: RpcMessage, last = false): void {
    const response = this.#response;
    const data = JSON.stringify(message);
    this.#finished ||= last;
    if (last && response !== undefined && !response.headersSent) {
      const status = this.#options.modern ? statusOf(message) : 200;
      if (this.#options.json || status !== 200) {
        response.writeHead(status, { 'content-type': 'application/json', ...this.#options.headers });
        return this.#end(response, data);
      }
    }
    this.sendRaw(data);
  }

  /** Sends an event with this data, which need not be a message. */
  sendRaw(data: string): void {
    this.#store(data);
    this.#flush();
  }

  /** Ends the HTTP response; the stream can be resumed if it has ids. */
  break(): void {
    const response = this.#open();
    if (response !== undefined) this.#end(response);
  }

  #store(data: string): void {
    this.#events.push(data);
    this.#count++;
    if (this.#events.length > EVENTS_KEPT) this.#events.shift();
  }

  #open(): ServerResponse | undefined {
    const response = this.#response;
    if (response === undefined || response.headersSent) return response;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...this.#options.headers,
    });
    response.flushHeaders();
    if (this.#options.retryMs !== undefined) response.write(`retry: ${this.#options.retryMs}\n\n`);
    return response;
  }

  #flush(): void {
    const response = this.#open();
    if (response === undefined) return;
    const oldest = this.#count - this.#events.length + 1;
    for (let number = Math.max(this.#written + 1, oldest); number <= this.#count; number++) {
      response.write(this.#event(number, this.#events[number - oldest] ?? ''));
    }
    this.#written = this.#count;
    if (this.#finished) this.#end(response);
  }

  /** Ends this response, with `data` as its last part. */
  #end(response: ServerResponse, data?: string): void {
    this.#response = undefined;
    response.end(data);
  }

  #event(number: number, data: string): string {
    const id = this.#options.id === undefined ? '' : `id: ${this.#options.id}:${number}\n`;
    const lines = data.split('\n').map((line) => `data: ${line}\n`);
    return `${id}${data === '' ? 'data: \n' : `event: message\n${lines.join('')}`}\n`;
  }
}

/** The HTTP status of an answer in the modern era. */
function statusOf(message: RpcMessage): number {
  if (!isResponse(message) || !('error' in message)) return 200;
  const { code } = message.error;
  if (code === METHOD_NOT_FOUND) return 404;
  return code <= -32020 && code >= -32022 ? 400 : 200;
}
