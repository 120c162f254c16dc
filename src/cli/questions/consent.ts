import type { LoadConfigOptions } from '../../config/config.ts';
import type { ConsentRequest } from '../../config/consent/consent-request.ts';
import { consentText } from '../../config/consent/consent-text.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { converse, NoAnswer } from './ask.ts';

/**
 * How a command agrees to a file that it finds: with `--trust` to what it says now, on a terminal by a question. Without
 * either, only what was agreed to before counts.
 */
export function consentOption(invocation: Invocation): Pick<LoadConfigOptions, 'consent'> {
  const { options, terminal } = invocation;
  // Standard input of a gateway over stdio belongs to its client.
  const canAsk = terminal.interactive && options.stdio !== true;
  if (!canAsk) return options.trust ? { consent: true } : {};
  return {
    consent: async (request) => {
      // What the file says later, while this command follows it, is asked about.
      if (options.trust && !request.isReload) return true;
      return (await agrees(invocation, request)) ? 'remember' : false;
    },
  };
}

/** Shows what a file would run, and asks. Without an answer, as after Escape, it is no. */
export async function agrees(
  { terminal, interrupt }: Invocation,
  request: ConsentRequest,
  message = 'Agree to this file until it changes?',
): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  try {
    return await converse(terminal, interrupt, interrupt.signal, (ask) => {
      terminal.note(consentText(request));
      return ask<boolean>((streams) => confirm({ message, initialValue: false, ...streams }));
    });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return false;
  }
}
