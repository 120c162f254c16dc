// Which processes has this one started, its children's children included, and which of them are still there?
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Remembers processes while their parents live: one that loses its parent could not be told by its tree. */
export class ProcessWatch {
  #seen = new Map();

  /** Looks around, and returns how many were ever seen. */
  look() {
    for (const each of descendants()) this.#seen.set(identity(each), each);
    return this.#seen.size;
  }

  /** Those that are alive now. */
  left() {
    this.look();
    const alive = new Set(processTable().map(identity));
    return [...this.#seen.values()].filter((each) => alive.has(identity(each)));
  }
}

/** Every process below this one: `{ pid, parentPid, startedAt }`. */
export function descendants() {
  const table = processTable();
  const childrenOf = (pid) =>
    table.filter((each) => each.parentPid === pid).flatMap((child) => [child, ...childrenOf(child.pid)]);
  return childrenOf(process.pid);
}

/** A pid alone is not enough: the system uses it again. */
const identity = ({ pid, startedAt }) => `${pid} ${startedAt}`;

function processTable() {
  if (process.platform === 'win32') {
    const fields = '$($_.ProcessId) $($_.ParentProcessId) R $($_.CreationDate.Ticks)';
    const script = `Get-CimInstance Win32_Process | ForEach-Object { "${fields}" }`;
    return tableOf('powershell', ['-NoProfile', '-NonInteractive', '-Command', script]);
  }
  if (existsSync('/proc/self/stat')) return procTable();
  return tableOf('ps', ['-A', '-o', 'pid=,ppid=,stat=,lstart=']);
}

/** Linux without `ps`, as in a slim container. */
function procTable() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The program's name comes second and may hold anything: count from the bracket that closes it.
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return entry(Number(name), Number(fields[1]), fields[0], fields[19]);
      } catch {
        return []; // Gone meanwhile.
      }
    });
}

function tableOf(command, args) {
  const { pid: own, stdout, error } = spawnSync(command, args, { encoding: 'utf8', windowsHide: true });
  if (error) throw new Error(`Cannot list processes: ${error.message}`);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parentPid, state, startedAt] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
    return pid === undefined || Number(pid) === own
      ? []
      : entry(Number(pid), Number(parentPid), state, startedAt);
  });
}

/** None for a zombie, which has ended and waits for its parent to notice. */
function entry(pid, parentPid, state, startedAt) {
  return state.startsWith('Z') ? [] : [{ pid, parentPid, startedAt }];
}
