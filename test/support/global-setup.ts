/**
 * Fails the run when a process that it started is still alive at its end.
 *
 * Children are known by a mark on PATH, an extra folder that cannot exist: PATH is the one variable that
 * reaches every server and its own children, through the minimal environment too. A child that dropped its
 * environment is still found when it lost its parent and its command line names this package.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STRAGGLER_MS = 5_000;
const POLL_MS = 100;
const PACKAGE_ROOT = resolve(import.meta.dirname, '../..');
const RUNNER_WORKER = join('vitest', 'dist', 'workers');

interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** Clock ticks since boot; with the pid it names one process for good, pids are used again. */
  readonly startedAt: string;
  readonly commandLine: string;
}

export function setup(): (() => Promise<void>) | undefined {
  if (process.platform !== 'linux') {
    process.stdout.write('Leaked processes are looked for on Linux only: not on this system.\n');
    return undefined;
  }
  const mark = `/dev/null/plenum-test-run-${process.pid}-${Date.now()}`;
  process.env['PATH'] = [process.env['PATH'], mark].join(delimiter);
  const before = new Set(processTable().map(identity));

  return async function failOnLeakedProcesses(): Promise<void> {
    const deadline = Date.now() + STRAGGLER_MS;
    let leaked = startedSince(before, mark);
    while (leaked.length > 0 && Date.now() < deadline) {
      await sleep(POLL_MS);
      leaked = startedSince(before, mark);
    }
    if (leaked.length === 0) return;
    // Vitest prints what a teardown throws, but its exit code does not show it.
    process.exitCode = 1;
    const lines = leaked.map((entry) => `  ${entry.pid} (parent ${entry.parentPid}): ${entry.commandLine}`);
    throw new Error(`The tests left ${leaked.length} process(es) running:\n${lines.join('\n')}`);
  };
}

function startedSince(before: ReadonlySet<string>, mark: string): ProcessEntry[] {
  return processTable().filter((entry) => {
    if (before.has(identity(entry)) || entry.commandLine.includes(RUNNER_WORKER)) return false;
    const orphan = entry.parentPid === 1 && entry.commandLine.includes(PACKAGE_ROOT);
    return orphan || readProc(entry.pid, 'environ').includes(mark);
  });
}

function identity(entry: ProcessEntry): string {
  return `${entry.pid}@${entry.startedAt}`;
}

/** Every living process but this one; zombies and kernel threads have no command line and are left out. */
function processTable(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const commandLine = readProc(pid, 'cmdline').replaceAll('\0', ' ').trim();
    // The second field, the program's name, may hold blanks and brackets: count from its end.
    const stat = readProc(pid, 'stat');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const parentPid = fields[1];
    const startedAt = fields[19];
    if (commandLine === '' || parentPid === undefined || startedAt === undefined) continue;
    entries.push({ pid, parentPid: Number(parentPid), startedAt, commandLine });
  }
  return entries;
}

/** One file of a process; empty when the process is gone or is not ours to look at. */
function readProc(pid: number, file: 'cmdline' | 'environ' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
