// Prints one line, `tests: N passed, N failed, N skipped`, and what failed, from the files that vitest's JSON reporter wrote.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Of how many failures, and of how many lines of each, something is printed. */
const SHOWN = { failures: 20, lines: 6 };

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
  for (const failure of failures(reports).slice(0, SHOWN.failures)) console.log(failure);
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

/** A text for each test that failed and for each file that could not be loaded: where, which, why. */
function failures(reports) {
  return reports
    .flatMap(({ testResults }) => testResults)
    .flatMap((file) => {
      const where = relative(process.cwd(), file.name);
      const failed = file.assertionResults.filter(({ status }) => status === 'failed');
      if (failed.length === 0) return file.status === 'failed' ? [described(where, file.message)] : [];
      return failed.map(({ fullName, failureMessages }) =>
        described(`${where}: ${fullName}`, failureMessages.join('\n')),
      );
    });
}

function described(what, message = '') {
  const lines = stripVTControlCharacters(message).split('\n').slice(0, SHOWN.lines);
  return [`failed: ${what}`, ...lines.map((line) => `    ${line.slice(0, 300)}`)].join('\n');
}
