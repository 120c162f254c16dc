import { writeSync } from 'node:fs';
import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import { readLedger, writeLedger } from '../server/ledger.ts';
import type { ProcessFacts } from '../server/call.ts';
import type { Crash, ServerScript } from '../script/script.ts';

/** After how many milliseconds a process without a parent exits, whatever its script says. */
const ORPHAN_LIFE_MS = 60_000;
const ORPHAN_CHECK_MS = 5000;

/** Applies the parts of the script that concern the process, which may end it. Returns the facts about the process. */
export async function beginLife(script: ServerScript, environment: NodeJS.ProcessEnv): Promise<ProcessFacts> {
  const { faults = {} } = script;
  leaveAsOrphan();
  if (faults.stderr !== undefined) writeSync(2, faults.stderr);
  if (failsToStart(script)) {
    writeSync(2, faults.exitAtStart?.stderr ?? '');
    process.exit(faults.exitAtStart?.code ?? 1);
  }
  if (faults.halfLine === true) {
    process.on('exit', () => writeSync(1, '{"jsonrpc":"2.0","id":1,"resu'));
    process.on('SIGTERM', () => process.exit(143));
  }
  if (faults.ignoreTermination === true) {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
    setInterval(() => {}, LONGEST_TIMER_MS);
  }
  const grandchild = faults.grandchild && (await startGrandchild(faults.grandchild));
  const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value ?? '']));
  return { pid: process.pid, cwd: process.cwd(), env, ...(grandchild !== undefined && { grandchild }) };
}

/** Ends this process by the exit code or signal of the crash. */
export function die({ code = 1, signal }: Crash): void {
  if (signal === undefined) process.exit(code);
  process.kill(process.pid, signal);
}

function leaveAsOrphan(): void {
  const parent = process.ppid;
  let orphanMs = 0;
  setInterval(() => {
    if (process.ppid !== parent) orphanMs += ORPHAN_CHECK_MS;
    if (orphanMs >= ORPHAN_LIFE_MS) process.exit(1);
  }, ORPHAN_CHECK_MS).unref();
}

/** Records the start in the ledger, and returns whether the script makes it fail. */
function failsToStart({ name = 'scripted', ledgerFile, faults }: ServerScript): boolean {
  if (ledgerFile !== undefined) writeLedger(ledgerFile, { event: 'start', server: name, pid: process.pid });
  const { exitAtStart } = faults ?? {};
  if (exitAtStart?.times === undefined || ledgerFile === undefined) return exitAtStart !== undefined;
  const starts = readLedger(ledgerFile).filter(({ event, server }) => event === 'start' && server === name);
  return starts.length <= exitAtStart.times;
}

/** Starts a child process that outlives this one, and may hold its pipes open. */
async function startGrandchild({ lifeMs = ORPHAN_LIFE_MS, holdPipes = false }): Promise<number | undefined> {
  const { spawn } = await import('node:child_process');
  const pipe = holdPipes ? 'inherit' : 'ignore';
  const program = ['-e', `setTimeout(() => {}, ${lifeMs})`];
  const child = spawn(process.execPath, program, { stdio: ['ignore', pipe, pipe] });
  child.unref();
  return child.pid;
}
