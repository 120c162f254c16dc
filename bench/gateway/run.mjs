// Plenum's gateway beside others, and beside what none of them can do without. Build the repository first.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { installLocked } from '../../scripts/install-locked.mjs';
import { describeMachine } from '../side-by-side/report/machine.mjs';
import { medianOf } from '../side-by-side/results.mjs';
import { eachInTurn, messageOf } from '../side-by-side/turns.mjs';
import { CONTESTANTS } from './contestants.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    smoke: { type: 'boolean' },
    with: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const FORM = values.smoke
  ? { rounds: 1, warmCalls: 32, ms: 30, share: 0.02 }
  : values.quick
    ? { rounds: 3, warmCalls: 2_000, ms: 500, share: 1 }
    : { rounds: 5, warmCalls: 10_000, ms: 2_000, share: 1 };
const LIMIT_MS = 60_000;
const TEXT = 'x'.repeat(100);
const AT_A_TIME = [1, 32];
const LINE_SERVER = new URL('../side-by-side/servers/stdio-server.mjs', import.meta.url).pathname;
const METER = new URL('./meter.mjs', import.meta.url).href;

if (values.help)
  say(`Usage: node bench/gateway/run.mjs [--quick | --smoke] [--with <names>] [--profile <folder>]

  --quick            rough figures in about two minutes
  --smoke            without peers, installs nothing: shows that it works
  --with <names>     only these: ${CONTESTANTS.map(({ name }) => name).join(', ')}
  --profile <folder> a CPU profile of Plenum's process`);
else await run();

