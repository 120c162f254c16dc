import { setTimeout as sleep } from 'node:timers/promises';

// Changes close upon each other are fetched with ever longer pauses, which cost time but no work.
const PAUSE_MS = 150;
const LIMIT_MS = 10_000;

/**
 * CPU milliseconds for each change of one server's list: announcement, fetch, checks, commit, and the server's own part,
 * which is small. The servers are in this process.
 * @param {import('../types.d.ts').Contestant} contestant
 */
export async function measureChange(contestant, { servers, changes }) {
  let changed = () => {};
  const opened = await contestant.open(servers, () => {}, { onChanged: () => changed() });
  const changeTools = changerOf(opened);
  const server = servers[servers.length >> 1].name;
  for (let round = 0; round < 3; round++) await change(`warm ${round}`);

  // What passes while nothing happens is nobody's.
  const idle = await cpuOf(() => sleep(PAUSE_MS * changes));
  const busy = await cpuOf(async () => {
    for (let round = 0; round < changes; round++) await change(round);
  });
  await opened.close();
  return Math.max(0, busy - idle) / changes;

  async function change(round) {
    /** @type {Promise<void>} */
    const seen = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('did not notice the change')), LIMIT_MS);
      changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    changeTools(server, round);
    await seen;
    await sleep(PAUSE_MS);
  }
}

/** @param {import('../types.d.ts').Opened} opened */
function changerOf({ change }) {
  if (change === undefined) throw new Error('has no catalog that follows its servers');
  return change;
}

async function cpuOf(act) {
  const before = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
