import { collectGarbage } from './collect-garbage.mjs';

// What it costs to load packages, in a process that has loaded nothing else.
const startedAt = performance.now();
for (const specifier of process.argv.slice(2)) await import(specifier);
const milliseconds = performance.now() - startedAt;
collectGarbage();
process.send?.({ milliseconds, rss: process.memoryUsage().rss / 1_048_576 }, () => process.exit());
