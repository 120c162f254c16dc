import { join } from 'node:path';

const SERVERS = join(import.meta.dirname, '../fixtures/servers');

/** A spec that runs one of the programs in test/fixtures/servers. */
export function fixture(file: string, ...args: string[]): { command: string; args: string[] } {
  return { command: process.execPath, args: [join(SERVERS, file), ...args] };
}
