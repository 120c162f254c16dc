import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** One line of a ledger file: a child process started, or a tool was called. */
export interface LedgerEntry {
  event: 'start' | 'call';
  server: string;
  pid: number;
  tool?: string;
  arguments?: unknown;
}

/** Appends synchronously, so that a crash right after does not lose the entry. */
export function writeLedger(file: string, entry: LedgerEntry): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

/** Reads a ledger file; empty when it does not exist yet. */
export function readLedger(file: string): LedgerEntry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line): LedgerEntry => JSON.parse(line));
}
