import { constants } from 'node:os';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Terminal } from './terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type EndingSignal = (typeof SIGNALS)[number];

/**
 * Handles Ctrl-C and similar signals. The first one cancels what is under way and closes all servers. The second one
 * exits at once; servers that still run are killed at exit.
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

  /** The exit code after an interrupt; undefined before one. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode;
  }

  listen(): void {
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  /** Also called for Ctrl-C in a prompt, where the terminal sends no signal. */
  trigger(signal: EndingSignal): void {
    if (this.#exitCode !== undefined) process.exit(this.#exitCode);
    this.#exitCode = signal === 'SIGINT' ? EXIT.interrupted : 128 + constants.signals[signal];
    if (this.#terminal.interactive) this.#terminal.note('Stopping. Press Ctrl-C again to exit at once.');
    this.#abort.abort(new Error(`The command was interrupted by ${signal}.`));
  }
}
