// Prints one line, `tests: N passed, N failed, N skipped`, from the file that vitest's JSON reporter wrote.
import { readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Usage: node scripts/test-summary.mjs <report.json>');

let report;
try {
  report = JSON.parse(readFileSync(file, 'utf8'));
} catch (error) {
  // The build failed, or the runner itself: whoever called this knows the exit code.
  console.log('tests: none ran');
  process.exit(error.code === 'ENOENT' || error instanceof SyntaxError ? 0 : 1);
}

// A file that could not even be loaded has no tests to count, and has failed all the same.
const unloadable = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
);
const failed = report.numFailedTests + unloadable.length;
const skipped = report.numPendingTests + report.numTodoTests;
console.log(`tests: ${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
