import { parseArgs } from 'node:util';
import { CONTESTANTS } from './contestants.mjs';

export const USAGE = `Usage: npm run bench -- [options]

  --quick           few rounds: under three minutes, rough figures
  --smoke           one round without peers and without installing anything: shows that it works
  --soak[=<count>]  a soak of a million calls, or of <count>
  --only <names>    only these suites: calls, routing, connect, catalog, footprint, soak
  --case <text>     only cases of calls that have this in their name
  --with <names>    only these contestants
  --profile <dir>   CPU profiles of the cases of calls, one for each contestant
  --out <folder>    where the results go (default bench/results)
`;

const FULL = {
  rounds: 5,
  firstWarmMs: 3_000,
  warmMs: 300,
  ms: 600,
  routing: { pairs: 60, sliceMs: 60 },
  connect: {
    rounds: 3,
    sizes: [1, 8, 32, 100],
    hungAmong: [8, 32, 100],
    limitMs: 60_000,
    hungLimitMs: 12_000,
  },
  catalog: { rounds: 3, servers: 100, tools: 100, changes: 20 },
  footprint: { rounds: 5, stdio: 20, http: 400, inProcess: 400 },
  soakCalls: 100_000,
};

const QUICK = {
  rounds: 3,
  firstWarmMs: 300,
  warmMs: 20,
  ms: 80,
  routing: { pairs: 20, sliceMs: 30 },
  connect: { rounds: 1, sizes: [1, 8, 32], hungAmong: [8], limitMs: 8_000, hungLimitMs: 8_000 },
  catalog: { rounds: 1, servers: 100, tools: 100, changes: 5 },
  footprint: { rounds: 1, stdio: 5, http: 200, inProcess: 200 },
  soakCalls: 10_000,
};

const SMOKE = {
  rounds: 1,
  firstWarmMs: 20,
  warmMs: 10,
  ms: 30,
  routing: { pairs: 3, sliceMs: 10 },
  connect: { rounds: 1, sizes: [4], hungAmong: [4], limitMs: 12_000, hungLimitMs: 12_000 },
  catalog: { rounds: 1, servers: 10, tools: 100, changes: 2 },
  footprint: { rounds: 1, stdio: 2, http: 20, inProcess: 50 },
  soakCalls: 1_000,
};

/** What to run, from the command line. Throws what `parseArgs` throws. */
export function readOptions(args) {
  const { values } = parseArgs({
    // A bare --soak means a million; parseArgs knows no optional values.
    args: args.map((arg) => (arg === '--soak' ? '--soak=1000000' : arg)),
    options: {
      quick: { type: 'boolean' },
      smoke: { type: 'boolean' },
      soak: { type: 'string' },
      only: { type: 'string' },
      with: { type: 'string' },
      out: { type: 'string' },
      case: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const form = values.smoke ? 'smoke' : values.quick ? 'quick' : 'full';
  const effort = { full: FULL, quick: QUICK, smoke: SMOKE }[form];
  const chosen = values.with?.split(',');
  return {
    ...effort,
    form,
    help: values.help ?? false,
    soakCalls: values.soak === undefined ? effort.soakCalls : Number(values.soak),
    only: values.only?.split(','),
    out: values.out,
    profiles: values.profile,
    isWanted: (name) => name.includes(values.case ?? ''),
    isWhole: [values.only, values.with, values.case].every((choice) => choice === undefined),
    contestants: CONTESTANTS.filter(({ name, peer }) => chosen?.includes(name) ?? !(values.smoke && peer)),
  };
}
