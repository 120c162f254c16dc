/** How many messages may be read in one turn of the event loop, over all connections. */
const MESSAGES_A_TURN = 256;
/** Each further so many bytes of a message count as one more. */
const BYTES_OF_A_MESSAGE = 1024;

/** How many messages may be read until the turn is looked at. */
let left = MESSAGES_A_TURN;
/** Set while it is counted what is read in the present turn; runs in the next one. */
let next: NodeJS.Immediate | undefined;
/** What goes on in the next turn, first come, first served. */
const waiting = new Set<() => void>();

/**
 * Counts messages that were read, with their bytes. Returns false when the present turn of the event loop has read enough: then its reader
 * pauses its source, and goes on in the next turn. So no flood of messages holds up the program, or grows in its memory.
 *
 * A message that comes alone needs not be counted unless it is long: then no other one follows it in this turn.
 */
export function mayReadOn(bytes: number, messages = 1): boolean {
  left -= messages + bytes / BYTES_OF_A_MESSAGE;
  return left > 0 || !isUsedUp();
}

/** Resolves in the next turn in which something may be read. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => goOnLater(resolve));
}

function isUsedUp(): boolean {
  if (next !== undefined) return true;
  // What was counted until now may have been read in many turns.
  next = setImmediate(beginTurn);
  left = MESSAGES_A_TURN;
  return false;
}

function goOnLater(goOn: () => void): void {
  waiting.add(goOn);
  next ??= setImmediate(beginTurn);
}

function beginTurn(): void {
  left = MESSAGES_A_TURN;
  next = waiting.size > 0 ? setImmediate(beginTurn) : undefined;
  for (const goOn of waiting) {
    if (left <= 0) return;
    waiting.delete(goOn);
    goOn();
  }
}

/** Where messages come from: a stream, a socket. */
export interface PausableSource {
  pause(): void;
  resume(): void;
}

/** What has come from a source and waits to be read in later turns of the event loop. The source is paused meanwhile. */
export class Backlog<Piece extends object> {
  readonly #source: PausableSource;
  readonly #read: (piece: Piece) => Piece | undefined;
  readonly #goOn = (): void => this.#readOn();
  #pieces: Piece[] = [];
  #onRead: (() => void)[] = [];

  /** `read` reads of a piece what may be read in the present turn, and returns the rest. It does not throw. */
  constructor(source: PausableSource, read: (piece: Piece) => Piece | undefined) {
    this.#source = source;
    this.#read = read;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Keeps what has to wait. */
  push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#source.pause();
    goOnLater(this.#goOn);
  }

  /** Calls `then` once everything has been read that is there now. */
  whenRead(then: () => void): void {
    if (this.isEmpty) then();
    else this.#onRead.push(then);
  }

  /** Forgets everything. */
  clear(): void {
    if (this.isEmpty) return;
    waiting.delete(this.#goOn);
    this.#pieces = [];
    this.#onRead = [];
    this.#source.resume();
  }

  #readOn(): void {
    const pieces = this.#pieces;
    for (let piece = pieces[0]; piece !== undefined; piece = pieces[0]) {
      const rest = this.#read(piece);
      // It was cleared meanwhile.
      if (pieces !== this.#pieces) return;
      if (rest !== undefined) {
        pieces[0] = rest;
        goOnLater(this.#goOn);
        return;
      }
      pieces.shift();
    }
    for (const then of this.#onRead.splice(0)) then();
    if (this.isEmpty) this.#source.resume();
  }
}
