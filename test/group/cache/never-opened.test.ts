import { describe, expect, it } from 'vitest';
import { memoryCatalogCache, type SessionGroup } from '../../../src/index.ts';
import { eventually, settled } from '../../support/eventually.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { ERAS, local, tools } from '../../support/servers.ts';

const NEVER = { connect: 'never', idleMs: Infinity } as const;

describe.each(ERAS)('P8 a lazy server that is never opened just to be listed (%s)', (era) => {
  it('is idle after connect and add, and offers nothing', async () => {
    const [a, b, other] = [
      local({ era, tools: tools('x') }),
      local({ era, tools: tools('x') }),
      local({ tools: tools('y') }),
    ];
    const group = await connectGroup({
      servers: { a: { server: a, lazy: NEVER }, other: { server: other } },
      strict: true,
    });
    await group.add('b', { server: b, lazy: NEVER });
    await settled(() => a.connections + b.connections, 100);
    expect([a.connections, b.connections]).toEqual([0, 0]);
    expect(group.servers.get('a')).toMatchObject({ state: 'idle', counts: { tools: 0 }, listErrors: {} });
    expect([...group.tools.keys()]).toEqual(['other__y']);
    await group.refresh();
    await group.ping();
    await group.ready();
    expect(a.connections).toBe(0);
  });

  const OPENERS: [string, (group: SessionGroup) => Promise<unknown>][] = [
    ['refresh({ server })', (group) => group.refresh({ server: 'a' })],
    ['ping({ server })', (group) => group.ping({ server: 'a' })],
    ['reconnect()', (group) => group.reconnect()],
    ['a call on its session', (group) => group.session('a').callTool('x')],
    ['listing on its session', (group) => group.session('a').listTools()],
  ];

  it.each(OPENERS)('%s opens it, and then its entries are there', async (_how, open) => {
    const server = local({ era, tools: tools('x') });
    const group = await connectGroup({ servers: { a: { server, lazy: NEVER } } });
    await open(group);
    await eventually('the tool', () => group.tools.has('a__x'));
    expect(server.connections).toBe(1);
    await group.callTool('a__x');
  });

  it('a call of a tool that it may have says what to do', async () => {
    const group = await connectGroup({
      servers: { a: { server: local({ era, tools: tools('x') }), lazy: NEVER } },
    });
    const error = await failureOf(group.callTool('a__x'));
    expect(error.message).toContain('Not ready: "a" (idle)');
    expect(error.message).toContain('refresh()');
    expect(error.data).toMatchObject({ unready: [{ server: 'a', state: 'idle', expected: true }] });
  });

  it('is known by the cache the next time, and sleeps when nobody uses it', async () => {
    const server = local({ era, tools: tools('x') });
    const servers = { a: { server, lazy: { connect: 'never', idleMs: 20 } } } as const;
    const catalogCache = memoryCatalogCache();
    const first = await connectGroup({ servers, catalogCache });
    await first.refresh({ server: 'a' });
    await eventually('it sleeps', () => first.servers.get('a')?.state === 'idle');
    const second = await connectGroup({ servers, catalogCache });
    expect([...second.tools.keys()]).toEqual(['a__x']);
    expect(server.connections).toBe(1);
    await second.callTool('a__x');
  });
});

describe('P8 the option', () => {
  it.each(['always', '', null, 5])('connect: %s is refused', async (connect) => {
    const adding = newGroup().add('a', { server: local(), lazy: { connect } as never });
    expect((await failureOf(adding)).code).toBe('CONFIG_INVALID');
  });

  it('is no option of a manager', async () => {
    const { SessionManager } = await import('../../../src/index.ts');
    const spec = { server: local(), lazy: NEVER };
    expect(thrownBy(() => new SessionManager({ servers: { a: spec } })).code).toBe('CONFIG_INVALID');
  });
});
