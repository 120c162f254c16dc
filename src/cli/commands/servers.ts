import type { PlenumError } from '../../errors/plenum-error.ts';
import type { GroupServerStatus } from '../../group/members/member.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { unreachableExitCode } from '../exit-codes.ts';
import { adviseDoctor, withOpenServers } from '../servers/open-servers.ts';
import { errorFacts } from '../errors/report-error.ts';
import { findServers } from '../servers/server-set.ts';
import { table } from '../terminal/tables.ts';
import { lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

export const run: RunCommand = async (invocation) => {
  const { terminal } = invocation;
  const set = await findServers(invocation);
  return withOpenServers(invocation, set, async ({ group, failures }) => {
    const states = new Map<string, ShownStatus>(group.servers);
    for (const name of set.broken.keys()) states.set(name, NOT_OPENED);
    const rows = [...states].map(([name, status]) => ({ name, status, error: failures.get(name) }));
    if (terminal.json) terminal.jsonData(rows.map(({ name, status, error }) => facts(name, status, error)));
    else {
      const heading = ['SERVER', 'STATE', 'ERA', 'PROTOCOL', 'TOOLS', 'RESOURCES', 'PROMPTS', 'TIME', 'IS'];
      const cells = rows.map(({ name, status, error }) => row(terminal, name, status, error));
      terminal.data(await table(terminal, heading, cells));
      for (const { error } of rows) if (error !== undefined) terminal.error(error.message);
      adviseDoctor(invocation, failures);
      const disabled = set.config?.disabled ?? [];
      if (disabled.length > 0) terminal.note(`Disabled: ${disabled.join(', ')}`);
    }
    return unreachableExitCode([...failures.values()]);
  });
};

type ShownStatus = Pick<GroupServerStatus, 'state' | 'counts'> & Partial<GroupServerStatus>;

/** The status of a server whose configuration is invalid. */
const NOT_OPENED: ShownStatus = {
  state: 'failed',
  counts: { tools: 0, resources: 0, resourceTemplates: 0, prompts: 0 },
};

function facts(name: string, status: ShownStatus, error: PlenumError | undefined): Record<string, unknown> {
  const { state, era, protocolVersion, serverInfo, counts, connectMs } = status;
  return {
    name,
    state,
    era: era ?? null,
    protocolVersion: protocolVersion ?? null,
    serverInfo: serverInfo ?? null,
    tools: error === undefined ? counts.tools : null,
    resources: error === undefined ? counts.resources : null,
    prompts: error === undefined ? counts.prompts : null,
    connectMs: connectMs === undefined ? null : Math.round(connectMs),
    ...(error !== undefined && { error: errorFacts(error) }),
  };
}

function row(
  terminal: Terminal,
  name: string,
  { state, era, protocolVersion, serverInfo, counts, connectMs }: ShownStatus,
  error: PlenumError | undefined,
): string[] {
  const what = serverInfo === undefined ? '' : `${serverInfo.name} ${serverInfo.version}`;
  return [
    lineText(name),
    terminal.paint(
      error === undefined ? 'green' : 'red',
      error?.code === 'AUTH_REQUIRED' ? 'needs auth' : state,
    ),
    era ?? '-',
    lineText(protocolVersion ?? '-', 20),
    ...(error === undefined ? [counts.tools, counts.resources, counts.prompts].map(String) : ['-', '-', '-']),
    connectMs === undefined ? '-' : `${Math.round(connectMs)} ms`,
    lineText(what, 60),
  ];
}
