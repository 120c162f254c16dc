import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/**
 * Installs the pinned peers unless they are there. Returns why it could not, if so; raw and official still run then, with
 * the packages of the repository itself.
 */
export function installPeers() {
  if (isInstalled()) return undefined;
  const { status } = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: FOLDER,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  return status === 0 ? undefined : 'npm ci failed';
}

/** npm leaves the lockfile of what it installed behind, without the entry of the folder itself. */
function isInstalled() {
  try {
    const wanted = packagesIn('package-lock.json');
    const there = packagesIn('node_modules/.package-lock.json');
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => path === '' || optional || there[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function packagesIn(file) {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')).packages;
}
