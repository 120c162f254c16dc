#!/usr/bin/env node
import { packageVersion } from './version.ts';

const args = process.argv.slice(2);

// Answered before other modules are loaded: shells and editors call it often.
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${packageVersion()}\n`);
} else {
  const { run } = await import('./run.ts');
  await run(args);
}
