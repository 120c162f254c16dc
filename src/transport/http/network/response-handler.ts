import { Duplex, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { PausableSource } from '../../backlog.ts';
import { sourceAtHand } from './socket-pool.ts';

export type ResponseHeaders = Record<string, string | string[] | undefined>;
type Controller = Dispatcher.DispatchController;

/** Statuses whose answers have no body. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Like the platform's `fetch`: what has arrived is decoded at once, and a missing end is no error. */
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH };

/** How many codings one answer may have; each takes a decoder. */
const MAX_ENCODINGS = 5;

/** Receives the response of one exchange. */
export interface ResponseListener {
  resolve(response: Response): void;
  reject(error: unknown): void;
  /** The exchange is over. */
  done?(): void;
}

/** Makes a `Response` of what undici reports of one exchange. The socket is read as fast as the body is. */
export class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly #listener: ResponseListener;
  #controller: Controller | undefined;
  /** Where its body comes from. */
  #source: PausableSource | undefined;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  #cancelled: { readonly reason: unknown } | undefined;

  /** The source is found out when undici calls the handler itself. */
  constructor(listener: ResponseListener, source?: PausableSource) {
    this.#listener = listener;
    this.#source = source;
  }

  /** Ends the exchange at any stage. */
  cancel(reason: unknown): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    this.#listener.reject(reason);
    this.#listener.done?.();
    this.#controller?.abort(toError(reason));
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#cancelled !== undefined) controller.abort(toError(this.#cancelled.reason));
  }

  onResponseStart(controller: Controller, status: number, headers: ResponseHeaders, statusText = ''): void {
    if (status < 200) return;
    this.#source ??= sourceAtHand(controller);
    const init = { status, statusText, headers: platformHeaders(headers) };
    try {
      this.#listener.resolve(new Response(this.#bodyOf(status, headers), init));
    } catch (error) {
      // A `Response` cannot have such a status or reason phrase.
      this.cancel(error);
    }
  }

  onResponseData(_controller: Controller, chunk: Uint8Array): void {
    // undici's parser also reports empty chunks.
    if (this.#body === undefined || chunk.byteLength === 0) return;
    this.#body.enqueue(chunk);
    if ((this.#body.desiredSize ?? 0) <= 0) this.#source?.pause();
  }

  onResponseEnd(): void {
    // The source may bring another answer next.
    this.#source?.resume();
    this.#body?.close();
    this.#body = undefined;
    this.#listener.done?.();
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#source?.resume();
    const reason = this.#cancelled === undefined ? error : this.#cancelled.reason;
    this.#listener.reject(reason);
    this.#body?.error(reason);
    this.#body = undefined;
    this.#listener.done?.();
  }

  #bodyOf(status: number, headers: ResponseHeaders): ReadableStream<Uint8Array> | null {
    if (WITHOUT_BODY.has(status)) return null;
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => void (this.#body = stream),
      pull: () => this.#source?.resume(),
      cancel: (reason) => {
        this.#body = undefined;
        this.cancel(reason);
      },
    });
    return decoded(body, headers['content-encoding']);
  }
}

function decoded(
  body: ReadableStream<Uint8Array>,
  encodings: string | string[] | undefined,
): ReadableStream<Uint8Array> {
  const names = String(encodings ?? 'identity')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > MAX_ENCODINGS) throw new RangeError(`The answer is encoded ${names.length} times over.`);
  const decoders = names.toReversed().map(decoderOf);
  if (decoders.includes(undefined)) return body;
  return decoders.reduce<ReadableStream<Uint8Array>>((stream, decoder) => {
    if (decoder === undefined) return stream;
    return stream.pipeThrough<Uint8Array>(Duplex.toWeb(decoder()));
  }, body);
}

/** Makes a decoder for one coding; undefined when it is unknown: nothing is decoded then, like the platform's `fetch`. */
function decoderOf(name: string): (() => Transform) | undefined {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return () => createGunzip(ZLIB);
    case 'deflate':
      return () => createInflate(ZLIB);
    case 'br':
      return () => createBrotliDecompress(BROTLI);
    default:
      return undefined;
  }
}

function platformHeaders(raw: ResponseHeaders): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(raw)) {
    // Some proxies repeat a header, and a repeated session id would be another one. The type is read elsewhere.
    const isRepeated = Array.isArray(values) && name.toLowerCase() !== 'content-type';
    for (const value of isRepeated ? new Set(values) : [values].flat()) {
      try {
        if (value !== undefined) headers.append(name, value);
      } catch {
        // A name or value that `Headers` cannot hold, and that nothing here reads.
      }
    }
  }
  return headers;
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
