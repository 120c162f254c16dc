import { fork } from 'node:child_process';
import { HttpFleet, inProcessServers, stdioServers } from '../fleet.mjs';
import { eachAfresh, eachInTurn } from '../turns.mjs';

const IMPORTER = new URL('../worker/import-package.mjs', import.meta.url);
const LIMIT_MS = 60_000;
// What was never used of a large nursery would hide what a session weighs.
const FLAGS = ['--max-semi-space-size=1'];

/** What it costs to have it loaded, and to have sessions open that do nothing. */
export async function measureFootprint(run) {
  await measureImports(run);
  const { stdio, http, inProcess } = run.options.footprint;
  const renamed = (servers) => servers.map((server) => ({ ...server, name: `first-${server.name}` }));
  await measureIdle(run, 'stdio', renamed(stdioServers(2, { tools: 1 })), stdioServers(stdio, { tools: 1 }));

  const fleet = await HttpFleet.start(http);
  const servers = fleet.servers({ tools: 1 });
  await measureIdle(run, 'HTTP', renamed(servers.slice(0, http / 4)), servers);
  fleet.close();

  const local = inProcessServers(inProcess, { tools: 1 });
  await measureIdle(run, 'in-process', renamed(local.slice(0, inProcess / 4)), local);
}

async function measureImports({ options, results }) {
  const time = ['import', 'ms'];
  const memory = ['RSS after import', 'MB'];
  await eachInTurn(
    options.contestants,
    options.footprint.rounds,
    async ({ name, packages }) => {
      const { milliseconds, rss } = await importInto(packages);
      results.record(...time, name, milliseconds);
      results.record(...memory, name, rss);
    },
    ({ name }, reason) => {
      results.missing(...time, name, reason);
      results.missing(...memory, name, reason);
    },
  );
}

function importInto(packages) {
  const child = fork(IMPORTER, packages, {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => reject(new Error('could not be loaded')));
  });
}

async function measureIdle(run, title, first, more) {
  const { results } = run;
  const rss = [`RSS of one idle ${title} session`, 'KB'];
  const heap = [`heap of one idle ${title} session`, 'KB'];
  const use = async (contestant) => {
    const measured = await contestant.run('idle', { first, more }, { limitMs: LIMIT_MS });
    results.record(...rss, contestant.name, measured.rss);
    results.record(...heap, contestant.name, measured.heap);
  };
  const sayMissing = (contestant, reason) => {
    results.missing(...rss, contestant, reason);
    results.missing(...heap, contestant, reason);
  };
  await eachAfresh(run, run.options.footprint.rounds, use, sayMissing, FLAGS);
}
