const NEWLINE = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

/** From this size on, a piece of a line is kept as it came; smaller ones are joined first. */
const LARGE_PIECE = 16 * 1024;
/** After a line of this size it is asked whether to go on, although no other one has come yet. */
const LONG_LINE = 16 * 1024;

/** Thrown by {@link LineSplitter.push}: a line is too long, and the rest of the stream cannot be read. */
export class LineTooLong extends Error {}

/**
 * Cuts a stream of bytes into lines, in time proportional to the bytes however they are chunked, and holds at
 * most one line.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #unitBytes: 1 | 2;
  /** The start of a line whose end has not arrived: large pieces, and small ones joined. */
  #pieces: Buffer[] = [];
  /** Grown by doubling, so that each byte is copied O(1) times. */
  #tail = NOTHING;
  #tailBytes = 0;
  /** Of all pieces and the tail. */
  #partialBytes = 0;
  /** First half of a two-byte unit that was cut in two by the end of a chunk. */
  #half = NOTHING;

  /** `unitBytes` is 2 for UTF-16LE, where a newline is two bytes at an even offset. */
  constructor(maxLineBytes: number, unitBytes: 1 | 2 = 1) {
    this.#maxLineBytes = maxLineBytes;
    this.#unitBytes = unitBytes;
  }

  /**
   * Takes the next bytes, and calls `onLine` with each line that they complete, without its newline. Between two lines, and
   * after a long one, it calls `mayGoOn` with the length of the line. When that returns false, it returns the bytes that it
   * has not taken, with which it has to be called again.
   */
  push(
    bytes: Buffer,
    onLine: (line: Buffer) => void,
    mayGoOn: (bytes: number) => boolean,
  ): Buffer | undefined {
    const chunk = this.#align(bytes);
    let start = 0;
    let end = this.#findNewline(chunk, 0);
    while (end !== -1) {
      const line = this.#complete(chunk.subarray(start, end));
      start = end + this.#unitBytes;
      onLine(line);
      end = this.#findNewline(chunk, start);
      if ((end !== -1 || line.length >= LONG_LINE) && !mayGoOn(line.length))
        return this.#untaken(chunk.subarray(start));
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return undefined;
  }

  /** The start of what came after the last newline so far, up to `maxBytes`. */
  partial(maxBytes: number): Buffer {
    const first = this.#pieces[0] ?? this.#tail.subarray(0, this.#tailBytes);
    return first.subarray(0, maxBytes);
  }

  /** Returns what came after the last newline, and forgets it. */
  rest(): Buffer {
    const rest = Buffer.concat([...this.#takePieces(), this.#half]);
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

  #untaken(bytes: Buffer): Buffer {
    const half = this.#half;
    this.#half = NOTHING;
    return half.length === 0 ? bytes : Buffer.concat([bytes, half]);
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
    this.#count(end);
    return Buffer.concat([...this.#takePieces(), end]);
  }

  #keep(bytes: Buffer): void {
    this.#count(bytes);
    if (bytes.length < LARGE_PIECE) return this.#append(bytes);
    this.#seal();
    this.#pieces.push(bytes);
  }

  #append(bytes: Buffer): void {
    const needed = this.#tailBytes + bytes.length;
    if (needed > this.#tail.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#tail.length * 2));
      this.#tail.copy(grown, 0, 0, this.#tailBytes);
      this.#tail = grown;
    }
    bytes.copy(this.#tail, this.#tailBytes);
    this.#tailBytes = needed;
    if (needed >= LARGE_PIECE) this.#seal();
  }

  /** Makes a piece of the tail. */
  #seal(): void {
    if (this.#tailBytes > 0) this.#pieces.push(this.#tail.subarray(0, this.#tailBytes));
    this.#tail = NOTHING;
    this.#tailBytes = 0;
  }

  #takePieces(): Buffer[] {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#partialBytes = 0;
    return pieces;
  }

  #count(bytes: Buffer): void {
    this.#partialBytes += bytes.length;
    if (this.#partialBytes <= this.#maxLineBytes) return;
    this.#takePieces();
    throw new LineTooLong();
  }
}
