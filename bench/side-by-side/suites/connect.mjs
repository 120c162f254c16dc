import { stdioServers } from '../fleet.mjs';
import { eachAfresh } from '../turns.mjs';

const UNIT = 'ms';
const START_MS = 300;

/** How soon many slow servers can be used, and whether one that never answers holds the others up. */
export async function measureConnect(run) {
  const { sizes, hungAmong, rounds, limitMs, hungLimitMs } = run.options.connect;
  for (const size of sizes) {
    const name = `connect ${size} stdio server${size === 1 ? '' : 's'} of ${START_MS} ms`;
    await measureOpening(run, name, 'open', { servers: stdioServers(size, { startMs: START_MS }) });
  }
  for (const size of hungAmong) {
    const hung = [`s${size >> 1}`];
    const servers = stdioServers(size, { startMs: START_MS, hung });
    await measureOpening(run, `connect ${size} stdio servers, one hung: the others`, 'openAroundHung', {
      servers,
      hung,
    });
  }

  async function measureOpening({ results }, name, task, details) {
    await eachAfresh(
      run,
      rounds,
      async (contestant) => {
        const took = await contestant.run(task, details, {
          limitMs: task === 'open' ? limitMs : hungLimitMs,
        });
        results.record(name, UNIT, contestant.name, took);
        if (task === 'open') await contestant.close();
      },
      (contestant, reason) => results.missing(name, UNIT, contestant, reason),
    );
  }
}
