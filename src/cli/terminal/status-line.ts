import type { WriteStream } from 'node:tty';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;
const ERASE_LINE = '\r\u001b[2K';

/**
 * One line at the bottom of the terminal that shows what is under way. The prompt library's spinner is not used: it
 * takes over the keyboard and ends the program at Ctrl-C.
 */
export class StatusLine {
  readonly #stream: WriteStream;
  #text = '';
  #since = 0;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** Shows a text with the time since it started. The text must contain no control characters. */
  start(text: string): void {
    this.#text = text;
    this.#since = Date.now();
    this.resume();
  }

  update(text: string): void {
    this.#text = text;
  }

  /** Removes the line until {@link resume}. */
  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  resume(): void {
    if (this.#text === '' || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.pause();
    this.#text = '';
  }

  /** Runs `write` while the line is removed, so that its output stands above the line. */
  around(write: () => void): void {
    this.#erase();
    write();
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const seconds = Math.floor((Date.now() - this.#since) / 1_000);
    const line = `${FRAMES[this.#frame]} ${this.#text}${seconds < 1 ? '' : ` (${seconds} s)`}`;
    // A line that wraps could not be removed again; wide characters take two columns.
    const room = Math.max(10, this.#stream.columns - 1);
    const fits = Array.from(line)
      .slice(0, isWide(line) ? Math.floor(room / 2) : room)
      .join('');
    this.#stream.write(ERASE_LINE + fits);
    this.#isShown = true;
  }

  #erase(): void {
    if (this.#isShown) this.#stream.write(ERASE_LINE);
    this.#isShown = false;
  }
}

function isWide(text: string): boolean {
  return /[^\u0000-\u10ff\u2000-\u28ff]/.test(text);
}
