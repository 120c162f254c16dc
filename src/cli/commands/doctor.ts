import type { PlenumError } from '../../errors/plenum-error.ts';
import type { Diagnosis } from '../doctor/diagnose.ts';
import type { Finding } from '../doctor/explain-failure.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { EXIT, unreachableExitCode, type ExitCode } from '../exit-codes.ts';
import { createHandlers } from '../questions/handlers.ts';
import { errorFacts } from '../errors/report-error.ts';
import { findServers } from '../servers/server-set.ts';
import { bodyText, count, lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** How many servers are examined at the same time. */
const CONCURRENCY = 8;

export const run: RunCommand = async (invocation) => {
  const { terminal } = invocation;
  const set = await findServers(invocation);
  const servers = Object.entries(set.servers);
  const opened = await terminal.during(`Examining ${count(servers.length, 'server')}`, () =>
    examine(invocation, set),
  );
  const diagnoses = [...opened, ...[...set.broken].map(misconfigured)];
  if (terminal.json) terminal.jsonData(diagnoses.map(facts));
  else terminal.data(diagnoses.map((each) => report(terminal, each)).join('\n'));
  const disabled = set.config?.disabled ?? [];
  if (disabled.length > 0) terminal.note(`Not examined, because disabled: ${disabled.join(', ')}`);
  return exitCode(diagnoses);
};

async function examine(
  invocation: Invocation,
  { servers, options: shared }: Awaited<ReturnType<typeof findServers>>,
): Promise<Diagnosis[]> {
  const { options, interrupt, inline } = invocation;
  const { default: pLimit } = await import('p-limit');
  const { diagnose } = await import('../doctor/diagnose.ts');
  const handlers = await createHandlers(invocation);
  const { timeout } = options;
  const limits = timeout === undefined ? {} : { timeoutMs: timeout, connectTimeoutMs: timeout };
  const limit = pLimit(CONCURRENCY);
  const { signal } = interrupt;
  const diagnoses = await Promise.all(
    Object.entries(servers).map(([name, spec]) =>
      limit(() => diagnose(name, { ...spec, ...limits }, { handlers, signal, options: shared, inline })),
    ),
  );
  const { withNameClashes } = await import('../doctor/name-clashes.ts');
  return withNameClashes(diagnoses, (name) => servers[name]?.naming ?? shared.naming ?? 'prefixed');
}

/** The diagnosis of a server whose configuration is invalid. */
function misconfigured([server, error]: readonly [string, PlenumError]): Diagnosis {
  const { message } = error;
  const advice = 'Correct what the message names.';
  const finding = { level: 'error' as const, code: 'failed' as const, message, advice };
  return { server, status: undefined, catalog: undefined, findings: [finding], error };
}

function facts({ server, status, findings, error }: Diagnosis): Record<string, unknown> {
  return {
    server,
    ok: findings.every(({ level }) => level !== 'error'),
    era: status?.era ?? null,
    protocolVersion: status?.protocolVersion ?? null,
    findings,
    ...(error !== undefined && { error: errorFacts(error) }),
  };
}

function report(terminal: Terminal, { server, status, findings }: Diagnosis): string {
  const isBad = findings.some(({ level }) => level === 'error');
  const mark = terminal.paint(isBad ? 'red' : 'green', isBad ? '✗' : '✓');
  const lines = [`${mark} ${terminal.paint('bold', lineText(server))}`];
  if (status !== undefined) {
    const { connectMs = 0, era, protocolVersion = '', serverInfo, counts } = status;
    const who =
      serverInfo === undefined ? '' : `, ${lineText(`${serverInfo.name} ${serverInfo.version}`, 80)}`;
    const offers = `${count(counts.tools, 'tool')}, ${count(counts.resources, 'resource')}, ${count(counts.prompts, 'prompt')}`;
    lines.push(
      `  ready in ${Math.round(connectMs)} ms, ${era} era ${lineText(protocolVersion, 20)}${who}: ${offers}`,
    );
  }
  return [...lines, ...findings.map((finding) => findingText(terminal, finding))].join('\n');
}

function findingText(terminal: Terminal, { level, code, message, advice }: Finding): string {
  const label = terminal.paint(level === 'error' ? 'red' : 'yellow', `${level} ${code}:`);
  const text = bodyText(message).replaceAll('\n', '\n    ');
  return `  ${label} ${text}\n    ${terminal.paint('cyan', '→')} ${bodyText(advice)}`;
}

function exitCode(diagnoses: readonly Diagnosis[]): ExitCode {
  const errors = diagnoses.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (errors.length > 0) return unreachableExitCode(errors);
  const isBad = diagnoses.some(({ findings }) => findings.some(({ level }) => level === 'error'));
  return isBad ? EXIT.failed : EXIT.good;
}
