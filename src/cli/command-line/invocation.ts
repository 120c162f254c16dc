import type { InlineServer } from './inline-server.ts';
import type { Interrupt } from '../terminal/interrupt.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { CommandOptions, GlobalOptions } from './options.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** One call of a command. */
export interface Invocation {
  /** The arguments of the command itself, without its options and without an inline server. */
  readonly operands: readonly string[];
  readonly options: GlobalOptions & CommandOptions;
  readonly inline: InlineServer | undefined;
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
}

export type RunCommand = (invocation: Invocation) => Promise<ExitCode>;
