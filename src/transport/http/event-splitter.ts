/** The two ways in which a line may end before a blank line. Lines that end in CR alone are written by nobody. */
const BLANK_LINES = ['\n\n', '\n\r\n'];
/** Bytes before the last one of a blank line. */
const OVERLAP = 2;

/**
 * Cuts the body of an event stream where an event ends, in time proportional to its bytes however they are chunked.
 */
export class EventSplitter {
  #pieces: Buffer[] = [];

  /** Takes the next bytes; returns the text of all events that they complete. */
  push(chunk: Buffer): string | undefined {
    const end = this.#lastEnd(chunk);
    if (end <= 0) {
      this.#pieces.push(chunk);
      return undefined;
    }
    const whole = end === chunk.length ? chunk : chunk.subarray(0, end);
    const text = this.#pieces.length === 0 ? whole : Buffer.concat([...this.#pieces, whole]);
    this.#pieces = end === chunk.length ? [] : [chunk.subarray(end)];
    return text.toString();
  }

  /** What has come of an event whose end has not. */
  get rest(): readonly Buffer[] {
    return this.#pieces;
  }

  /** Where in the chunk the last event ends; nothing or less when none does. */
  #lastEnd(chunk: Buffer): number {
    const end = endOfLastBlankLine(chunk);
    if (end > 0 || this.#pieces.length === 0) return end;
    const before = Buffer.concat(this.#pieces.slice(-OVERLAP)).subarray(-OVERLAP);
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
