import type { HealthReport } from '../../manager/leases/check-health.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { EXIT, exitCodeOf, unreachableExitCode } from '../exit-codes.ts';
import { findServers } from '../servers/server-set.ts';
import { errorText } from '../errors/error-text.ts';
import { table } from '../terminal/tables.ts';
import { count, lineText } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { terminal, interrupt, options } = invocation;
  const { servers, broken, managerOptions } = await findServers(invocation);
  const { SessionManager } = await import('../../manager/session-manager.ts');
  const { timeout } = options;
  const limits = timeout === undefined ? {} : { timeoutMs: timeout };
  const manager = new SessionManager({ ...managerOptions, servers });
  const unusable = [...broken].map(([name, error]): [string, HealthReport] => {
    return [name, { healthy: false, reason: error.message, error }];
  });
  let reports: ReadonlyMap<string, HealthReport>;
  try {
    const names = count(Object.keys(servers).length, 'server');
    reports = await terminal.during(`Checking ${names}`, () =>
      manager.checkHealth({ ...limits, signal: interrupt.signal }),
    );
    reports = new Map([...reports].map(([name, report]) => [name, advised(report, invocation)]));
    reports = new Map([...reports, ...unusable]);
  } finally {
    await (interrupt.signal.aborted ? manager.destroy(interrupt.signal.reason) : manager.close());
  }
  if (terminal.json) {
    terminal.jsonData(Object.fromEntries([...reports].map(([name, report]) => [name, facts(report)])));
  } else {
    const rows = [...reports].map(([name, { healthy, latencyMs, reason }]) => [
      lineText(name),
      terminal.paint(healthy ? 'green' : 'red', healthy ? 'healthy' : 'unhealthy'),
      latencyMs === undefined ? '-' : `${latencyMs.toFixed(1)} ms`,
      lineText(reason?.split('\n')[0] ?? ''),
    ]);
    terminal.data(await table(terminal, ['SERVER', 'HEALTH', 'LATENCY', 'REASON'], rows));
  }
  return exitCode([...reports.values()]);
};

/** Adds the flags and commands that help. */
function advised(report: HealthReport, { inline }: Invocation): HealthReport {
  const { error } = report;
  return error === undefined ? report : { ...report, reason: errorText(error, inline) };
}

function facts({ healthy, latencyMs, reason }: HealthReport): Record<string, unknown> {
  return {
    healthy,
    latencyMs: latencyMs === undefined ? undefined : Math.round(latencyMs * 10) / 10,
    reason,
  };
}

function exitCode(reports: readonly HealthReport[]): number {
  const errors = reports.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (reports.every(({ healthy }) => healthy)) return EXIT.good;
  // A server that answered with an error was reached.
  const failed = errors.filter((error) => exitCodeOf(error) === EXIT.failed && error.code !== 'TIMEOUT');
  return failed.length === errors.length ? EXIT.failed : unreachableExitCode(errors);
}
