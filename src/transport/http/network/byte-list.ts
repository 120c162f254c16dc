/** Pieces that are joined to one, so that what is kept of each of them weighs little beside its bytes. */
const JOINED = 1_024;

/** Bytes that come in pieces, however small. */
export class ByteList {
  #blocks: Buffer[] = [];
  #pieces: Buffer[] = [];

  get isEmpty(): boolean {
    return this.#blocks.length === 0 && this.#pieces.length === 0;
  }

  /** What has come, in order. */
  get all(): readonly Buffer[] {
    return this.#blocks.length === 0 ? this.#pieces : [...this.#blocks, ...this.#pieces];
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    if (this.#pieces.length < JOINED) return;
    this.#blocks.push(Buffer.concat(this.#pieces));
    this.#pieces = [];
  }

  /** The last bytes, at most so many. */
  tail(count: number): Buffer {
    const last =
      this.#pieces.length > count ? this.#pieces : [...this.#blocks.slice(-count), ...this.#pieces];
    return Buffer.concat(last.slice(-count)).subarray(-count);
  }

  clear(): void {
    this.#blocks = [];
    this.#pieces = [];
  }
}
