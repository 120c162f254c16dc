import { setTimeout as sleep } from 'node:timers/promises';

/** Far beyond what any of this takes on a busy machine, and below the time limit of a test. */
const BOUND_MS = 15_000;

/** Asks again and again until a condition holds. */
export async function until(holds: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + BOUND_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`It did not come about that ${what()}`);
    await sleep(20);
  }
}
