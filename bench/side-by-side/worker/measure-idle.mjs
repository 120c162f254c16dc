import { setTimeout as sleep } from 'node:timers/promises';
import { collectGarbage } from './collect-garbage.mjs';

/**
 * Kibibytes that one more open session weighs: what is loaded or compiled with the first ones belongs to none of them.
 * @param {import('../types.d.ts').Contestant} contestant
 */
export async function measureIdle(contestant, { first, more }) {
  const warm = await contestant.open(first, () => {});
  await Promise.all(first.map(({ name }) => warm.bind(name, 'echo')({ text: 'warm' })));
  const before = await settle();
  const opened = await contestant.open(more, () => {});
  const after = await settle();
  await Promise.all([warm.close(), opened.close()]);
  const each = (key) => (after[key] - before[key]) / 1_024 / more.length;
  return { rss: each('rss'), heap: each('heapUsed') };
}

async function settle() {
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await sleep(50);
  }
  return process.memoryUsage();
}
