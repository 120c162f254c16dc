import { describe, expect, it } from 'vitest';
import type { GroupServerSpec } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { learn } from '../support/lazy.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';

describe('G5 one server with a naming of its own', () => {
  it('bare beside prefixed, a function beside both', async () => {
    const group = await connectGroup({
      servers: {
        a: { server: local({ tools: tools('one') }) },
        b: { server: local({ tools: tools('two') }), naming: 'bare' },
        c: { server: local({ tools: tools('three') }), naming: (name, { server }) => `${server}.${name}` },
      },
    });
    expect([...group.tools.keys()]).toEqual(['a__one', 'two', 'c.three']);
    for (const name of group.tools.keys()) await group.callTool(name);
  });

  it('prefixed in a group that is bare', async () => {
    const group = await connectGroup({
      servers: {
        a: { server: local({ tools: tools('one') }) },
        b: { server: local({ tools: tools('one') }), naming: 'prefixed' },
      },
      naming: 'bare',
      strict: true,
    });
    expect([...group.tools.keys()]).toEqual(['one', 'b__one']);
  });

  it.each([
    ['the bare one comes second', 'prefixed', 'bare'],
    ['the bare one comes first', 'bare', 'prefixed'],
  ] as const)(
    'a tool whose bare name is what another has by prefix is refused: %s',
    async (_, first, second) => {
      const named = (naming: 'bare' | 'prefixed') => ({
        server: local({ tools: tools(naming === 'bare' ? 'p__x' : 'x') }),
        naming,
      });
      const nameOf = (naming: 'bare' | 'prefixed') => (naming === 'bare' ? 'b' : 'p');
      const group = newGroup();
      await group.add(nameOf(first), named(first));
      const error = await failureOf(group.add(nameOf(second), named(second)));
      expect([error.code, error.server]).toEqual(['NAME_COLLISION', nameOf(second)]);
      expect(group.tools.get('p__x')?.server).toBe(nameOf(first));
    },
  );

  it.each([
    ['prefixed', 'bare'],
    ['bare', 'prefixed'],
  ] as const)('a URI that a bare server has is nobody else’s: %s, then %s', async (first, second) => {
    const shared = () => local({ resources: [{ uri: 'file:///a' }] });
    const group = newGroup();
    await group.add('first', { server: shared(), naming: first });
    const error = await failureOf(group.add('second', { server: shared(), naming: second }));
    expect(error.code).toBe('NAME_COLLISION');
    await group.remove('first');
    await group.add('second', { server: shared(), naming: second });
    expect(group.resources.get('file:///a')?.server).toBe('second');
  });
});

describe('filters on the tools of one server', () => {
  it('decide what is listed and what can be called alike', async () => {
    const server = local({ tools: tools('read_a', 'read_b', 'read_secret', 'write_a') });
    const group = await connectGroup({
      servers: {
        s: { server, allow: ['read_*'], deny: ['*secret*'] },
        o: { server: local({ tools: tools('write_a') }) },
      },
    });
    expect([...group.tools.keys()]).toEqual(['s__read_a', 's__read_b', 'o__write_a']);
    expect(group.servers.get('s')?.counts.tools).toBe(2);
    for (const name of ['s__read_secret', 's__write_a']) {
      const error = await failureOf(group.callTool(name));
      expect(error.code).toBe('UNKNOWN_TOOL');
      expect(error.message.replace(name, ''), 'what is suggested').not.toMatch(/secret|s__write/);
    }
    expect(requestsOf(server, 'tools/call')).toEqual([]);
    await group.callTool('s__read_a');
  });

  it('hold for what a server comes to list later', async () => {
    const server = local({ tools: tools('read') });
    const group = await connectGroup({ servers: { s: { server, deny: ['drop*'] } } });
    const log = new EventLog(group);
    server.setTools(tools('read', 'drop_all', 'fresh'));
    await eventually('the change', () => group.tools.has('s__fresh'));
    expect([...group.tools.keys()]).toEqual(['s__read', 's__fresh']);
    expect(log.of('catalog')).toMatchObject([{ diff: { tools: { added: ['s__fresh'] } } }]);
  });

  it('a tool that is not on offer takes nobody’s name', async () => {
    const group = await connectGroup({
      servers: {
        a: { server: local({ tools: tools('same', 'other') }), deny: ['same'] },
        b: { server: local({ tools: tools('same') }) },
      },
      naming: 'bare',
      strict: true,
    });
    expect(group.tools.get('same')?.server).toBe('b');
  });

  it('a naming function is not asked about it', async () => {
    const asked: string[] = [];
    const naming = (name: string): string => {
      asked.push(name);
      return name;
    };
    await connectGroup({
      servers: { s: { server: local({ tools: tools('yes', 'no') }), allow: ['yes'], naming } },
    });
    expect(asked).toEqual(['yes']);
  });

  it('leave resources and prompts alone', async () => {
    const server = local({ tools: tools('t'), resources: [{ uri: 'file:///t' }], prompts: [{ name: 't' }] });
    const group = await connectGroup({ servers: { s: { server, allow: [] } } });
    expect([group.tools.size, group.resources.size, group.prompts.size]).toEqual([0, 1, 1]);
  });

  it('are no part of what a lazy server is known by: another filter needs no start', async () => {
    const server = local({ tools: tools('a', 'b') });
    const catalogCache = await learn({ servers: { s: { server, lazy: true, allow: ['a'] } } });
    const group = await connectGroup({ servers: { s: { server, lazy: true, allow: ['b'] } }, catalogCache });
    expect([...group.tools.keys()]).toEqual(['s__b']);
    expect(server.connections).toBe(1);
  });

  it.each([
    [{ allow: 'read' }],
    [{ deny: {} }],
    [{ allow: [''] }],
    [{ deny: [1] }],
    [{ naming: 'odd' }],
    [{ naming: 7 }],
  ])('%o is CONFIG_INVALID, and nothing is opened', async (options) => {
    const server = local();
    const spec = { server, ...options } as unknown as GroupServerSpec;
    const error = await failureOf(connectGroup({ servers: { o: { server }, s: spec } }));
    expect([error.code, error.server, server.connections]).toEqual(['CONFIG_INVALID', 's', 0]);
  });
});
