import type { RunCommand } from '../command-line/invocation.ts';
import { signInOf, findServers } from '../servers/server-set.ts';
import { UsageError } from '../exit-codes.ts';
import { reportBroken } from '../servers/open-servers.ts';
import { lineText } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { inline, options, terminal } = invocation;
  const isNamed = inline !== undefined || options.server.length > 0;
  if (isNamed === (options.all === true))
    throw new UsageError('plenum logout needs names of servers, or --all. See: plenum logout --help');
  const set = await findServers(invocation);
  const signedOut: string[] = [];
  for (const [server, spec] of Object.entries(set.servers)) {
    const credentials = signInOf(spec);
    if (credentials === undefined) {
      if (isNamed) terminal.warn(`Server "${server}" has no OAuth credentials.`);
      continue;
    }
    await credentials.signOut();
    signedOut.push(server);
    if (!terminal.json) terminal.data(`Signed out of ${lineText(server)}.`);
  }
  if (terminal.json) terminal.jsonData({ signedOut });
  return reportBroken(invocation, set);
};
