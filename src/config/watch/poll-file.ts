import { stat } from 'node:fs/promises';
import { sleep } from '../../internal/limit.ts';

interface PollFileOptions {
  /** How often the file is looked at, in milliseconds. */
  readonly intervalMs: number;
  /** How long it must have been still, in milliseconds. */
  readonly settleMs: number;
  readonly signal: AbortSignal;
}

/**
 * Calls `onChange` when a file has changed, appeared or gone, and come to rest. Resolves when the watching has
 * begun.
 *
 * It looks at the path now and again: for one file that costs nothing, and whatever became of it shows. It may be
 * renamed over, removed with its folder and made anew, a link that points elsewhere, on a network drive or mounted
 * into a container; the notifications of each system miss one or the other.
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
    // Noted before it is read: what changes from now on shows the next time.
    seen = now;
    onChange();
  }
}

/** Differs when the file does. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return 'none';
  }
}
