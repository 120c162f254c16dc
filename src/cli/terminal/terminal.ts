import { isatty, WriteStream } from 'node:tty';
import { StatusLine } from './status-line.ts';
import { bodyText, jsonText, lineText } from './terminal-text.ts';

interface TerminalOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

type Style = 'bold' | 'red' | 'green' | 'yellow' | 'cyan';

const STYLES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Writes the output of a command: data to standard output, everything else to standard error. */
export class Terminal {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Whether there is a user at a terminal who can be asked. */
  readonly interactive: boolean;
  readonly #color: boolean;
  readonly #status: StatusLine | undefined;

  constructor({ json, verbose, color }: TerminalOptions) {
    this.json = json;
    this.verbose = verbose;
    this.#color = color;
    const stderr: NodeJS.WriteStream = process.stderr;
    this.#status =
      stderr instanceof WriteStream && stderr.isTTY && process.env['TERM'] !== 'dumb'
        ? new StatusLine(stderr)
        : undefined;
    this.interactive = isatty(0) && isatty(2);
  }

  /** The width for tables; without limit when standard output is no terminal. */
  get columns(): number {
    return process.stdout.isTTY ? process.stdout.columns : Infinity;
  }

  /** Writes data for people. The text must be safe for a terminal already. */
  data(text: string): void {
    const ended = text.endsWith('\n') || text === '' ? text : `${text}\n`;
    this.#aside(() => process.stdout.write(ended));
  }

  /** Writes data for programs. */
  jsonData(value: unknown): void {
    this.data(jsonText(value));
  }

  /** As {@link jsonData}, in one line. */
  jsonLine(value: unknown): void {
    this.data(jsonText(value, 0));
  }

  /** Writes a remark to standard error. Control characters in the text are escaped. */
  note(text: string): void {
    this.#aside(() => process.stderr.write(`${bodyText(text)}\n`));
  }

  /** Writes a warning to standard error; with `--json`, as `{ "warning": … }` in one line. */
  warn(text: string): void {
    if (this.json) this.failureText(jsonText({ warning: text }, 0));
    else this.#labelled('yellow', 'warning', text);
  }

  error(text: string): void {
    this.#labelled('red', 'error', text);
  }

  /** As {@link note}, with `--verbose` only. */
  detail(text: string): void {
    if (this.verbose && text !== '') this.note(text);
  }

  /** Writes the text of a failed tool, or other output that must not mix with data, to standard error. */
  failureText(text: string): void {
    this.#aside(() => process.stderr.write(`${text}\n`));
  }

  /** Styles a text for standard output. */
  paint(style: Style, text: string): string {
    return this.#color && isColorful(process.stdout) ? styled(style, text) : text;
  }

  /** Shows a status line while `work` runs, on a terminal. */
  async during<T>(text: string, work: (update: (text: string) => void) => Promise<T>): Promise<T> {
    this.#status?.start(lineText(text));
    try {
      return await work((next) => this.#status?.update(lineText(next)));
    } finally {
      this.#status?.stop();
    }
  }

  /** Removes the status line while `work` uses the terminal, such as for a prompt. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    this.#status?.pause();
    try {
      return await work();
    } finally {
      this.#status?.resume();
    }
  }

  #labelled(style: Style, label: string, text: string): void {
    const shown = this.#color && isColorful(process.stderr) ? styled(style, `${label}:`) : `${label}:`;
    this.#aside(() => process.stderr.write(`${shown} ${bodyText(text)}\n`));
  }

  #aside(write: () => void): void {
    if (this.#status === undefined) write();
    else this.#status.around(write);
  }
}

function isColorful(stream: NodeJS.WriteStream): boolean {
  return stream instanceof WriteStream && stream.isTTY && stream.hasColors();
}

function styled(style: Style, text: string): string {
  const [on, off] = STYLES[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
