import { stat } from 'node:fs/promises';
import { sleep } from '../limit.ts';

interface PollFileOptions {
  /** Time between two looks at the file, in milliseconds. */
  readonly intervalMs: number;
  /** How long the file must be unchanged before `onChange` is called, in milliseconds. */
  readonly settleMs: number;
  readonly signal: AbortSignal;
}

/**
 * Calls `onChange` when a file was changed, created or removed, and has been unchanged for `settleMs`. Resolves when
 * the watching has begun.
 *
 * It polls the path, which costs little for one file and finds every change: a file replaced by a rename, removed
 * with its folder and created again, a changed link, a network drive, a mount in a container. The file notifications
 * of each system miss some of these.
 */
export async function pollFile(path: string, options: PollFileOptions, onChange: () => void): Promise<void> {
  void poll(path, await stateOf(path), options, onChange);
}

async function poll(
  path: string,
  first: string,
  { intervalMs, settleMs, signal }: PollFileOptions,
  onChange: () => void,
): Promise<void> {
  let seen = first;
  for (;;) {
    await sleep(intervalMs, signal);
    let now = await stateOf(path);
    for (let before = seen; now !== before && !signal.aborted; now = await stateOf(path)) {
      before = now;
      await sleep(settleMs, signal);
    }
    if (signal.aborted) return;
    if (now === seen) continue;
    // Stored before the file is read, so that a later change is seen by the next poll.
    seen = now;
    onChange();
  }
}

/** A text that differs when the file has changed. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return 'none';
  }
}
