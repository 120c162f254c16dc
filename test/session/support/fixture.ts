import { fileURLToPath } from 'node:url';
import type { StdioServerSpec } from '../../../src/index.ts';

/** A spec for one of the raw servers in test/fixtures/servers. */
export function fixture(file: string, ...args: string[]): StdioServerSpec {
  const path = fileURLToPath(new URL(`../../fixtures/servers/${file}`, import.meta.url));
  return { command: process.execPath, args: [path, ...args] };
}
