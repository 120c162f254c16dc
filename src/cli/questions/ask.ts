import type { Readable, Writable } from 'node:stream';
import type { Interrupt } from '../terminal/interrupt.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What every prompt is given: questions are no data, so they go to standard error. */
export interface PromptStreams {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal?: AbortSignal;
}

/** The user left a prompt without an answer. */
export class NoAnswer extends Error {}

let lastInLine: Promise<unknown> = Promise.resolve();

export type Ask = <T>(question: (streams: PromptStreams) => Promise<T | symbol>) => Promise<T>;

/**
 * Takes the terminal for a conversation: there is one, whoever wants to ask. Every question that is left without an
 * answer rejects with {@link NoAnswer}; Ctrl-C also interrupts the command.
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
  // Prompts never take back their listener: each gets a signal of its own.
  const own = new AbortController();
  const onAbort = (): void => own.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = await question({
      input: process.stdin,
      output: process.stderr,
      signal: own.signal,
    });
    if (typeof answer !== 'symbol') return answer;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    process.stdin.off('keypress', onKeypress);
    process.stdin.pause();
  }
  // The prompt reads the keyboard itself, so that Ctrl-C makes no signal meanwhile.
  if (ctrlC) interrupt?.trigger('SIGINT');
  throw new NoAnswer();
}
