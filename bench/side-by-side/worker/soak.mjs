import { collectGarbage } from './collect-garbage.mjs';

const SAMPLES = 20;
const CONCURRENCY = 64;
const MEBIBYTE = 1_048_576;

/**
 * Calls and calls; memory is read at every twentieth, after a collection. Growth counts from the first tenth on.
 * @param {import('../types.d.ts').Opened} opened
 */
export async function soak(opened, { servers, count }) {
  const calls = servers.map((server) => opened.bind(server, 'echo'));
  const args = { text: 'x'.repeat(100) };
  const samples = [];
  const startedAt = performance.now();
  for (let sample = 1; sample <= SAMPLES; sample++) {
    let left = Math.ceil(count / SAMPLES);
    const callAgain = async () => {
      while (left-- > 0) await calls[left % calls.length](args);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, callAgain));
    collectGarbage();
    const { heapUsed, rss } = process.memoryUsage();
    samples.push({
      calls: Math.ceil((count / SAMPLES) * sample),
      heap: heapUsed / MEBIBYTE,
      rss: rss / MEBIBYTE,
    });
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const later = samples.slice(SAMPLES / 10 - 1);
  const growth = (key) => Math.max(...later.map((sample) => sample[key])) - later[0][key];
  return { seconds, heapGrowth: growth('heap'), rssGrowth: growth('rss'), samples };
}
