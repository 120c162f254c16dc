import type { PlenumError } from '../../errors/plenum-error.ts';
import type { GroupServerStatus } from '../../group/members/member.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import type { CatalogKind } from '../../group/catalog/catalog.ts';
import { EXIT, unreachableExitCode } from '../exit-codes.ts';
import { errorText } from '../errors/error-text.ts';
import { adviseDoctor, missingLists, withOpenServers } from '../servers/open-servers.ts';
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
    const missing = missingLists(group);
    if (terminal.json) terminal.jsonData(rows.map(({ name, status, error }) => facts(name, status, error)));
    else {
      const heading = ['SERVER', 'STATE', 'ERA', 'PROTOCOL', 'TOOLS', 'RESOURCES', 'PROMPTS', 'TIME', 'IS'];
      const cells = rows.map(({ name, status, error }) => row(terminal, name, status, error));
      terminal.data(await table(terminal, heading, cells));
      for (const { error } of rows) if (error !== undefined) terminal.error(error.message);
      for (const { error: listError } of missing) terminal.error(errorText(listError, invocation.inline));
      adviseDoctor(invocation, failures);
      const disabled = set.config?.disabled ?? [];
      if (disabled.length > 0) terminal.note(`Disabled: ${disabled.join(', ')}`);
    }
    if (failures.size > 0) return unreachableExitCode([...failures.values()]);
    return missing.length > 0 ? EXIT.failed : EXIT.good;
  });
};

type ShownStatus = Pick<GroupServerStatus, 'state' | 'counts' | 'listErrors'> & Partial<GroupServerStatus>;

/** The status of a server whose configuration is invalid. */
const NOT_OPENED: ShownStatus = {
  state: 'failed',
  counts: { tools: 0, resources: 0, resourceTemplates: 0, prompts: 0 },
  listErrors: {},
};

function facts(name: string, status: ShownStatus, error: PlenumError | undefined): Record<string, unknown> {
  const { state, era, protocolVersion, serverInfo, connectMs, listErrors } = status;
  const lists = Object.entries(listErrors).map(([kind, each]) => [kind, errorFacts(each)]);
  return {
    name,
    state,
    era: era ?? null,
    protocolVersion: protocolVersion ?? null,
    serverInfo: serverInfo ?? null,
    tools: error === undefined ? countOf('tools', status) : null,
    resources: error === undefined ? countOf('resources', status) : null,
    prompts: error === undefined ? countOf('prompts', status) : null,
    connectMs: connectMs === undefined ? null : Math.round(connectMs),
    ...(error !== undefined && { error: errorFacts(error) }),
    ...(lists.length > 0 && { listErrors: Object.fromEntries(lists) }),
  };
}

/** How many a server has; null when its list could not be had and nothing is known. */
function countOf(kind: CatalogKind, { counts, listErrors }: ShownStatus): number | null {
  return listErrors[kind] !== undefined && counts[kind] === 0 ? null : counts[kind];
}

function row(
  terminal: Terminal,
  name: string,
  status: ShownStatus,
  error: PlenumError | undefined,
): string[] {
  const { state, era, protocolVersion, serverInfo, connectMs } = status;
  const cell = (kind: CatalogKind): string => {
    return error === undefined ? String(countOf(kind, status) ?? terminal.paint('red', 'failed')) : '-';
  };
  const what = serverInfo === undefined ? '' : `${serverInfo.name} ${serverInfo.version}`;
  return [
    lineText(name),
    terminal.paint(
      error === undefined ? 'green' : 'red',
      error?.code === 'AUTH_REQUIRED' ? 'needs auth' : state,
    ),
    era ?? '-',
    lineText(protocolVersion ?? '-', 20),
    cell('tools'),
    cell('resources'),
    cell('prompts'),
    connectMs === undefined ? '-' : `${Math.round(connectMs)} ms`,
    lineText(what, 60),
  ];
}
