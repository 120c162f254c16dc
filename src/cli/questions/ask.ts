import type { Readable, Writable } from 'node:stream';
import { Limit } from '../../internal/limit.ts';
import type { Interrupt } from '../terminal/interrupt.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { inputNotGiven } from '../../errors/config.ts';
import type { ConfigInput } from '../../config/config.ts';
import { lineText } from '../terminal/terminal-text.ts';

/** The streams of every prompt. Questions go to standard error, since standard output is for data. */
interface PromptStreams {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal?: AbortSignal;
}

/** The user cancelled a prompt, or it was aborted. */
export class NoAnswer extends Error {}

let lastInLine: Promise<unknown> = Promise.resolve();

export type Ask = <T>(question: (streams: PromptStreams) => Promise<T | symbol>) => Promise<T>;

/**
 * Reserves the terminal for a series of questions; other callers wait, since there is one terminal. A cancelled
 * question rejects with {@link NoAnswer}; Ctrl-C also interrupts the command.
 */
export function converse<T>(
  terminal: Terminal,
  interrupt: Interrupt | undefined,
  signal: AbortSignal | undefined,
  talk: (ask: Ask) => Promise<T>,
): Promise<T> {
  const mine = lastInLine.then(() =>
    terminal.lend(() => talk((question) => askOnce(question, interrupt, signal))),
  );
  lastInLine = mine.catch(() => {});
  return mine;
}

async function askOnce<T>(
  question: (streams: PromptStreams) => Promise<T | symbol>,
  interrupt: Interrupt | undefined,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal?.aborted === true) throw new NoAnswer();
  let ctrlC = false;
  const onKeypress = (_: unknown, key?: { ctrl?: boolean; name?: string }): void => {
    if (key?.ctrl === true && key.name === 'c') ctrlC = true;
  };
  process.stdin.on('keypress', onKeypress);
  // The prompt library never removes its abort listener, so each prompt gets a signal of its own.
  const own = new Limit({}, signal);
  try {
    const answer = await question({
      input: process.stdin,
      output: process.stderr,
      signal: own.signal,
    });
    if (typeof answer !== 'symbol') return answer;
  } finally {
    own.stop();
    process.stdin.off('keypress', onKeypress);
    process.stdin.pause();
  }
  // The prompt reads the terminal in raw mode, where Ctrl-C sends no signal.
  if (ctrlC) interrupt?.trigger('SIGINT');
  throw new NoAnswer();
}

/** Asks the user for the value of `${input:id}` in a configuration. */
export async function askForInput(terminal: Terminal, input: ConfigInput): Promise<string> {
  const { text, password, select } = await import('@clack/prompts');
  const message = lineText(input.description ?? input.id);
  try {
    return await converse(terminal, undefined, undefined, (ask) =>
      ask<string>(async (streams) => {
        if (input.options !== undefined) {
          const options = input.options.map(({ label, value }) => ({ value, label: lineText(label) }));
          const initial = input.default === undefined ? {} : { initialValue: input.default };
          return select({ message, options, ...initial, ...streams });
        }
        if (input.password) return password({ message, ...streams });
        const initial =
          input.default === undefined ? {} : { defaultValue: input.default, placeholder: input.default };
        return text({ message, ...initial, ...streams });
      }),
    );
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw inputNotGiven(input.id);
  }
}
