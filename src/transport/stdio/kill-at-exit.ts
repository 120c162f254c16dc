import process from 'node:process';

/** Leaders of the process groups that are alive. */
const groups = new Set<number>();

function killAll(): void {
  for (const pid of groups) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It went by itself.
    }
  }
}

/**
 * Kills a server's process group when this program exits, by `process.exit()`, an uncaught error or its end. Most
 * servers leave when their input is closed; one that is busy or stubborn would stay. Returns how to stop.
 */
export function killAtExit(pid: number): () => void {
  if (groups.size === 0) process.on('exit', killAll);
  groups.add(pid);
  return () => {
    groups.delete(pid);
    if (groups.size === 0) process.off('exit', killAll);
  };
}
