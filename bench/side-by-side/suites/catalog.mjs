import { HttpFleet, inProcessServers } from '../fleet.mjs';
import { eachAfresh, messageOf } from '../turns.mjs';

const LIMIT_MS = 60_000;

/** A catalog of many tools: making it, finding in it, and one server's change. */
export async function measureCatalog(run) {
  const { rounds, servers: count, tools } = run.options.catalog;
  const size = `${count} × ${tools} tools`;
  const fleet = await HttpFleet.start(count);
  await measureBuild(run, rounds, size, fleet.servers({ tools }), tools);
  fleet.close();
  for (const servers of [1, count]) {
    await measureChange(run, rounds, `one server's list change, ${servers} × ${tools} tools`, servers, tools);
  }
}

async function measureBuild(run, rounds, size, servers, tools) {
  const { results } = run;
  const build = [`catalog of ${size}: connect over HTTP and build`, 'ms'];
  const lookup = [`catalog of ${size}: lookup`, 'ns'];
  const sought = servers.flatMap(({ name }) => ['echo', `tool_${tools - 5}`].map((tool) => [name, tool]));
  const sayMissing = (contestant, reason) => {
    results.missing(...build, contestant, reason);
    results.missing(...lookup, contestant, reason);
  };
  const use = async (contestant) => {
    results.record(
      ...build,
      contestant.name,
      await contestant.run('open', { servers }, { limitMs: LIMIT_MS }),
    );
    try {
      results.record(
        ...lookup,
        contestant.name,
        await contestant.run('lookup', { tools: sought }, { limitMs: LIMIT_MS }),
      );
    } catch (error) {
      results.missing(...lookup, contestant.name, messageOf(error));
    }
    await contestant.close();
  };
  await eachAfresh(run, rounds, use, sayMissing);
}

async function measureChange(run, rounds, title, count, tools) {
  const { results, options } = run;
  const name = [`${title}, servers in the process`, 'CPU ms'];
  const servers = inProcessServers(count, { tools });
  const use = async (contestant) => {
    const details = { servers, changes: options.catalog.changes };
    results.record(...name, contestant.name, await contestant.run('change', details, { limitMs: LIMIT_MS }));
  };
  await eachAfresh(run, rounds, use, (contestant, reason) => results.missing(...name, contestant, reason));
}
