import { constants } from 'node:os';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Terminal } from './terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type EndingSignal = (typeof SIGNALS)[number];

/**
 * Ctrl-C, and signals like it. The first one gives up what is under way: the server is told, and everything is closed
 * in order. The second one leaves at once; servers that still live are killed at exit.
 */
export class Interrupt {
  readonly #abort = new AbortController();
  readonly #terminal: Terminal;
  #exitCode: ExitCode | undefined;
  readonly #listeners = SIGNALS.map((signal) => [signal, () => this.trigger(signal)] as const);

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What the command is to end with, once it was interrupted. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode;
  }

  listen(): void {
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  /** Also for Ctrl-C in a prompt, where it makes no signal. */
  trigger(signal: EndingSignal): void {
    if (this.#exitCode !== undefined) process.exit(this.#exitCode);
    this.#exitCode = signal === 'SIGINT' ? EXIT.interrupted : 128 + constants.signals[signal];
    if (this.#terminal.interactive) this.#terminal.note('Stopping. Ctrl-C again leaves at once.');
    this.#abort.abort(new Error(`The command got ${signal}.`));
  }
}
