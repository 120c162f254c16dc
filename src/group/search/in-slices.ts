import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long other work may be kept waiting, in milliseconds. */
const SLICE_MS = 8;

/** Takes steps to their end, and lets others have a turn in between when that takes long. */
export async function inSlices(steps: Iterable<void>): Promise<void> {
  let endOfSlice = performance.now() + SLICE_MS;
  for (const _ of steps) {
    if (performance.now() < endOfSlice) continue;
    await nextTurn();
    endOfSlice = performance.now() + SLICE_MS;
  }
}

/** Takes steps to their end in this turn. */
export function atOnce(steps: Iterable<void>): void {
  for (const _ of steps);
}
