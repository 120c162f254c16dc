import { PlenumError } from '../../errors/plenum-error.ts';
import type { ConfigInput } from '../../config/config.ts';
import { converse, NoAnswer } from './ask.ts';
import { lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Asks for a value that a configuration leaves open: `${input:id}`. */
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
    throw new PlenumError('ABORTED', `The configuration asks for "${input.id}", and got no answer.`);
  }
}
