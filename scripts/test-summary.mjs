// Prints one line, `tests: N passed, N failed, N skipped`, from the files that vitest's JSON reporter wrote.
import { readFileSync } from 'node:fs';

const files = process.argv.slice(2);
if (files.length === 0) throw new Error('Usage: node scripts/test-summary.mjs <report.json> …');

const reports = files.map(readReport).filter((report) => report !== undefined);
if (reports.length === 0) {
  // The build failed, or the runner itself: whoever called this knows the exit code.
  console.log('tests: none ran');
} else {
  const sum = (count) => reports.reduce((total, report) => total + count(report), 0);
  const passed = sum(({ numPassedTests }) => numPassedTests);
  const failed = sum(({ numFailedTests, testResults }) => numFailedTests + unloadable(testResults).length);
  const skipped = sum(({ numPendingTests, numTodoTests }) => numPendingTests + numTodoTests);
  console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
}

/** A report, or nothing when the runner did not write one. */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A file that could not even be loaded has no tests to count, and has failed all the same. */
function unloadable(testResults) {
  return testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  );
}
