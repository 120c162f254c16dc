import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Processes that this one started and that still run; zombies do not. */
export function childPids(): number[] {
  return table()
    .filter(({ parent, state }) => parent === process.pid && state !== 'Z')
    .map(({ pid }) => pid);
}

interface ProcessEntry {
  readonly pid: number;
  readonly state: string | undefined;
  readonly parent: number;
}

function table(): ProcessEntry[] {
  if (process.platform === 'linux') return readdirSync('/proc').flatMap(entryOf);
  const { pid: own, stdout } = spawnSync('ps', ['-A', '-o', 'pid=,state=,ppid='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, state, parent]) => ({ pid: Number(pid), state: state?.[0], parent: Number(parent) }))
    .filter(({ pid }) => pid !== own);
}

function entryOf(name: string): ProcessEntry[] {
  const pid = Number(name);
  if (!Number.isInteger(pid)) return [];
  try {
    // The second field, the program's name, may hold blanks and brackets: count from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [{ pid, state, parent: Number(parent) }];
  } catch {
    return [];
  }
}
