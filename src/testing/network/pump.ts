import type { Socket } from 'node:net';

/** The settings that all pumps of a proxy share. */
export interface Valve {
  open: boolean;
  bytesPerSecond: number;
}

const TICK_MS = 10;

/** Copies bytes from one socket to the other, at most at the valve's rate, and then the end of input. */
export class Pump {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #valve: Valve;
  /** Bytes that were read but not passed on yet. Reading is paused while there are any. */
  #held: Buffer[] = [];
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, valve: Valve) {
    this.#from = from;
    this.#to = to;
    this.#valve = valve;
    from.on('data', (chunk) => {
      this.#held.push(chunk);
      this.move();
    });
    from.on('end', () => {
      this.#ended = true;
      this.move();
    });
    to.on('drain', () => this.move());
    to.on('close', () => clearTimeout(this.#timer));
  }

  /** Passes on what the valve allows now. Must be called again when the valve changes. */
  move(): void {
    if (this.#to.writableEnded || this.#to.destroyed) return;
    if (!this.#valve.open || this.#to.writableNeedDrain) return void this.#from.pause();
    if (this.#timer !== undefined) return;
    const { bytesPerSecond } = this.#valve;
    const held = this.#held.length === 1 && this.#held[0] ? this.#held[0] : Buffer.concat(this.#held);
    const amount = Math.min(held.length, Math.max(1, Math.floor((bytesPerSecond * TICK_MS) / 1000)));
    const rest = held.subarray(amount);
    this.#held = rest.length > 0 ? [rest] : [];
    if (amount > 0) this.#to.write(held.subarray(0, amount));
    if (rest.length > 0) {
      this.#from.pause();
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.move();
      }, TICK_MS);
    } else if (this.#ended) this.#to.end();
    else this.#from.resume();
  }
}
