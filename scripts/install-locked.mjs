import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs what the lockfile of `folder` names, unless exactly that is there already. Returns whether all is there;
 * what npm says goes to this process's own outputs.
 */
export function installLocked(folder) {
  if (isInstalled(folder)) return true;
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    // On Windows npm is a `.cmd` file, which only a shell starts.
    shell: process.platform === 'win32',
  });
  return status === 0;
}

/** npm keeps the lockfile of what it installed, without the entry of the folder itself. */
function isInstalled(folder) {
  try {
    const wanted = packagesIn(join(folder, 'package-lock.json'));
    const there = packagesIn(join(folder, 'node_modules/.package-lock.json'));
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => path === '' || optional || there[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function packagesIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
