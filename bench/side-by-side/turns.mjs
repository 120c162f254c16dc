import { ContestantProcess } from './contestant-process.mjs';

const OPEN_LIMIT_MS = 60_000;

/** Lets the contestants take turns for so many rounds, another one first each time. One that fails is out. */
export async function eachInTurn(contestants, rounds, measure, onFailure) {
  const out = new Set();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round) % contestants.length];
      if (out.has(contestant)) continue;
      try {
        await measure(contestant, round);
      } catch (error) {
        out.add(contestant);
        onFailure(contestant, messageOf(error));
      }
    }
  }
}

/** Starts every contestant with these servers, and checks that its calls come back right. */
export async function openAll({ options }, servers, onMissing) {
  const opened = await Promise.all(
    options.contestants.map(({ name }) =>
      openOne(name, servers).catch((error) => {
        onMissing(name, messageOf(error));
      }),
    ),
  );
  return opened.filter((contestant) => contestant !== undefined);
}

async function openOne(name, servers) {
  const contestant = await ContestantProcess.start(name, { limitMs: OPEN_LIMIT_MS });
  try {
    await contestant.run('open', { servers }, { limitMs: OPEN_LIMIT_MS });
    const names = servers.map((server) => server.name);
    contestant.facts = await contestant.run('probe', { servers: names }, { limitMs: OPEN_LIMIT_MS });
    return contestant;
  } catch (error) {
    contestant.kill();
    throw error;
  }
}

/** @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Runs one task in fresh processes, in turns; `use` may ask for more before the process ends.
 * @param {{ options: ReturnType<typeof import('./options.mjs').readOptions> }} run
 * @param {number} rounds
 * @param {(contestant: ContestantProcess) => Promise<void>} use
 * @param {(name: string, reason: string) => void} onFailure
 * @param {string[]} flags
 */
export function eachAfresh({ options }, rounds, use, onFailure, flags = []) {
  return eachInTurn(
    options.contestants,
    rounds,
    async ({ name }) => {
      const contestant = await ContestantProcess.start(name, { limitMs: OPEN_LIMIT_MS, flags });
      try {
        await use(contestant);
      } finally {
        contestant.kill();
      }
    },
    ({ name }, reason) => onFailure(name, reason),
  );
}
