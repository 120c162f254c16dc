import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder; deleted when the test is over. */
export function newFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'plenum-test-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file for a ledger that scripted servers write; deleted when the test is over. */
export function ledgerFile(): string {
  return join(newFolder(), 'ledger');
}