async function run() {
  if (!values.smoke && !installLocked(import.meta.dirname))
    say('The peers could not be installed; those that are missing say so.');
  const machine = await describeMachine();
  if (machine.loadBefore > 0.2)
    say(`This machine does other work (${machine.loadBefore} cores of it): take ratios, not figures.`);
  const chosen = values.with?.split(',');
  const wanted = CONTESTANTS.filter(({ name, peer }) => chosen?.includes(name) ?? !(values.smoke && peer));
  const folder = mkdtempSync(join(tmpdir(), 'gateways-'));
  try {
    const rows = await calls(wanted, folder);
    say(tableOf(rows));
    say(await sessions(wanted, folder));
    if (rows.some(({ title, cpu }) => title === 'Plenum' && cpu.length === 0)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The CPU time and the time of a call, for each way of calling. */
async function calls(wanted, folder) {
  /** @type {Map<string, import('./types.d.ts').Row>} */
  const rows = new Map();
  const rowOf = (title, era, atATime) => {
    const key = `${title} ${era} ${atATime}`;
    /** @type {import('./types.d.ts').Row} */
    const row = rows.get(key) ?? { title, era, atATime, wall: [], cpu: [] };
    rows.set(key, row);
    return row;
  };
  const pipe = startChild([
    new URL('./floor.mjs', import.meta.url).pathname,
    'pipe',
    process.execPath,
    LINE_SERVER,
    '1',
  ]);
  const started = [];
  for (const contestant of wanted) {
    for (const era of contestant.eras ?? ['any']) {
      try {
        const running = await start(contestant, folder);
        started.push(running);
        const { url } = running;
        const { isSse, tool = 'echo' } = contestant;
        const client = startChild([new URL('./load.mjs', import.meta.url).pathname]);
        running.children.push(client);
        await ask(client, { task: 'open', url, era, isSse, tool });
        await ask(client, { task: 'call', concurrency: 32, calls: FORM.warmCalls, text: TEXT });
        started[started.length - 1] = { ...running, client, era, title: contestant.title };
      } catch (error) {
        for (const child of started.pop()?.children ?? []) child.kill('SIGKILL');
        for (const atATime of AT_A_TIME) rowOf(contestant.title, era, atATime).why = messageOf(error);
      }
    }
  }
  await pipeOnce(pipe, 32, 1_000);
  for (const atATime of AT_A_TIME) {
    await eachInTurn(
      [...started, { title: 'bare pipe', era: 'any' }],
      FORM.rounds,
      async (running) => {
        const row = rowOf(running.title, running.era, atATime);
        if (running.client === undefined) {
          const { wall, cpu } = await pipeOnce(pipe, atATime, FORM.ms);
          row.wall.push(wall);
          row.cpu.push(cpu);
          return;
        }
        const before = await usedBy(running);
        const { count, wall } = await ask(running.client, {
          task: 'call',
          concurrency: atATime,
          ms: FORM.ms,
          text: TEXT,
        });
        const after = await usedBy(running);
        row.wall.push(wall);
        row.cpu.push((after.cpu - before.cpu) / count);
      },
      ({ title, era }, reason) => (rowOf(title, era, atATime).why = reason),
    );
  }
  for (const { children } of started) for (const child of children) child.kill('SIGTERM');
  pipe.disconnect();
  await sleep(values.profile === undefined ? 0 : 2_000);
  return [...rows.values()];
}

function pipeOnce(pipe, concurrency, ms) {
  return askRaw(pipe, { concurrency, ms, text: TEXT });
}

/** What one more session weighs that was opened, used once and left. */
async function sessions(wanted, folder) {
  const lines = [
    'KB of one session that was used once and left (heap and buffers; in brackets all memory of the process)',
  ];
  for (const contestant of wanted) {
    const { title, isSse, tool = 'echo', sessions: most } = contestant;
    if (most === undefined) continue;
    const count = Math.ceil(most * FORM.share);
    let running;
    try {
      running = await start(contestant, folder);
      const client = startChild([new URL('./load.mjs', import.meta.url).pathname]);
      running.children.push(client);
      const task = { task: 'leave', url: running.url, isSse, tool };
      await ask(client, { ...task, count: Math.ceil(count / 5) });
      const before = await settled(running);
      await ask(client, { ...task, count });
      const after = await settled(running);
      const each = (key) => Math.round((after[key] - before[key]) / count / 102.4) / 10;
      lines.push(`  ${title.padEnd(14)} ${each('heap')} (${each('rss')})`);
    } catch (error) {
      lines.push(`  ${title.padEnd(14)} – ${messageOf(error)}`);
    } finally {
      for (const child of running?.children ?? []) child.kill('SIGKILL');
    }
  }
  return lines.join('\n');
}

async function settled(running) {
  for (let round = 0; round < 3; round++) {
    await usedBy(running);
    await sleep(100);
  }
  return usedBy(running);
}

/** Starts the programs of a contestant; resolves when it listens. */
async function start({ name, config, programs }, folder) {
  const port = await freePort();
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(config ?? {}));
  const profile =
    values.profile !== undefined && name === 'plenum'
      ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
      : [];
  const children = programs({ port, file }).map((args) =>
    startChild(args, ['--expose-gc', '--import', METER, ...profile], {
      MCPORTER_CONFIG: file,
      XDG_STATE_HOME: folder,
      XDG_RUNTIME_DIR: folder,
    }),
  );
  try {
    await untilListening(port, children);
  } catch (error) {
    for (const child of children) child.kill('SIGKILL');
    throw error;
  }
  return { url: `http://127.0.0.1:${port}/mcp`, children, programs: [...children] };
}

/** @returns {import('node:child_process').ChildProcess} */
function startChild([file = '', ...args], execArgv = [], env = {}) {
  const child = fork(file, args, {
    execArgv,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.on('data', (chunk) => (complaint = `${complaint}${chunk}`.slice(-2_000)));
  child.on('error', () => {}); // Its end says so.
  child.once('close', () =>
    child.emit('gone', /^.*(?:Error|error).*$/m.exec(complaint)?.[0] ?? 'its process ended'),
  );
  return child;
}

async function usedBy({ programs }) {
  const used = await Promise.all(programs.map((child) => askRaw(child, {})));
  const sum = (of) => used.reduce((total, each) => total + of(each), 0);
  return {
    cpu: sum(({ cpu }) => cpu),
    heap: sum(({ memory }) => memory.heapUsed + memory.external),
    rss: sum(({ memory }) => memory.rss),
  };
}

async function ask(child, task) {
  const { value, error } = await askRaw(child, task);
  if (error !== undefined) throw new Error(error);
  return value;
}

function askRaw(child, message) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not done within ${LIMIT_MS / 1_000} s`)), LIMIT_MS);
    const onGone = (why) => reject(new Error(String(why)));
    child.once('gone', onGone);
    child.once('message', (answer) => {
      clearTimeout(timer);
      child.off('gone', onGone);
      resolve(answer);
    });
    child.send(message);
  });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function untilListening(port, children) {
  let why;
  for (const child of children) child.once('gone', (reason) => (why = reason));
  for (let tries = 0; tries < 300; tries++) {
    if (why !== undefined) throw new Error(String(why));
    const answer = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'OPTIONS' }).catch(() => undefined);
    await answer?.body?.cancel();
    // Some listen before their server is there.
    if (answer !== undefined) return sleep(1_500);
    await sleep(100);
  }
  throw new Error('does not listen');
}

/** @param {Awaited<ReturnType<typeof calls>>} rows */
function tableOf(rows) {
  const find = (title, atATime) => rows.find((row) => row.title === title && row.atATime === atATime);
  const cpuOf = (row) => (row === undefined || row.cpu.length === 0 ? NaN : medianOf(row.cpu));
  const lines = [['', 'revision', 'at a time', 'µs a call', 'CPU µs a call', '÷ floor']];
  for (const atATime of AT_A_TIME) {
    const floor = cpuOf(find('bare node:http', atATime)) + cpuOf(find('bare pipe', atATime));
    for (const row of rows.filter((each) => each.atATime === atATime)) {
      const failed = row.cpu.length === 0;
      const era = { legacy: 'older', modern: '2026-07-28', any: '' }[row.era] ?? '';
      lines.push([
        row.title,
        era,
        String(atATime),
        failed ? '–' : medianOf(row.wall).toFixed(0),
        failed ? '–' : cpuOf(row).toFixed(0),
        failed ? (row.why ?? '–') : (cpuOf(row) / floor).toFixed(2),
      ]);
    }
    lines.push(['floor (both)', '', String(atATime), '', floor.toFixed(0), '1.00']);
  }
  const widths = [0, 1, 2, 3, 4, 5].map((at) =>
    Math.max(...lines.map((line) => (at === 5 ? 0 : (line[at]?.length ?? 0)))),
  );
  return lines
    .map((line) =>
      line
        .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
