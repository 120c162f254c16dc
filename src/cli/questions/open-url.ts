import type { UrlElicitation } from '../../errors/plenum-error.ts';
import { converse, NoAnswer, type Ask } from './ask.ts';
import type { Invocation } from '../command-line/invocation.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Shows a URL of a server and asks whether to open it. Returns whether the user agreed. */
export async function offerUrl(ask: Ask, terminal: Terminal, given: string): Promise<boolean> {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    terminal.warn(`The server asks to open a URL that is not http: or https:; it was not opened: ${given}`);
    return false;
  }
  // The host is shown beside the whole URL: a long URL can hide where it leads.
  terminal.note(`The server asks you to visit ${url.host}:\n  ${url.href}`);
  const { confirm } = await import('@clack/prompts');
  const message = `Open ${url.host} in the browser?`;
  const yes = await ask<boolean>((streams) => confirm({ message, initialValue: false, ...streams }));
  if (yes) await openUrl(url, terminal);
  return yes;
}

/** Offers the URLs of a call that was refused with `URL_ELICITATION_REQUIRED`. */
export async function offerUrls(
  { terminal, interrupt }: Invocation,
  elicitations: readonly UrlElicitation[],
): Promise<void> {
  for (const { message, url } of elicitations) {
    terminal.note(`The server asks: ${message}`);
    if (!terminal.interactive) {
      terminal.note(`  ${url}`);
      continue;
    }
    try {
      await converse(terminal, interrupt, interrupt.signal, (ask) => offerUrl(ask, terminal, url));
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }
  terminal.note('When you have done that, call again.');
}

/** The program that opens a URL, and its first arguments. No shell is used, because the URL comes from a server. */
function opener(): [program: string, ...args: string[]] {
  switch (process.platform) {
    case 'darwin':
      return ['open'];
    case 'win32': {
      const system = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32');
      return [join(system, 'rundll32.exe'), 'url.dll,FileProtocolHandler'];
    }
    default:
      return ['xdg-open'];
  }
}

/** Opens a URL in the user's browser, and warns when that fails. */
export async function openUrl(url: URL, terminal: Terminal): Promise<void> {
  const [program, ...args] = opener();
  const failure = await new Promise<Error | undefined>((resolve) => {
    const child = spawn(program, [...args, url.href], { stdio: 'ignore', detached: true, shell: false });
    child.once('error', resolve);
    child.once('spawn', () => {
      child.unref();
      resolve(undefined);
    });
  });
  if (failure !== undefined)
    terminal.warn(`The browser could not be started (${program}). Open the URL by hand.`);
}
