import type { Progress } from '@modelcontextprotocol/client';
import type { Terminal } from './terminal.ts';
import { lineText } from './terminal-text.ts';

const BAR_LENGTH = 20;

/** Shows that a call is under way, and the progress that the server reports. */
export async function showProgress<T>(
  terminal: Terminal,
  name: string,
  work: (onProgress: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  const title = lineText(name, 60);
  return terminal.during(title, (update) =>
    work((progress) => {
      update(`${title} ${progressText(progress)}`);
      if (!terminal.interactive) terminal.detail(`${title} ${progressText(progress)}`);
    }),
  );
}

/** A progress bar when the total is known, else the number; with the message, if there is one. */
function progressText({ progress, total, message }: Progress): string {
  const known = total !== undefined && total > 0;
  const share = known ? Math.min(1, Math.max(0, progress / total)) : 0;
  const filled = Math.round(share * BAR_LENGTH);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_LENGTH - filled)} ${Math.round(share * 100)} %`;
  const text = message === undefined ? '' : ` ${lineText(message, 200)}`;
  return known ? `${bar}${text}` : `${progress}${text}`;
}
