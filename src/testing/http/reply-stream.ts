import type { ServerResponse } from 'node:http';
import { METHOD_NOT_FOUND, isResponse, type RpcMessage } from '../server/json-rpc.ts';

export interface ReplyOptions {
  /** First part of its event ids, with which it can be resumed; without it there are none. */
  id?: string;
  /** Answers with plain JSON, unless there is something to say before the answer. */
  json: boolean;
  /** Errors of the modern era have an HTTP status. */
  modern: boolean;
  headers?: Record<string, string>;
  /** What the client is told to wait before it resumes, in milliseconds. */
  retryMs?: number | undefined;
  /** Opens with an event without data, so that there is an id to resume from. */
  primed?: boolean;
}

const EVENTS_KEPT = 1000;

/** The answer to one POST, or the stream of a GET: plain JSON, or events that outlive their HTTP response. */
export class ReplyStream {
  readonly #options: ReplyOptions;
  /** Events to be replayed, oldest first; the last one has the number `#count`. */
  readonly #events: string[] = [];
  #count = 0;
  /** The last event that was written to some response. */
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

  /** Uses this response from now on. */
  attach(response: ServerResponse): void {
    // As a stream that ended: an empty answer of another type would be none of a stream's.
    this.#open()?.end();
    this.#response = response;
    response.on('close', () => {
      if (this.#response === response) this.#response = undefined;
    });
    // Leaves room for a plain answer, or an HTTP status, that is ready at once.
    if (!this.#options.json) setImmediate(() => this.#flush());
  }

  /** Uses this response from now on, and tells it everything after the event number `after`. */
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

  /** Sends an event with this data, message or not. */
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

  /** From here on, nothing more is written to this response. */
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

/** The HTTP status that the modern era gives to an answer. */
function statusOf(message: RpcMessage): number {
  if (!isResponse(message) || !('error' in message)) return 200;
  const { code } = message.error;
  if (code === METHOD_NOT_FOUND) return 404;
  return code <= -32020 && code >= -32022 ? 400 : 200;
}
