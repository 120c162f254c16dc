// Some servers may be asked only so often: their calls wait for their turn, those of the others do not.
import { setTimeout as sleep } from 'node:timers/promises';
import { SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

/**
 * An interceptor: no more than `calls` begin within `perMs`, by server. Put it last, so that what other interceptors try
 * again is counted, too. `tell` hears of each wait.
 */
function limitRates(limits, tell) {
  const latest = new Map(Object.keys(limits).map((server) => [server, []]));

  return async ({ server, signal }, next) => {
    const starts = latest.get(server);
    if (starts === undefined) return next();
    const { calls, perMs } = limits[server];
    const now = performance.now();
    const at = starts.length < calls ? now : Math.max(now, starts[0] + perMs);
    starts.push(at);
    if (starts.length > calls) starts.shift();
    if (at > now) {
      tell(server, at - now);
      await sleep(at - now, undefined, { signal }); // Nobody waits for a caller who gives up.
    }
    return next();
  };
}

const tell = (server, ms) => console.log(`${server} waits for ${(ms / 1000).toFixed(1)} s`);
const group = await SessionGroup.connect({
  servers: {
    search: { server: inProcess({ tools: [{ name: 'find' }] }) },
    notes: { server: inProcess({ tools: [{ name: 'list' }] }) },
  },
  interceptors: [limitRates({ search: { calls: 2, perMs: 500 } }, tell)],
});

const call = async (tool, nr) => {
  await group.callTool(tool, { nr });
  console.log(`${tool} ${nr}`);
};
await Promise.all([1, 2, 3, 4].flatMap((nr) => [call('search__find', nr), call('notes__list', nr)]));
await group.close();
