import { ByteList } from './byte-list.ts';

/** The two ways in which a line may end before a blank line. Lines that end in CR alone are written by nobody. */
const BLANK_LINES = ['\n\n', '\n\r\n'];
const LF = 0x0a;
const CR = 0x0d;
/** Bytes before the last one of a blank line. */
const OVERLAP = 2;

/**
 * Cuts the body of an event stream where an event ends, in time and memory proportional to its bytes however they are
 * chunked.
 */
export class EventSplitter {
  readonly #pieces = new ByteList();

  /** Takes the next bytes; returns the text of all events that they complete. */
  push(chunk: Buffer): string | undefined {
    const end = this.#lastEnd(chunk);
    if (end <= 0) {
      this.#pieces.push(chunk);
      return undefined;
    }
    const whole = end === chunk.length ? chunk : chunk.subarray(0, end);
    const bytes = this.#pieces.isEmpty ? whole : Buffer.concat([...this.#pieces.all, whole]);
    this.#pieces.clear();
    if (end < chunk.length) this.#pieces.push(chunk.subarray(end));
    return bytes.toString();
  }

  /** What has come of an event whose end has not. */
  get rest(): readonly Buffer[] {
    return this.#pieces.all;
  }

  /** Where in the chunk the last event ends; nothing or less when none does. */
  #lastEnd(chunk: Buffer): number {
    const end = endOfLastBlankLine(chunk);
    const [first] = chunk;
    if (end > 0 || (first !== LF && first !== CR) || this.#pieces.isEmpty) return end;
    const before = this.#pieces.tail(OVERLAP);
    return endOfLastBlankLine(Buffer.concat([before, chunk.subarray(0, OVERLAP)])) - before.length;
  }
}

function endOfLastBlankLine(bytes: Buffer): number {
  const ends = BLANK_LINES.map((line) => {
    const start = bytes.lastIndexOf(line);
    return start === -1 ? 0 : start + line.length;
  });
  return Math.max(...ends);
}
