import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** One line of a ledger file: a child process started, or a tool was called. */
export interface LedgerEntry {
  event: 'start' | 'call';
  server: string;
  pid: number;
  tool?: string;
  arguments?: unknown;
}

/** Written before anything else happens, and in one piece: a crash right after cannot lose it. */
export function writeLedger(file: string, entry: LedgerEntry): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

/** What servers wrote in a ledger file so far; nothing when there is none yet. */
export function readLedger(file: string): LedgerEntry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line): LedgerEntry => JSON.parse(line));
}
