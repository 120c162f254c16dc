import { Transform, type TransformCallback } from 'node:stream';

const NEWLINE = 10;
/** How much of the beginning of a line is looked at to find out what it was, in bytes. */
const HEAD_BYTES = 512;

/** How long a line may be, in bytes. May change. */
export interface LineBounds {
  readonly bodyBytes: number;
}

/**
 * Lets lines through. Of a line that is too long only a part comes, which is no message: the lines after it are read as ever,
 * and `onTooLong` is called with the id of its request, if it begins with one.
 */
export class BoundedLines extends Transform {
  readonly #bounds: LineBounds;
  readonly #onTooLong: (id: string | number | undefined) => void;
  /** Of the present line. */
  #length = 0;
  #head: Uint8Array = new Uint8Array();
  #isSkipped = false;

  constructor(bounds: LineBounds, onTooLong: (id: string | number | undefined) => void) {
    super();
    this.#bounds = bounds;
    this.#onTooLong = onTooLong;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let at = 0; at < chunk.length;) {
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline === -1 ? chunk.length : newline + 1;
      this.#take(chunk.subarray(at, end));
      if (newline !== -1) {
        this.#length = 0;
        this.#isSkipped = false;
      }
      at = end;
    }
    done();
  }

  #take(piece: Uint8Array): void {
    if (this.#isSkipped) return;
    if (this.#length === 0) this.#head = piece.subarray(0, HEAD_BYTES);
    this.#length += piece.length;
    if (this.#length <= this.#bounds.bodyBytes) {
      this.push(piece);
      return;
    }
    this.#isSkipped = true;
    this.push('\n');
    this.#onTooLong(idIn(Buffer.from(this.#head).toString()));
  }
}

/** The id of a request, where it stands before its params. */
function idIn(head: string): string | number | undefined {
  const [, id] = /^\s*\{[^{]*?"id"\s*:\s*(-?\d+|"(?:[^"\\]|\\.)*")/.exec(head) ?? [];
  return id === undefined ? undefined : (JSON.parse(id) as string | number);
}
