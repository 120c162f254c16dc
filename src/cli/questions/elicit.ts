import type {
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
} from '@modelcontextprotocol/client';
import { Limit } from '../../internal/limit.ts';
import type { HandlerContext } from '../../session/handlers/handlers.ts';
import { converse, NoAnswer, type Ask } from './ask.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { readFields } from './form-field.ts';
import { askFields } from './form.ts';
import { lineText } from '../terminal/terminal-text.ts';
import { offerUrl } from './open-url.ts';

/** Passes a server's elicitation to the user; declines it when there is no terminal. */
export async function elicit(
  { terminal, interrupt }: Invocation,
  { server, signal }: Pick<HandlerContext, 'server' | 'signal'>,
  params: ElicitRequestFormParams | ElicitRequestURLParams,
): Promise<ElicitResult> {
  if (!terminal.interactive) {
    const url = params.mode === 'url' ? `\n${params.url}` : '';
    terminal.note(
      `[${server}] asks: ${params.message}${url}\nDeclined, because there is no terminal to ask the user.`,
    );
    return { action: 'decline' };
  }
  const limit = new Limit({}, signal, interrupt.signal);
  try {
    return await converse(terminal, interrupt, limit.signal, async (ask) => {
      terminal.note(`\nServer "${server}" asks: ${params.message}`);
      if (params.mode !== 'url') return fillIn(ask, server, params);
      return { action: (await offerUrl(ask, terminal, params.url)) ? 'accept' : 'decline' };
    });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { action: 'cancel' };
  } finally {
    limit.stop();
  }
}

async function fillIn(ask: Ask, server: string, params: ElicitRequestFormParams): Promise<ElicitResult> {
  const { select } = await import('@clack/prompts');
  const content = await askFields(ask, readFields(params.requestedSchema));
  const message = `Send this to "${lineText(server)}"?`;
  const options = [
    { value: 'accept' as const, label: 'Yes, send' },
    { value: 'decline' as const, label: 'No, decline' },
  ];
  const action = await ask<'accept' | 'decline'>((streams) => select({ message, options, ...streams }));
  return action === 'accept' ? { action, content } : { action };
}
