import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionManager } from '../../../src/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { stateOf, untilState } from '../support/lazy.ts';
import { ERAS, local, tools } from '../../support/servers.ts';

describe.each(ERAS)('a group on a SessionManager (%s)', (era) => {
  const start = (max: number) => {
    const server = local({ era, tools: tools('echo') });
    const manager = new SessionManager({
      servers: { s: { server: () => server } },
      pool: { maxPerServer: max },
    });
    onTestFinished(() => manager.destroy());
    return { server, manager };
  };

  it('leases while it is there, and releases', async () => {
    const { server, manager } = start(4);
    const group = await connectGroup({
      servers: { s: { source: manager, principal: 'alice' } },
      strict: true,
    });
    await group.callTool('s__echo');
    await group.close();
    const again = await connectGroup({
      servers: { s: { source: manager, principal: 'alice' } },
      strict: true,
    });
    await again.callTool('s__echo');
    expect(server.connections, 'the same session').toBe(1);
    const other = await connectGroup({ servers: { s: { source: manager, principal: 'bob' } }, strict: true });
    await other.callTool('s__echo');
    expect(server.connections, 'one of his own').toBe(2);
  });

  it('lazy groups take turns with one session', async () => {
    const { server, manager } = start(1);
    const spec = { source: manager, lazy: { idleMs: 20 } };
    const a = await connectGroup({ servers: { s: spec }, strict: true });
    const b = await connectGroup({ servers: { s: spec }, strict: true });
    for (let nr = 0; nr < 3; nr++) {
      await bounded('a', a.callTool('s__echo'));
      await bounded('b', b.callTool('s__echo'));
    }
    await untilState(a, 'idle');
    await untilState(b, 'idle');
    expect(server.connections).toBe(1);
  });

  it('the manager closes: the group says so, and does not ask again', async () => {
    const { manager } = start(1);
    const group = await connectGroup({ servers: { s: { source: manager } } });
    await bounded('destroy', manager.destroy());
    await eventually('it has given up', () => stateOf(group) === 'failed');
    expect(await failureOf(group.callTool('s__echo'))).toMatchObject({
      code: 'NOT_CONNECTED',
      cause: { code: 'SESSION_CLOSED' },
    });
    await bounded('close', group.close());
  });

  it('that does not know the server: UNKNOWN_SERVER', async () => {
    const { manager } = start(1);
    const group = await connectGroup({ servers: { x: { source: manager } } });
    expect(group.servers.get('x')).toMatchObject({ state: 'failed', error: { code: 'UNKNOWN_SERVER' } });
  });
});
