import { fork } from 'node:child_process';

const MAIN = new URL('./worker/main.mjs', import.meta.url);
const GRACE_MS = 5_000;

/** A contestant in a process of its own. A task that fails or takes too long rejects with the reason. */
export class ContestantProcess {
  #child;
  /** What a probe of its calls has shown. */
  facts;
  /** Tasks are answered in the order in which they were given, also those that nobody waits for any more. */
  #waiting = [];
  #ended;

  /**
   * @param {string} name
   * @param {{ limitMs: number, flags?: string[] }} options
   */
  static async start(name, { limitMs, flags = [] }) {
    const contestant = new ContestantProcess(name, flags);
    try {
      await contestant.#answer(limitMs);
    } catch (error) {
      contestant.kill();
      throw error;
    }
    return contestant;
  }

  constructor(name, flags) {
    this.name = name;
    this.#child = fork(MAIN, [name], {
      execArgv: ['--expose-gc', ...flags],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let complaint = '';
    this.#child.stderr.on('data', (chunk) => (complaint = (complaint + chunk).slice(-2_000)));
    this.#child.on('message', (answer) => this.#waiting.shift()?.(answer));
    this.#child.on('error', () => {}); // a message to a process that has just ended; its end says so
    this.#child.once('close', () => this.#end(lastErrorOf(complaint) ?? 'its process ended'));
  }

  run(task, details, { limitMs }) {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    this.#child.send({ task, ...details });
    return this.#answer(limitMs);
  }

  async close() {
    await this.run('close', {}, { limitMs: GRACE_MS }).catch(() => {});
    this.kill();
  }

  /** Its servers leave with it: their input ends. */
  kill() {
    this.#child.kill('SIGKILL');
  }

  #end(reason) {
    this.#ended = reason;
    for (const answer of this.#waiting) answer({ error: reason });
  }

  #answer(limitMs) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not done within ${limitMs / 1_000} s`)), limitMs);
      this.#waiting.push(({ value, error }) => {
        clearTimeout(timer);
        if (error === undefined) resolve(value);
        else reject(new Error(error));
      });
    });
  }
}

function lastErrorOf(complaint) {
  if (complaint.includes('ERR_MODULE_NOT_FOUND')) return 'not installed';
  return /^\w*Error.*$/m.exec(complaint)?.[0];
}
