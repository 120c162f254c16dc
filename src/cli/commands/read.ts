import { ContentView, showView } from '../views/content-view.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { EXIT, UnreachableError, type ExitCode } from '../exit-codes.ts';
import { explainUnknown, withOpenServers, type OpenServers } from '../servers/open-servers.ts';
import { callTimeouts } from '../servers/call-timeouts.ts';
import { showProgress } from '../terminal/progress.ts';
import { findServers } from '../servers/server-set.ts';
import { checkOut } from '../views/saved-parts.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, options, terminal, interrupt } = invocation;
  const [uri = ''] = operands;
  await checkOut(options.out, terminal.json);
  const set = await findServers(invocation);
  // The only server is asked even for a resource that it does not list.
  const [server, ...others] = [...Object.keys(set.servers), ...set.broken.keys()];
  const choice = others.length === 0 && server !== undefined ? { server } : {};
  const work = async (opened: OpenServers): Promise<ExitCode> => {
    const unreachable = choice.server === undefined ? undefined : opened.failures.get(choice.server);
    if (unreachable !== undefined) throw new UnreachableError(unreachable);
    try {
      const result = await showProgress(terminal, uri, (onProgress) =>
        opened.group.readResource(uri, {
          ...callTimeouts(invocation, set, choice.server),
          ...choice,
          onProgress,
          signal: interrupt.signal,
        }),
      );
      if (terminal.json) terminal.jsonData({ contents: result.contents });
      const view = new ContentView();
      const saves = options.out !== undefined;
      for (const contents of result.contents) view.addContents(contents, saves);
      if (saves) view.lines.length = 0;
      await showView(invocation, view);
      return EXIT.good;
    } catch (error) {
      throw explainUnknown(error, opened);
    }
  };
  return withOpenServers(invocation, set, work, { uri });
};
