import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A place for a ledger that scripted servers write; gone when the test is over. */
export async function ledgerFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plenum-session-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'ledger.jsonl');
}
