import { PlenumError } from '../../errors/plenum-error.ts';
import { INTERNAL_ERROR } from '../../internal/json/rpc-codes.ts';
import type { Handlers } from '../../session/handlers/handlers.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { readRoots } from '../command-line/options.ts';
import { jsonText } from '../terminal/terminal-text.ts';

const NO_MODEL =
  'The plenum command has no model to ask, so it refuses sampling. A program that uses the library answers with "onSampling".';

/** The handlers for requests of servers. They ask the user, if there is a terminal. */
export async function createHandlers(invocation: Invocation): Promise<Handlers> {
  const { terminal, options } = invocation;
  const roots = await readRoots(options.root);
  return {
    onElicitation: async (context, params) => {
      const { elicit } = await import('./elicit.ts');
      return elicit(invocation, context, params);
    },
    onSampling: ({ server }) => {
      terminal.note(
        `[${server}] asks for sampling, which this command does not support. The request was refused.`,
      );
      throw PlenumError.fromJsonRpc({ code: INTERNAL_ERROR, message: NO_MODEL });
    },
    ...(roots.length > 0 && { onRoots: () => roots }),
    ...(terminal.verbose && {
      onLog: ({ server }, { level, logger, data }) => {
        const text = typeof data === 'string' ? data : jsonText(data, 0);
        terminal.note(`[${server}] ${level}${logger === undefined ? '' : ` (${logger})`}: ${text}`);
      },
    }),
  };
}
