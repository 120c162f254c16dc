import type { AuthStatus } from '../../auth/server-credentials.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import type { ConfiguredServer } from '../../config/config.ts';
import { signInOf, findServers } from '../servers/server-set.ts';
import { reportBroken } from '../servers/open-servers.ts';
import { table } from '../terminal/tables.ts';
import { lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Row {
  readonly server: string;
  /** `none` also for servers with credentials in headers or environment variables. */
  readonly auth: 'oauth' | 'bearer' | 'none';
  readonly status: AuthStatus | undefined;
}

export const run: RunCommand = async (invocation) => {
  const { terminal } = invocation;
  const set = await findServers(invocation);
  const rows = await Promise.all(
    Object.entries(set.servers).map(async ([server, spec]): Promise<Row> => {
      return { server, auth: kindOf(spec), status: await signInOf(spec)?.status() };
    }),
  );
  if (terminal.json) terminal.jsonData(rows.map(({ status, ...rest }) => ({ ...rest, ...status })));
  else {
    const heading = ['SERVER', 'AUTH', 'SIGNED IN', 'ISSUER', 'SCOPE', 'TOKEN'];
    terminal.data(
      await table(
        terminal,
        heading,
        rows.map((row) => cells(terminal, row)),
      ),
    );
  }
  return reportBroken(invocation, set);
};

function kindOf(spec: ConfiguredServer): Row['auth'] {
  if (signInOf(spec) !== undefined) return 'oauth';
  return 'url' in spec && spec.auth !== undefined ? 'bearer' : 'none';
}

function cells(terminal: Terminal, { server, auth, status }: Row): string[] {
  const name = lineText(server);
  if (status === undefined) return [name, auth, '-', '-', '-', '-'];
  if (!status.signedIn) return [name, auth, terminal.paint('yellow', 'no'), '-', '-', '-'];
  const { issuer, scope = '-' } = status;
  return [
    name,
    auth,
    terminal.paint('green', 'yes'),
    lineText(issuer, 60),
    lineText(scope, 60),
    validity(status),
  ];
}

function validity({ expiresAt, refreshable }: Extract<AuthStatus, { signedIn: true }>): string {
  const isOver = expiresAt !== undefined && expiresAt <= Date.now();
  if (refreshable) return 'renewed when needed';
  if (expiresAt === undefined) return 'valid';
  return isOver ? 'expired' : `valid until ${new Date(expiresAt).toISOString()}`;
}
