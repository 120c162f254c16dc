import { readTexts } from '../arguments/typed-arguments.ts';
import { ContentView, showView } from '../views/content-view.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { expectOneName } from '../command-line/two-words.ts';
import { EXIT } from '../exit-codes.ts';
import { explainUnknown, withOpenServers } from '../servers/open-servers.ts';
import { possibleOwners } from '../servers/possible-owners.ts';
import { callTimeouts } from '../servers/call-timeouts.ts';
import { showProgress } from '../terminal/progress.ts';
import { findServers } from '../servers/server-set.ts';
import { checkOut } from '../views/saved-parts.ts';
import { lineText } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, terminal, interrupt } = invocation;
  const [name = '', ...words] = operands;
  if (invocation.inline === undefined) expectOneName('prompt', operands);
  const args = readTexts(words);
  await checkOut(invocation.options.out, terminal.json);
  const set = await findServers(invocation);
  const owners = possibleOwners(set, name);
  return withOpenServers(
    invocation,
    set,
    async (opened) => {
      try {
        const { group } = opened;
        const server = group.prompts.get(name)?.server;
        const result = await showProgress(terminal, name, (onProgress) =>
          group.getPrompt(name, args, {
            ...callTimeouts(invocation, set, server),
            onProgress,
            signal: interrupt.signal,
          }),
        );
        if (terminal.json) terminal.jsonData(result);
        const view = new ContentView();
        for (const { role, content } of result.messages) {
          view.lines.push(terminal.paint('bold', `${lineText(role)}:`));
          view.add(content);
        }
        await showView(invocation, view);
        return EXIT.good;
      } catch (error) {
        throw explainUnknown(error, opened, owners);
      }
    },
    owners.size > 0 ? { only: owners } : {},
  );
};
