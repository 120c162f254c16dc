import { lock } from '#proper-lockfile';

/** After how many milliseconds the lock of a process that was killed expires. A running holder renews it. */
const STALE_MS = 15_000;

/** How often it is tried to get a lock that another process holds; the times are in milliseconds. */
export interface LockRetries {
  readonly retries: number;
  readonly factor: number;
  readonly minTimeout: number;
  readonly maxTimeout: number;
}

/** For work that is a quick read and write of a file: up to about 18 seconds. */
export const QUICK_RETRIES: LockRetries = { retries: 100, factor: 1.2, minTimeout: 5, maxTimeout: 200 };

/**
 * Takes the lock `<path>.lock` among all processes, and resolves with how to give it back. The folder must exist. Rejects
 * when others hold the lock for too long, or the folder cannot be written to.
 */
export async function lockFile(path: string, retries = QUICK_RETRIES): Promise<() => Promise<void>> {
  const release = await lock(path, { realpath: false, stale: STALE_MS, retries, onCompromised: () => {} });
  // The release fails when this process was suspended and another took the expired lock.
  return () => release().catch(() => {});
}
