import { HttpFleet, stdioServers } from '../fleet.mjs';
import { eachAfresh } from '../turns.mjs';

const SOAKED = ['official', 'plenum'];
// A machine that does a thousand calls in a second gets through.
const PER_CALL_LIMIT_MS = 1;
const OPENING_LIMIT_MS = 30_000;

/** Very many calls over both transports at once, and what they leave in memory. */
export async function measureSoak(run) {
  const { options, results } = run;
  const count = options.soakCalls;
  const title = `${count.toLocaleString('en')} calls`;
  const heap = [`soak, ${title}: heap growth after the first tenth`, 'MB'];
  const rss = [`soak, ${title}: RSS growth after the first tenth`, 'MB'];
  const fleet = await HttpFleet.start(4);
  const servers = [...stdioServers(4), ...fleet.servers({ prefix: 'h' })];
  const soaked = {
    ...run,
    options: { ...options, contestants: options.contestants.filter(({ name }) => SOAKED.includes(name)) },
  };
  const use = async (contestant) => {
    await contestant.run('open', { servers }, { limitMs: OPENING_LIMIT_MS });
    const details = { servers: servers.map(({ name }) => name), count };
    const limitMs = OPENING_LIMIT_MS + count * PER_CALL_LIMIT_MS;
    const { heapGrowth, rssGrowth, seconds, samples } = await contestant.run('soak', details, { limitMs });
    results.record(...heap, contestant.name, heapGrowth);
    results.record(...rss, contestant.name, rssGrowth);
    const curve = samples.map((sample) => sample.heap.toFixed(1)).join(' ');
    results.note(
      ...heap,
      `${contestant.name}: ${seconds.toFixed(0)} s; heap in MB at each twentieth: ${curve}`,
    );
    await contestant.close();
  };
  await eachAfresh(soaked, 1, use, (contestant, reason) => {
    results.missing(...heap, contestant, reason);
    results.missing(...rss, contestant, reason);
  });
  for (const { name } of options.contestants.filter((contestant) => !SOAKED.includes(contestant.name))) {
    results.missing(...heap, name, 'not soaked');
    results.missing(...rss, name, 'not soaked');
  }
  fleet.close();
}
