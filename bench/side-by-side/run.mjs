// Plenum beside the limit, the official client and its peers, in one run. Build the repository first.
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installLocked } from '../../scripts/install-locked.mjs';
import { CONTESTANTS } from './contestants.mjs';
import { readOptions, USAGE } from './options.mjs';
import { chartOf } from './report/chart.mjs';
import { describeMachine } from './report/machine.mjs';
import { remarksOn, tableOf } from './report/table.mjs';
import { readVersions } from './report/versions.mjs';
import { Results } from './results.mjs';
import { measureCalls } from './suites/calls.mjs';
import { measureCatalog } from './suites/catalog.mjs';
import { measureConnect } from './suites/connect.mjs';
import { measureFootprint } from './suites/footprint.mjs';
import { measureRouting } from './suites/routing.mjs';
import { measureSoak } from './suites/soak.mjs';

const SUITES = {
  calls: measureCalls,
  routing: measureRouting,
  connect: measureConnect,
  catalog: measureCatalog,
  footprint: measureFootprint,
  soak: measureSoak,
};

const options = readOptions(process.argv.slice(2));
if (options.help) process.stdout.write(USAGE);
else await run();

async function run() {
  const machine = await describeMachine();
  // Without the peers, raw and official still run, with the packages of the repository itself.
  if (options.form !== 'smoke' && !installLocked(import.meta.dirname))
    say('The peers could not be installed; those that are not there are missing below.');
  if (machine.loadBefore > 0.2)
    say(`This machine does other work (${machine.loadBefore} cores of it): take ratios, not figures.`);

  const startedAt = performance.now();
  const results = new Results(progress);
  for (const [name, measure] of Object.entries(SUITES)) {
    if (options.only?.includes(name) ?? true) await measure({ options, results });
  }
  clearProgress();

  const cases = results.toJSON(CONTESTANTS);
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const report = {
    date: new Date().toISOString(),
    form: options.form,
    rounds: options.rounds,
    seconds,
    machine,
    node: process.version,
    versions: readVersions(),
    cases: cases.map((each) => withAbsent(each)),
  };
  say(`\n${tableOf(report.cases, CONTESTANTS)}\n\n${remarksOn(cases)}\n`);
  save(report);
  if (cases.some(({ missing }) => 'plenum' in missing)) process.exitCode = 1;
  say(
    `${seconds} s, Node ${process.version}, ${machine.cores} cores. Figures to publish are taken on a quiet machine, without --quick.`,
  );
}

/** A contestant that took no part is missing, too. */
function withAbsent(each) {
  const absent = CONTESTANTS.filter(({ name }) =>
    options.contestants.every((present) => present.name !== name),
  );
  const reasons = absent.map(({ name }) => [
    name,
    `left out of this run (--${options.form === 'smoke' ? 'smoke' : 'with'})`,
  ]);
  return { ...each, missing: { ...each.missing, ...Object.fromEntries(reasons) } };
}

/** A short run does not overwrite the figures of a whole one. */
function save(report) {
  const folder =
    options.out === undefined ? fileURLToPath(new URL('../results/', import.meta.url)) : resolve(options.out);
  const whole = report.form === 'full' && options.isWhole;
  const [data, chart] = whole ? ['latest.json', 'chart.svg'] : ['short.json', 'short.svg'];
  mkdirSync(folder, { recursive: true });
  writeFileSync(resolve(folder, data), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(resolve(folder, chart), chartOf(report, CONTESTANTS));
  say(`Written: ${data} and ${chart} in ${options.out ?? 'bench/results'}.`);
}

function progress(name, contestant) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${name}: ${contestant}`);
}

function clearProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
