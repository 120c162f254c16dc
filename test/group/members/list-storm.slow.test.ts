import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually, settled } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { connectGroup } from '../../support/groups.ts';
import { ERAS, http, local, requestsOf, tools } from '../../support/servers.ts';
import { fixture } from '../../support/fixtures.ts';

const NOTIFICATIONS = 10_000;

describe('G11 a storm of list_changed', () => {
  it(`${NOTIFICATIONS} from a child process: a handful of fetches, and the last state`, async () => {
    const group = await connectGroup({
      servers: {
        stormy: fixture('group-storm.mjs', String(NOTIFICATIONS)),
        calm: { server: local({ tools: tools('echo') }) },
      },
    });
    const { content } = await group.callTool('stormy__storm');
    expect(content).toEqual([{ type: 'text', text: `${NOTIFICATIONS} sent` }]);
    await eventually('the last state', () => group.tools.has(`stormy__state_${NOTIFICATIONS}`));
    await group.callTool('calm__echo');
    const count = async (): Promise<number> => {
      const { structuredContent } = await group.callTool(`stormy__state_${NOTIFICATIONS}`);
      const { lists } = structuredContent as { lists: number };
      return lists;
    };
    await settled(() => group.catalog.version, 200);
    expect(await count()).toBeLessThan(30);
  });

  it.each(ERAS)(`${NOTIFICATIONS} from a server in this process (%s)`, async (era) => {
    const server = local({ era, tools: tools('t') });
    const group = await connectGroup({ servers: { a: { server } } });
    const log = new EventLog(group);
    for (let nr = 1; nr <= NOTIFICATIONS; nr++) server.setTools(tools(`t${nr}`));
    await eventually('the last state', () => group.tools.has(`a__t${NOTIFICATIONS}`));
    await settled(() => server.requests.length, 200);
    expect(requestsOf(server, 'tools/list').length).toBeLessThan(30);
    expect(log.of('overflow')).toEqual([]);
    expect(log.of('catalog').length).toBeLessThan(30);
  });
});

describe('G11 a list that changes with every answer', () => {
  it.each(ERAS)('is fetched again and again, but ever more slowly (%s)', async (era) => {
    const stormy = local({ era, tools: tools('echo'), faults: { listStorm: true } });
    const calm = local({ era, tools: tools('echo') });
    const group = await connectGroup({ servers: { stormy: { server: stormy }, calm: { server: calm } } });
    await group.refresh({ server: 'stormy' });
    const startedAt = performance.now();
    await eventually('the storm is on', () => requestsOf(stormy, 'tools/list').length >= 4);
    for (let nr = 0; nr < 200; nr++) await group.callTool('calm__echo');
    await eventually('a while has passed', () => performance.now() - startedAt > 1_500);
    const seconds = (performance.now() - startedAt) / 1_000;
    expect(requestsOf(stormy, 'tools/list').length / seconds, 'fetches per second').toBeLessThan(20);
    await group.callTool('stormy__echo');
    expect(requestsOf(calm, 'tools/list')).toHaveLength(1);
    await bounded('close', group.close());
    const fetched = requestsOf(stormy, 'tools/list').length;
    expect(await settled(() => requestsOf(stormy, 'tools/list').length, 300), 'no more after the end').toBe(
      fetched,
    );
  });

  it('over HTTP and in a child process, next to each other: both stay of use', async () => {
    const remote = await http({ tools: tools('echo'), faults: { listStorm: true } });
    const group = await connectGroup({
      servers: {
        remote: { url: remote.url },
        child: stdioSpec({ tools: tools('echo'), faults: { listStorm: true } }),
      },
    });
    for (let nr = 0; nr < 50; nr++)
      await Promise.all([group.callTool('remote__echo'), group.callTool('child__echo')]);
    await bounded('refresh', group.refresh());
    // However fast it changes, a reader sees one state: one storm tool of each, and the echo.
    expect(group.tools.size).toBe(4);
    await bounded('close', group.close());
  });
});
