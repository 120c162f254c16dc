import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Terminal } from '../terminal/terminal.ts';

/** The program that opens a URL, and what comes before it. Never a shell: the URL came from a server. */
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

/** Opens a web address in the user's browser, and says so if that cannot be done. */
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
    terminal.warn(`The browser could not be started (${program}). Open the URL yourself.`);
}
