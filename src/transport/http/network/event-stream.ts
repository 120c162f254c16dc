import { ByteList } from './byte-list.ts';

const LF = 0x0a;
const CR = 0x0d;
const LF_LF = Buffer.from('\n\n');
const LF_CR = Buffer.from('\n\r');
const CR_CR = Buffer.from('\r\r');
const SPACE = 0x20;
const DATA = 'data';
const EVENT = 'event';
/** How many lines are read at a time that are of no event with data. */
const LINES_AT_A_TIME = 64;

/** How large a body, or one event with the ends of its lines, may be. */
export interface BodyLimit {
  readonly maxBytes: number;
  /** Makes the error for one that is larger. */
  tooLarge(): Error;
}

/**
 * Cuts the body of an event stream where an event ends, in time and memory proportional to its bytes however they are
 * chunked. Lines may end in LF, CRLF or CR; in what it returns all end in LF.
 */
export class EventSplitter {
  readonly #limit: BodyLimit;
  /** What has come of an event whose end has not: nothing, as a rule. */
  #held: ByteList | undefined;
  #heldBytes = 0;
  /** Whether the last event ended in a CR, to which a LF may belong that comes next. */
  #endedInCr = false;

  constructor(limit: BodyLimit) {
    this.#limit = limit;
  }

  /**
   * Takes the next bytes; returns the text of all events that they complete. Throws what the limit says when an event is
   * too large.
   */
  push(bytes: Buffer): string | undefined {
    const chunk = this.#endedInCr ? this.#withoutLf(bytes) : bytes;
    if (this.#heldBytes + chunk.length > this.#limit.maxBytes) this.#measure(chunk);
    const end = this.#lastEnd(chunk);
    if (end <= 0) {
      this.#hold(chunk);
      return undefined;
    }
    const whole = end === chunk.length ? chunk : chunk.subarray(0, end);
    const events = this.#held === undefined ? whole : Buffer.concat([...this.#held.all, whole]);
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#hold(chunk.subarray(end));
    this.#endedInCr = end === chunk.length && chunk[end - 1] === CR;
    return textOf(events);
  }

  /**
   * Takes the end of the body; returns the text of a last event that no blank line follows, when its data is whole. Some
   * servers leave that line out, and some send plain JSON in place of an event.
   */
  end(): string | undefined {
    if (this.#held === undefined) return undefined;
    const text = textOf(Buffer.concat(this.#held.all)).replace(/^\uFEFF/, '');
    this.#held = undefined;
    this.#heldBytes = 0;
    const lines = text.split('\n');
    const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice('data:'.length));
    if (isWhole(data.join('\n'))) return `${text}\n\n`;
    return isWhole(text) ? `${lines.map((line) => `data: ${line}`).join('\n')}\n\n` : undefined;
  }

  /** What has come of an event whose end has not. */
  get rest(): readonly Buffer[] {
    return this.#held?.all ?? [];
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#held ??= new ByteList();
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #withoutLf(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    this.#endedInCr = false;
    return chunk[0] === LF ? chunk.subarray(1) : chunk;
  }

  /** Where in the chunk the last event ends; nothing or less when none does. */
  #lastEnd(chunk: Buffer): number {
    const end = endOfLastBlankLine(chunk);
    const [first] = chunk;
    if (end > 0 || this.#held === undefined || (first !== LF && first !== CR)) return end;
    const before = this.#held.tail(1);
    return endOfLastBlankLine(Buffer.concat([before, chunk.subarray(0, 2)])) - before.length;
  }

  /** Throws when an event that the chunk goes on with, completes or has in it is too large. */
  #measure(chunk: Buffer): void {
    let bytes = this.#heldBytes;
    let last = this.#held?.tail(1)[0];
    for (const byte of chunk) {
      bytes++;
      if (bytes > this.#limit.maxBytes) throw this.#limit.tooLarge();
      const isEnd = byte === LF ? last === LF : byte === CR && (last === LF || last === CR);
      if (isEnd) bytes = 0;
      last = byte;
    }
  }
}

/** Reads the events of a text that holds whole events whose lines end in LF. */
export class EventReader {
  readonly #text: string;
  #at = 0;
  /** What the lines of an event have said so far. */
  #type = '';
  #data: string | undefined;
  #moreData: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /**
   * Reads up to the end of the next event of the type `message` that has data, and returns that. Returns an empty text when
   * it has read many lines before, and undefined when there are no more.
   */
  next(): string | undefined {
    const text = this.#text;
    for (let lines = 0; lines < LINES_AT_A_TIME; lines++) {
      const start = this.#at;
      const end = text.indexOf('\n', start);
      if (end === -1) return undefined;
      this.#at = end + 1;
      if (end > start) this.#readLine(start, end);
      else if (this.#data !== undefined || this.#type !== '') {
        const data = this.#takeEvent();
        if (data !== '') return data;
      }
    }
    return '';
  }

  #readLine(start: number, end: number): void {
    const data = this.#valueOf(DATA, start, end);
    if (data === undefined) this.#type = this.#valueOf(EVENT, start, end) ?? this.#type;
    else if (this.#data === undefined) this.#data = data;
    else this.#moreData.push(data);
  }

  /** What a line says of a field; undefined when it is about another one. */
  #valueOf(field: string, start: number, end: number): string | undefined {
    const text = this.#text;
    if (!text.startsWith(field, start)) return undefined;
    const after = start + field.length;
    if (after === end) return '';
    if (text[after] !== ':') return undefined;
    return text.slice(text.charCodeAt(after + 1) === SPACE ? after + 2 : after + 1, end);
  }

  /** The data of the event that has ended; empty when it has none, or is of another type. */
  #takeEvent(): string {
    const data = this.#data ?? '';
    const whole = this.#moreData.length === 0 ? data : [data, ...this.#moreData].join('\n');
    const isMessage = this.#type === '' || this.#type === 'message';
    this.#type = '';
    this.#data = undefined;
    if (this.#moreData.length > 0) this.#moreData = [];
    return isMessage ? whole : '';
  }
}

function textOf(bytes: Buffer): string {
  return bytes.includes(CR) ? withLf(bytes) : bytes.toString();
}

/** The text with LF for each CR and CRLF. Byte by byte: a regular expression takes ten times as long when lines are short. */
function withLf(bytes: Buffer): string {
  const text = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  let last = 0;
  for (const byte of bytes) {
    if (byte !== LF || last !== CR) text[length++] = byte === CR ? LF : byte;
    last = byte;
  }
  return text.toString('utf8', 0, length);
}

/** Whether a text is a JSON object or array as a whole. */
function isWhole(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Where the last blank line ends; 0 when there is none. */
function endOfLastBlankLine(bytes: Buffer): number {
  const { length } = bytes;
  if (length > 1 && bytes[length - 1] === LF && bytes[length - 2] === LF) return length;
  const end = endOfLast(bytes, LF_LF);
  if (!bytes.includes(CR)) return end;
  const endInCr = Math.max(endOfLast(bytes, LF_CR), endOfLast(bytes, CR_CR));
  return Math.max(end, bytes[endInCr] === LF && endInCr > 0 ? endInCr + 1 : endInCr);
}

function endOfLast(bytes: Buffer, pair: Buffer): number {
  const start = bytes.lastIndexOf(pair);
  return start === -1 ? 0 : start + pair.length;
}
