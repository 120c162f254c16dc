import { describe, expect, it } from 'vitest';
import { SessionGroup, openSession } from '../../src/index.ts';
import { inProcess, serveHttp, stdioSpec } from '../../src/testing/index.ts';
import { eventually } from '../support/eventually.ts';

const tools = [{ name: 'echo' }];

describe('G14 the end of a group waits for what was taken out', () => {
  it.each(['close', 'destroy'] as const)('%s() right behind remove()', async (end) => {
    const group = new SessionGroup();
    await group.add('stubborn', {
      ...stdioSpec({ tools, faults: { ignoreTermination: true } }),
      closeGraceMs: 300,
      terminateGraceMs: 300,
    });
    const pid = group.servers.get('stubborn')?.pid ?? 0;
    const removed = group.remove('stubborn');
    await group[end]();
    expect(() => process.kill(pid, 0)).toThrow();
    await removed;
  });
});

describe('G4 a server whose session was closed by its handle', () => {
  it('does not come back with refresh()', async () => {
    await using server = inProcess({ tools });
    const group = await SessionGroup.connect({ servers: { a: { server } } });
    await group.session('a').close();
    await group.refresh();
    expect(group.tools.size).toBe(0);
    await group.close();
  });

  it('leaves its names to whoever waited for them', async () => {
    await using first = inProcess({ tools });
    await using second = inProcess({ tools: [] });
    const group = await SessionGroup.connect({
      servers: { a: { server: first }, b: { server: second } },
      naming: 'bare',
    });
    second.setTools(tools);
    await eventually('the collision', () => group.servers.get('b')?.collisions.length === 1);
    await group.session('a').close();
    await eventually('the heir', () => group.tools.get('echo')?.server === 'b');
    expect((await group.callTool('echo')).isError).not.toBe(true);
    await group.close();
  });
});

describe('G12 the log level of one server', () => {
  it('stays its own when it comes back, whatever the others have', async () => {
    await using server = inProcess({ era: 'legacy', capabilities: { logging: {}, tools: {} }, tools });
    const group = await SessionGroup.connect({ servers: { a: { server } } });
    await group.setLoggingLevel('warning');
    await group.setLoggingLevel('debug', { server: 'a' });
    await group.reconnect();
    await group.ping();
    const levels = server.requests.filter(({ method }) => method === 'logging/setLevel');
    expect(levels.map(({ params }) => params?.['level'])).toEqual(['warning', 'debug', 'debug']);
    await group.close();
  });
});

describe('G3 an adopted session of the modern era', () => {
  it('is left without the streams that the group opened in it', async () => {
    await using server = await serveHttp({
      tools,
      era: 'modern',
      capabilities: { tools: { listChanged: true } },
    });
    const owner = await openSession(server.url);
    const { client } = owner;
    if (client === undefined) throw new Error('not connected');
    const before = server.openSockets;
    const group = new SessionGroup();
    for (let round = 0; round < 3; round++) {
      await group.adopt('mine', client);
      await group.remove('mine');
    }
    await eventually('the streams are gone', () => server.openSockets <= before + 1);
    expect((await owner.callTool('echo')).isError).not.toBe(true);
    await group.close();
    await owner.close();
  });
});

describe('G15 an entry of the catalog', () => {
  it('cannot be changed by a reader', async () => {
    await using server = inProcess({ tools });
    const group = await SessionGroup.connect({ servers: { a: { server } } });
    const entry = group.tools.get('a__echo');
    expect(() => Object.assign(entry ?? {}, { upstreamName: 'other' })).toThrow(TypeError);
    expect((await group.callTool('a__echo')).isError).not.toBe(true);
    await group.close();
  });
});
