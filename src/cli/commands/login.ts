import type { ConfigOAuthOptions } from '../../config/auth.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import type { ConfiguredServer } from '../../config/config.ts';
import { signInOf, findServers } from '../servers/server-set.ts';
import { UsageError } from '../exit-codes.ts';
import { reportBroken } from '../servers/open-servers.ts';
import { openUrl } from '../questions/open-url.ts';
import { lineText } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { inline, options, terminal, interrupt } = invocation;
  if (inline === undefined && options.server.length === 0)
    throw new UsageError('plenum login needs the name of a server, or its URL. See: plenum login --help');
  const set = await findServers(invocation, loginOptions(invocation));
  const logins = Object.entries(set.servers).map(([server, spec]) => {
    return { server, credentials: signInOf(spec) ?? refuse(server, spec, set.config?.path) };
  });
  const facts: object[] = [];
  for (const { server, credentials } of logins) {
    await terminal.during(`Signing in to ${server}`, () =>
      credentials.authorize({ signal: interrupt.signal }),
    );
    facts.push({ server, ...(await credentials.status()) });
    if (!terminal.json) terminal.data(`Signed in to ${lineText(server)}.`);
  }
  if (terminal.json) terminal.jsonData(facts);
  return reportBroken(invocation, set);
};

/** The URL is printed first, so that the user knows why a browser opens. */
function loginOptions({ options, terminal }: Invocation): ConfigOAuthOptions {
  return {
    interactive: false,
    ...(options.timeout !== undefined && { loginTimeoutMs: options.timeout }),
    onAuthorize: async (url, { server }) => {
      terminal.note(`To sign in to ${server.host}, visit ${url.host}:\n  ${url.href}`);
      if (options.browser !== false) await openUrl(url, terminal);
    },
  };
}

function refuse(server: string, spec: ConfiguredServer, path: string | undefined): never {
  const isWeb = 'url' in spec && /^https?:/i.test(String(spec.url));
  const why = isWeb
    ? `has no "auth" to sign in with. Write "auth": { "type": "oauth" } in ${path ?? 'its configuration'}, without other credentials`
    : 'is not behind an http or https URL: there is nothing to sign in to';
  throw new UsageError(`Server "${server}" ${why}.`);
}
