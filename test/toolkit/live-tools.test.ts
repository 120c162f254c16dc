import { describe, expect, it } from 'vitest';
import { liveTools } from '../../src/toolkit/live-tools.ts';
import { eventually } from '../support/eventually.ts';
import { connectGroup } from '../support/groups.ts';
import { local, tools } from '../support/servers.ts';

describe('M9 tools that follow a catalog', () => {
  it('are expressed once, and again only when their definition changes', async () => {
    const servers = { a: local({ tools: tools('x', 'y') }), b: local({ tools: tools('z') }) };
    const group = await connectGroup({ servers: { a: { server: servers.a }, b: { server: servers.b } } });
    const expressed: string[] = [];
    const current = liveTools(group, (name, { description = '' }) => {
      expressed.push(name);
      return { expressed: `${name}: ${description}` };
    });
    expect(expressed).toEqual([]);
    expect(current()).toBe(current());
    expect(expressed.splice(0)).toEqual(['a__x', 'a__y', 'b__z']);

    servers.a.setTools([{ name: 'x' }, { name: 'y', description: 'new' }]);
    await eventually('the change', () => current().tools.get('a__y') === 'a__y: new');
    expect(expressed).toContain('a__y');
    expect(expressed).not.toContain('b__z');
  });

  it('are not there when they cannot be expressed, and the rest is', async () => {
    const server = local({ tools: tools('good', 'bad') });
    const group = await connectGroup({ servers: { box: { server } } });
    const current = liveTools(group, (name) =>
      name === 'box__bad' ? { problem: 'It is bad.' } : { expressed: name },
    );
    const { tools: shown, problems } = current();
    expect([...shown]).toEqual([['box__good', 'box__good']]);
    expect(problems).toEqual([{ tool: 'box__bad', server: 'box', problem: 'It is bad.' }]);
    server.setTools(tools('good'));
    await eventually('the problem is gone', () => current().problems.length === 0);
    expect(problems).toHaveLength(1);
  });
});
