import { HttpFleet, inProcessServers, stdioServers } from '../fleet.mjs';
import { eachAfresh } from '../turns.mjs';

const LIMIT_MS = 60_000;

/** What a call through the group costs over the same call on the session below it, slice by slice in one process. */
export async function measureRouting(run) {
  const { options, results } = run;
  const fleet = await HttpFleet.start(4);
  const kinds = {
    'in-process': inProcessServers(4),
    stdio: stdioServers(4),
    HTTP: fleet.servers(),
  };
  const ours = { ...run, options: { ...options, contestants: options.contestants.filter(isOurs) } };
  for (const [kind, servers] of Object.entries(kinds)) {
    const name = [`group over its own session, ${kind}, 8 at a time`, '×'];
    const use = async (contestant) => {
      await contestant.run('open', { servers }, { limitMs: LIMIT_MS });
      const details = { servers: servers.map((server) => server.name), ...options.routing };
      results.record(
        ...name,
        contestant.name,
        await contestant.run('routing', details, { limitMs: LIMIT_MS }),
      );
      await contestant.close();
    };
    await eachAfresh(ours, 1, use, (contestant, reason) => results.missing(...name, contestant, reason));
    for (const each of options.contestants) {
      if (!isOurs(each)) results.missing(...name, each.name, 'has no sessions below a group');
    }
  }
  fleet.close();
}

function isOurs({ name }) {
  return name === 'plenum';
}
