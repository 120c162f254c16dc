import type { ContentView } from './content-view.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { saveParts, STANDARD_OUTPUT } from './saved-parts.ts';

/** Shows a result to people, unless JSON is wanted, and saves its parts if `--out` says where. */
export async function showView(
  { terminal, options: { out } }: Pick<Invocation, 'terminal' | 'options'>,
  { lines, parts }: ContentView,
  isComplaint = false,
): Promise<void> {
  if (!terminal.json && lines.length > 0) {
    const text = lines.join('\n');
    // Standard output is for the parts alone when they go there.
    if (isComplaint || (out === STANDARD_OUTPUT && parts.length > 0)) terminal.complaint(text);
    else terminal.data(text);
  }
  if (out === undefined) {
    if (!terminal.json && parts.length > 0) terminal.note('Save it with --out <path>.');
    return;
  }
  if (parts.length === 0) terminal.warn('There is nothing to save: the result is all text.');
  else if (out === STANDARD_OUTPUT) for (const { content } of parts) process.stdout.write(content);
  else
    for (const { path, replaced } of await saveParts(out, parts))
      terminal.note(`Saved ${path}${replaced ? ', over what was there' : ''}`);
}
