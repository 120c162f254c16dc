import { readLedger, type LedgerEntry } from '../../src/testing/index.ts';
import type { Outcome } from './traffic.ts';
import type { Violations } from './violations.ts';

/** Compares what callers were told with what servers wrote down, of the calls that `counts`. */
export function checkLedgers(
  servers: readonly { readonly ledgerFile: string }[],
  outcomes: ReadonlyMap<string, Outcome>,
  violations: Violations,
  counts: (entry: LedgerEntry) => boolean = () => true,
): void {
  const runs = new Map<string, number>();
  for (const { ledgerFile } of servers) {
    for (const entry of readLedger(ledgerFile)) {
      const { id } = (entry.arguments ?? {}) as { id?: unknown };
      if (entry.event === 'call' && counts(entry) && typeof id === 'string')
        runs.set(id, (runs.get(id) ?? 0) + 1);
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
