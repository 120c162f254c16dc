import { spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { windowsSystemFolder } from './child-environment.ts';

export type StopSignal = 'SIGTERM' | 'SIGKILL';

/** A process that leads a group, and the processes that it started, as far as the system lets them be reached together. */
export interface ProcessGroup {
  /** Sends a signal to all of them; harmless when there are none. */
  signal(name: StopSignal): void;
  /** Whether any process but the leader may still be running. To be asked after the leader's end. */
  hasMembers(): Promise<boolean>;
}

/** `leader` was started with `detached` on POSIX, so that its pid is its group's id too. */
export function processGroupOf(leader: number): ProcessGroup {
  return process.platform === 'win32' ? windowsTree(leader) : posixGroup(leader);
}

/** A process that moves to a group of its own, as a daemon does, is out of reach. */
function posixGroup(id: number): ProcessGroup {
  return {
    signal: (name) => void trySignal(-id, name),
    hasMembers: async () =>
      trySignal(-id, 0) && (process.platform !== 'linux' || (await hasLivingMember(id))),
  };
}

/** `taskkill` finds processes by their living parent: those that outlive it cannot be found. */
function windowsTree(root: number): ProcessGroup {
  return {
    // A program without a window can only be ended by force.
    signal: () => {
      const taskkill = `${windowsSystemFolder()}\\taskkill.exe`;
      const killer = spawn(taskkill, ['/pid', String(root), '/T', '/F'], {
        stdio: 'ignore',
        windowsHide: true,
      });
      killer.on('error', () => void trySignal(root, 'SIGKILL'));
    },
    hasMembers: () => Promise.resolve(false),
  };
}

/** Says whether there was a process that the signal could be sent to; those of another user do not count. */
function trySignal(id: number, signal: StopSignal | 0): boolean {
  try {
    return process.kill(id, signal);
  } catch {
    return false;
  }
}

/**
 * Zombies can be signalled, too, and where process 1 does not reap (in a container without an init) an orphan stays one
 * for ever. So they are not waited for.
 */
async function hasLivingMember(group: number): Promise<boolean> {
  try {
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
      if (isLivingMember(stat, group)) return true;
    }
    return false;
  } catch {
    return true;
  }
}

/** Reads one `/proc/<pid>/stat`: whether that process is in the group, and not a zombie. */
export function isLivingMember(stat: string, group: number): boolean {
  // The second field, the program's name in brackets, may hold anything: count from its end.
  const [state, , groupId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(groupId) === group && state !== 'Z' && state !== 'X';
}

/** Leaders of the process groups that are alive. */
const livingGroups = new Set<number>();

function killAll(): void {
  for (const pid of livingGroups) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has exited by itself.
    }
  }
}

/**
 * Kills a server's process group when this program exits, by `process.exit()`, an uncaught error or its end. Most servers
 * exit when their input is closed; one that is busy or ignores it would stay. Returns how to stop.
 */
export function killAtExit(pid: number): () => void {
  if (livingGroups.size === 0) process.on('exit', killAll);
  livingGroups.add(pid);
  return () => {
    livingGroups.delete(pid);
    if (livingGroups.size === 0) process.off('exit', killAll);
  };
}
