// `npm run conformance`: the official conformance suite judges test/conformance/client.mjs. Run the build first.
// One line for each leg; the exit code is 1 when anything is not as it should be. `-- --keep` keeps the results.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installLocked } from './install-locked.mjs';

const { values: options } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });

const folder = resolve(import.meta.dirname, '../test/conformance');
const client = join(folder, 'client.mjs');
const baseline = join(folder, 'baseline.yml');
// The referee needs a newer Node than Plenum does, and brings it along.
const referee = join(folder, 'referee');
const newerNode = join(referee, 'node_modules/.bin/node');
const suite = join(referee, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

/** A scenario takes seconds, once it is its turn. */
const SCENARIO_TIMEOUT_MS = 300_000;

const revisions = ['2025-11-25', '2026-07-28'];
const legs = [process.execPath, newerNode].flatMap((node) => [
  ...revisions.map((revision) => ({
    name: `requirements ${revision}`,
    node,
    args: ['--requirements', revision],
  })),
  { name: 'suite all', node, args: ['--suite', 'all', '--expected-failures', baseline] },
]);

if (!installLocked(referee)) throw new Error('The referee could not be installed.');
const turns = await startTurns();
const results = await mkdtemp(join(tmpdir(), 'plenum-conformance-'));
try {
  for (const leg of legs) if (!(await runLeg(leg))) process.exitCode = 1;
} finally {
  turns.close();
  if (options.keep) console.log(`Results: ${results}`);
  else await rm(results, { recursive: true, force: true });
}

/** Runs one leg and tells how it went; says whether all is well. */
async function runLeg({ name, node, args }) {
  const { output: version } = await run(node, ['--version']);
  const folderOfLeg = await mkdtemp(join(results, 'leg-'));
  const command = `${node} ${client}`;
  const timing = ['--timeout', String(SCENARIO_TIMEOUT_MS)];
  const { code, output } = await run(
    newerNode,
    [suite, 'client', '--command', command, ...args, ...timing, '-o', folderOfLeg],
    { env: { ...process.env, TURNS_PORT: String(turns.address().port) } },
  );

  const scenarios = readSummary(output);
  const count = (state) => scenarios.filter((scenario) => scenario.state === state).length;
  const figures = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
  console.log(`${name} on Node ${version.trim()}: ${figures}`);

  const faults = await findFaults(scenarios, folderOfLeg);
  if (code !== 0 && faults.length === 0) faults.push(`the suite ended with exit code ${code}:\n${output}`);
  for (const fault of faults) console.error(`  ${fault}`);
  return faults.length === 0;
}

/** Reads `✓ name: 3 passed, 0 failed` and `- name: skipped` of the suite's summary. */
function readSummary(output) {
  const [, summary = ''] = output.split('=== SUITE SUMMARY ===');
  return [...summary.matchAll(/^([✓✗-]) (\S+): (?:(\d+) passed|skipped)/gmu)].map(
    ([, mark, scenario, passed]) => {
      // Where nothing was checked, nothing was passed.
      const state =
        mark === '-' || (mark === '✓' && passed === '0') ? 'skipped' : mark === '✓' ? 'passed' : 'failed';
      return { scenario, state };
    },
  );
}

/** The suite looks at what it received; whether Plenum did as the program expected, only the program knows. */
async function findFaults(scenarios, folderOfLeg) {
  if (scenarios.length === 0) return ['no scenario was run'];
  const excused = await readBaseline();
  const outputs = await readOutputs(folderOfLeg);
  return scenarios.flatMap(({ scenario, state }) => {
    if (excused.has(scenario)) return [];
    if (state !== 'passed') return [`${scenario} ${state}`];
    const { stdout, stderr } = outputs.get(scenario) ?? { stdout: '', stderr: 'It left no output.' };
    return stdout.trimEnd().endsWith('as expected')
      ? []
      : [`${scenario} passed, but the program failed: ${stderr}`];
  });
}

async function readBaseline() {
  const text = await readFile(baseline, 'utf8');
  return new Set([...text.matchAll(/^ +- ([^\s:#]+)/gmu)].map(([, scenario]) => scenario));
}

/** What the program wrote, by scenario; the folders are named `<scenario>-<time>`. */
async function readOutputs(root) {
  const outputs = new Map();
  for (const path of await readdir(root, { recursive: true })) {
    if (!path.endsWith('stdout.txt')) continue;
    const at = join(root, dirname(path));
    const scenario = relative(root, at).replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/u, '');
    const [stdout, stderr] = await Promise.all(
      ['stdout.txt', 'stderr.txt'].map((file) => readFile(join(at, file), 'utf8')),
    );
    outputs.set(scenario, { stdout, stderr });
  }
  return outputs;
}

/** Lets as many programs work at a time as there are processors; see test/conformance/turn.mjs. */
async function startTurns() {
  const inside = new Set();
  const waiting = new Set();
  const admit = () => {
    for (const socket of waiting) {
      if (inside.size >= availableParallelism()) return;
      waiting.delete(socket);
      inside.add(socket);
      socket.write('.');
    }
  };
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      waiting.delete(socket);
      inside.delete(socket);
      admit();
    });
    admit();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function run(command, args, { env } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (output += text));
    }
    child.once('error', fail);
    child.once('close', (code) => done({ code, output }));
  });
}
