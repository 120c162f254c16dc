// What the tour prints: headings, tables, a progress bar, and checks, which are counted.
import { inspect, isDeepStrictEqual, styleText } from 'node:util';

const SUBJECT_WIDTH = 42;

export class Report {
  passed = 0;
  failed = 0;
  #out;

  /** @param {{ isTTY?: boolean, write(text: string): unknown }} out */
  constructor(out = process.stdout) {
    this.#out = out;
  }

  line(text = '') {
    this.#out.write(`${text}\n`);
  }

  heading(text) {
    this.line();
    this.line(this.#style('bold', text));
  }

  /** Rows of cells under the names of their columns; numbers and durations stand to the right. */
  table(columns, rows) {
    const cells = rows.map((row) => row.map(String));
    const widths = columns.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i].length)));
    const numeric = columns.map((_, i) => cells.every((row) => /^\d+( ms)?$/.test(row[i])));
    const layOut = (row) => {
      const padded = row.map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])));
      return `  ${padded.join('   ').trimEnd()}`;
    };
    this.line(this.#style('dim', layOut(columns)));
    for (const row of cells) this.line(layOut(row));
  }

  /**
   * Passes when `actual` equals `expected`, or matches it when that is a regular expression. `subject` is what
   * was tried, `finding` is what came out if all is well.
   */
  check(subject, finding, actual, expected) {
    const fits =
      expected instanceof RegExp ? expected.test(String(actual)) : isDeepStrictEqual(actual, expected);
    if (!fits) return this.#fail(subject, `expected ${inspect(expected)}`, `but got  ${inspect(actual)}`);
    this.passed++;
    this.line(`  ${this.#style('green', '✓')} ${subject.padEnd(SUBJECT_WIDTH)} ${finding}`);
  }

  /** Something threw that should not have. */
  error(subject, error) {
    this.#fail(subject, error instanceof Error ? error.message : inspect(error));
  }

  /** Draws over itself on a terminal; elsewhere, prints a line for each step. */
  progressBar(width = 40) {
    const [before, after] = this.#out.isTTY ? ['\r', ''] : ['', '\n'];
    const draw = ({ progress, total }) => {
      const filled = Math.round((progress / total) * width);
      const percent = `${Math.round((progress / total) * 100)} %`.padStart(5);
      const bar = '█'.repeat(filled) + this.#style('dim', '░'.repeat(width - filled));
      this.#out.write(`${before}    ${bar} ${percent}${after}`);
    };
    return { draw, end: () => this.#out.isTTY && this.line() };
  }

  summary(seconds) {
    const { passed, failed } = this;
    const text =
      failed === 0 ? `All ${passed} checks passed` : `${failed} of ${passed + failed} checks failed`;
    this.line();
    this.line(this.#style(failed === 0 ? 'green' : 'red', `${text}, in ${seconds.toFixed(1)} s.`));
  }

  #fail(subject, ...details) {
    this.failed++;
    this.line(`  ${this.#style('red', '✗')} ${subject}`);
    for (const line of details.join('\n').split('\n')) this.line(`      ${line}`);
  }

  #style(format, text) {
    return this.#out.isTTY && !process.env.NO_COLOR ? styleText(format, text) : text;
  }
}
