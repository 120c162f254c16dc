import { findConfig } from '../../config/find-config.ts';
import { readJsonFile } from '../../config/read/read-file.ts';
import { createToolFilter } from '../../group/catalog/tool-filter.ts';
import { isRecord } from '../../internal/checks.ts';
import { auditDefinitions, driftFindings } from '../../trust/audit/audit-definitions.ts';
import { auditEntries } from '../../trust/audit/audit-file.ts';
import type { AuditFinding } from '../../trust/audit/finding.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { createMatcher } from '../command-line/name-patterns.ts';
import { reportError } from '../errors/report-error.ts';
import { EXIT, unreachableExitCode, UsageError, type ExitCode } from '../exit-codes.ts';
import { lockFileBeside, lockPathFor } from '../servers/lock-beside.ts';
import { compareWithLock, takeServers, type LockableSet } from '../servers/locked-servers.ts';
import { findServers } from '../servers/server-set.ts';
import { count, lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

export const run: RunCommand = async (invocation) => {
  const { terminal, options } = invocation;
  const { findings, failed } =
    options.offline === true ? await ofFile(invocation) : await ofServers(invocation);
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  if (terminal.json) terminal.jsonData(findings);
  else if (findings.length === 0) terminal.data('Nothing was found.');
  else {
    const sum = `${count(warnings, 'warning')}, ${count(findings.length - warnings, 'hint')}.`;
    terminal.data(`${report(terminal, findings)}\n${sum}`);
  }
  return warnings > 0 ? EXIT.found : failed;
};

interface Audited {
  readonly findings: readonly AuditFinding[];
  readonly failed: ExitCode;
}

/** Looks at the file alone: nothing is expanded, asked or started. */
async function ofFile({ options, inline }: Invocation): Promise<Audited> {
  if (inline !== undefined) throw new UsageError('--offline is for a configuration.');
  const path = options.config ?? (await findConfig(process.cwd(), process.env));
  return { findings: auditEntries(await entriesOf(path, options.server)), failed: EXIT.good };
}

/** The entries of a file, of servers that are disabled, too. */
async function entriesOf(path: string, chosen: readonly string[]): Promise<(readonly [string, unknown])[]> {
  const { root } = await readJsonFile(path);
  const isChosen = createMatcher(chosen);
  const sections = [root['mcpServers'], root['servers']].filter(isRecord);
  return sections.flatMap((section) => Object.entries(section)).filter(([name]) => isChosen(name));
}

async function ofServers(invocation: Invocation): Promise<Audited> {
  const { terminal, inline, options } = invocation;
  const set = await findServers(invocation);
  const { lock: _, ...unlocked } = set.options;
  const path = set.config?.path;
  const lockable: LockableSet = {
    set: { ...set, options: unlocked },
    path: path === undefined ? '' : lockPathFor(path),
    isWhole: options.server.length === 0,
  };
  const entries = path === undefined ? Object.entries(set.servers) : await entriesOf(path, options.server);
  const names = new Set(Object.keys(set.servers));
  const isLocked = path !== undefined && (await lockFileBeside(path)) !== undefined;
  const { now, skipped, failures, changes } = isLocked
    ? await compareWithLock(invocation, lockable, (_name, isKnown) => !isKnown)
    : { ...(await takeServers(invocation, lockable, names)), changes: [] };
  for (const error of [...failures.values(), ...set.broken.values()]) reportError(terminal, error, inline);
  const definitions = auditDefinitions(now, (server) => {
    const { naming = set.options.naming, allow, deny } = set.servers[server] ?? {};
    const filter = { ...(allow !== undefined && { allow }), ...(deny !== undefined && { deny }) };
    return { isBare: naming === 'bare', offersTool: createToolFilter(filter) };
  });
  const odd = skipped.map(({ server, kind, name, why }): AuditFinding => {
    const message = `It is no proper JSON, so that no lock can hold it: ${why}.`;
    return { server, level: 'warning', code: 'not-canonical', where: `${kind} ${name}`, message };
  });
  return {
    findings: [...auditEntries(entries), ...definitions, ...odd, ...driftFindings(changes)],
    failed: unreachableExitCode([...failures.values()]),
  };
}

function report(terminal: Terminal, findings: readonly AuditFinding[]): string {
  const servers = [...new Set(findings.map(({ server }) => server))];
  return servers
    .map((server) => {
      const lines = findings
        .filter((each) => each.server === server)
        .map(({ level, code, where, message }) => {
          const label = terminal.paint(level === 'warning' ? 'yellow' : 'cyan', `${level} ${code}`);
          return `  ${label} ${lineText(where, 120)}: ${lineText(message, 1_000)}`;
        });
      return [terminal.paint('bold', lineText(server, 80)), ...lines].join('\n');
    })
    .join('\n');
}
