import type { Readable, Writable } from 'node:stream';

import { TextDecoder } from 'node:util';

/** How much is kept for error messages, in characters. */
const TAIL_LENGTH = 64 * 1024;
/** A longer line is handed on in pieces. */
const LINE_LENGTH = 16 * 1024;

/** Cuts standard error into lines for its listener, and keeps its end for error messages. */
export class StderrCapture {
  readonly #decoder: TextDecoder;
  readonly #onLine: ((line: string) => void) | undefined;
  #line = '';
  #tail = '';

  /** Invalid bytes are replaced, whatever the spec says of them: this text is for people. */
  constructor(encoding: string, onLine?: (line: string) => void) {
    this.#decoder = new TextDecoder(encoding);
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Hands on a last line without a newline. */
  end(): void {
    this.#take(this.#decoder.decode());
    if (this.#line !== '') this.#emit(this.#line);
    this.#line = '';
  }

  /** The last 64 KiB, from the start of a line. */
  get tail(): string {
    if (this.#tail.length <= TAIL_LENGTH) return this.#tail.trimEnd();
    const end = this.#tail.slice(-TAIL_LENGTH);
    return end.slice(end.indexOf('\n') + 1).trimEnd();
  }

  #take(text: string): void {
    if (text === '') return;
    this.#tail += text;
    // Twice the length before it is cut, so that many small pieces are not many large copies.
    if (this.#tail.length > 2 * TAIL_LENGTH) this.#tail = this.#tail.slice(-TAIL_LENGTH - 1);
    if (this.#onLine === undefined) return;
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    lines.forEach((line) => this.#emit(line));
    if (this.#line.length > LINE_LENGTH) {
      this.#emit(this.#line);
      this.#line = '';
    }
  }

  #emit(line: string): void {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    for (let start = 0; start === 0 || start < text.length; start += LINE_LENGTH) {
      this.#onLine?.(text.slice(start, start + LINE_LENGTH));
    }
  }
}

/**
 * Copies `source` to a stream of the caller's, at that stream's pace, and never ends it. Returns how to read `source` at
 * its own pace from then on; what the target has no room for is left out then.
 *
 * `pipe` would keep several listeners on the target while the server runs, and many servers may share one log.
 */
export function forward(source: Readable, target: Writable): () => void {
  let paced = true;
  const proceed = (): void => {
    target.off('drain', proceed);
    target.off('close', proceed);
    source.resume();
  };
  source.on('data', (chunk: Buffer) => {
    if (!target.writable || (!paced && target.writableNeedDrain)) return;
    if (target.write(chunk) || !paced) return;
    source.pause();
    target.on('drain', proceed);
    target.on('close', proceed);
  });
  return () => {
    paced = false;
    proceed();
  };
}
