const NEWLINE = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

/** Thrown by {@link LineSplitter.push}: from here on the stream cannot be cut into lines any more. */
export class LineTooLong extends Error {}

/**
 * Cuts a stream of bytes into lines, in time proportional to the bytes however they are chunked, and holds at
 * most one line.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #unitBytes: 1 | 2;
  /** The start of a line whose end has not come; grown by doubling, so that each byte is copied O(1) times. */
  #partial = NOTHING;
  #partialBytes = 0;
  /** First half of a two-byte unit that was cut in two by the end of a chunk. */
  #half = NOTHING;

  /** `unitBytes` is 2 for UTF-16LE, where a newline is two bytes at an even offset. */
  constructor(maxLineBytes: number, unitBytes: 1 | 2 = 1) {
    this.#maxLineBytes = maxLineBytes;
    this.#unitBytes = unitBytes;
  }

  /** Takes the next bytes; yields the lines that they complete, without their newlines. */
  *push(bytes: Buffer): Generator<Buffer, void, undefined> {
    const chunk = this.#align(bytes);
    let start = 0;
    for (let end = this.#findNewline(chunk, 0); end !== -1; end = this.#findNewline(chunk, start)) {
      yield this.#complete(chunk.subarray(start, end));
      start = end + this.#unitBytes;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What came after the last newline so far. */
  get partial(): Buffer {
    return this.#partial.subarray(0, this.#partialBytes);
  }

  /** Returns what came after the last newline, and forgets it. */
  rest(): Buffer {
    const rest = Buffer.concat([this.#partial.subarray(0, this.#partialBytes), this.#half]);
    this.#forget();
    this.#half = NOTHING;
    return rest;
  }

  #align(bytes: Buffer): Buffer {
    if (this.#unitBytes === 1) return bytes;
    const chunk = this.#half.length === 0 ? bytes : Buffer.concat([this.#half, bytes]);
    const whole = chunk.length - (chunk.length % 2);
    this.#half = Buffer.from(chunk.subarray(whole));
    return chunk.subarray(0, whole);
  }

  #findNewline(chunk: Buffer, from: number): number {
    let index = chunk.indexOf(NEWLINE, from);
    if (this.#unitBytes === 1) return index;
    while (index !== -1 && (index % 2 === 1 || chunk[index + 1] !== 0)) {
      index = chunk.indexOf(NEWLINE, index + 1);
    }
    return index;
  }

  #complete(end: Buffer): Buffer {
    if (this.#partialBytes === 0 && end.length <= this.#maxLineBytes) return end;
    this.#keep(end);
    const line = this.#partial.subarray(0, this.#partialBytes);
    this.#forget();
    return line;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const needed = this.#partialBytes + bytes.length;
    if (needed > this.#maxLineBytes) {
      this.#forget();
      throw new LineTooLong();
    }
    if (needed > this.#partial.length) {
      const grown = Buffer.allocUnsafe(
        Math.min(Math.max(needed, this.#partial.length * 2), this.#maxLineBytes),
      );
      this.#partial.copy(grown, 0, 0, this.#partialBytes);
      this.#partial = grown;
    }
    bytes.copy(this.#partial, this.#partialBytes);
    this.#partialBytes = needed;
  }

  #forget(): void {
    this.#partial = NOTHING;
    this.#partialBytes = 0;
  }
}
