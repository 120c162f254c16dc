import { readLedger } from '../../src/testing/index.ts';
import type { FleetServer } from './fleet.ts';
import type { Outcome } from './traffic.ts';
import type { Violations } from './violations.ts';

/** Compares what callers were told with what servers wrote down. */
export function checkLedgers(
  servers: readonly FleetServer[],
  outcomes: ReadonlyMap<string, Outcome>,
  violations: Violations,
): void {
  const runs = new Map<string, number>();
  for (const { ledgerFile } of servers) {
    for (const { event, arguments: args } of readLedger(ledgerFile)) {
      const { id } = (args ?? {}) as { id?: unknown };
      if (event === 'call' && typeof id === 'string') runs.set(id, (runs.get(id) ?? 0) + 1);
    }
  }
  for (const [id, times] of runs) {
    if (times > 1) violations.add('no call runs twice', `${id} ran ${times} times`);
  }
  for (const [id, outcome] of outcomes) {
    const ran = runs.has(id);
    if (ran && outcome === 'never ran')
      violations.add('"maybeExecuted: false" is true', `${id} is in the ledger`);
    if (!ran && outcome === 'answered')
      violations.add('what was answered has run', `${id} is not in the ledger`);
  }
}
