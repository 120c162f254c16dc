// The official server suite judges a gateway in front of test/conformance/reference-server.mjs, in all four cells of client
// and server era. The measure of a cell is the reference server itself, spoken to directly in the client's era. Run the build
// first. One line for each leg; the exit code is 1 when a scenario that passes directly fails through the gateway.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { MIXED_CELLS } from '../test/conformance/mixed-cells.mjs';
import { installLocked } from './install-locked.mjs';

const folder = resolve(import.meta.dirname, '../test/conformance');
// The referee needs a newer Node than Plenum does, and brings it along.
const referee = join(folder, 'referee');
const newerNode = join(referee, 'node_modules/.bin/node');
const suite = join(referee, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

const SCENARIO_TIMEOUT_MS = 60_000;

const legs = [
  { name: 'requirements 2025-11-25', era: 'legacy', args: ['--requirements', '2025-11-25'] },
  { name: 'requirements 2026-07-28', era: 'modern', args: ['--requirements', '2026-07-28'] },
  // The suite speaks the newest revision that each scenario has.
  { name: 'suite all', era: 'modern', args: ['--suite', 'all'] },
];

if (!installLocked(referee)) throw new Error('The referee could not be installed.');
const results = await mkdtemp(join(tmpdir(), 'plenum-conformance-'));
const children = [];
try {
  const reference = await start('reference-server.mjs');
  const gateways = new Map();
  for (const era of ['legacy', 'modern']) gateways.set(era, await start('gateway.mjs', reference, era));
  for (const { name, era, args } of legs) {
    const direct = await judge(reference, args);
    report(`${name}, reference server`, direct, []);
    for (const [serverEra, url] of gateways) {
      const through = await judge(url, args);
      const excused = MIXED_CELLS[`${era} client, ${serverEra} server`] ?? {};
      report(`${name}, gateway, ${serverEra} server`, through, findFaults(direct, through, excused));
    }
  }
} finally {
  for (const child of children) child.kill();
  await rm(results, { recursive: true, force: true });
}

/** Starts a program that prints its URL. */
async function start(file, ...args) {
  const child = spawn(process.execPath, [join(folder, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  return url;
}

/** How many checks of each scenario passed and failed. */
async function judge(url, args) {
  const command = [
    suite,
    'server',
    '--url',
    url,
    ...args,
    '--timeout',
    String(SCENARIO_TIMEOUT_MS),
    '-o',
    results,
  ];
  const child = spawn(newerNode, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => (output += text));
  }
  await once(child, 'close');
  const [, summary = ''] = output.split('=== SUMMARY ===');
  const found = [...summary.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gmu)];
  if (found.length === 0) throw new Error(`The suite judged nothing:\n${output}`);
  return new Map(
    found.map(([, scenario, passed, failed]) => [scenario, { passed: +passed, failed: +failed }]),
  );
}

function findFaults(direct, through, excused) {
  const faults = [];
  for (const [scenario, { failed }] of direct) {
    if (failed > 0) continue;
    const passes = through.get(scenario)?.failed === 0;
    if (Object.hasOwn(excused, scenario)) {
      if (passes) faults.push(`${scenario} passes and is listed in test/conformance/mixed-cells.mjs`);
    } else if (!passes) faults.push(`${scenario} passes directly and not through the gateway`);
  }
  return faults;
}

function report(name, scenarios, faults) {
  const all = [...scenarios.values()];
  const whole = all.filter(({ failed }) => failed === 0).length;
  console.log(`${name}: ${whole} of ${all.length} scenarios passed`);
  for (const fault of faults) console.error(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}
