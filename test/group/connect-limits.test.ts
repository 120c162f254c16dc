import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { http, local, tools } from '../support/servers.ts';
import { ledgerFile } from '../support/folders.ts';
import { mostAtOnce } from '../support/processes.ts';
import { starting } from './support/starting.ts';

describe('G13 bounded concurrency, measured at the servers', () => {
  it.each([1, 3])('with processes: %i, never more are coming up at once', async (processes) => {
    const ledger = ledgerFile();
    const group = await connectGroup({
      servers: starting(6, ledger, processes),
      concurrency: { processes },
      strict: true,
    });
    expect(mostAtOnce(ledger)).toBe(processes);
    expect(group.tools.size).toBe(6);
  });

  it('by default there are no waves of a few: servers that wait for each other are all there, and one that hangs changes nothing', async () => {
    const ledger = ledgerFile();
    const group = newGroup();
    const hung = failureOf(group.add('hung', stdioSpec({ faults: { neverInitialize: true } })));
    const waiting = Object.entries(starting(16, ledger, 16));
    await bounded('all', Promise.all(waiting.map(([name, spec]) => group.add(name, spec))));
    expect(mostAtOnce(ledger)).toBe(16);
    await group.destroy();
    expect((await hung).code).toBe('SESSION_CLOSED');
  });

  it('add() keeps to it as well', async () => {
    const ledger = ledgerFile();
    const group = newGroup({ concurrency: { processes: 2 } });
    await Promise.all(Object.entries(starting(6, ledger, 2)).map(([name, spec]) => group.add(name, spec)));
    expect(mostAtOnce(ledger)).toBe(2);
  });

  it('remote servers are counted by themselves', async () => {
    const hung = await Promise.all([1, 2].map(() => http({ faults: { neverInitialize: true } })));
    const [third, group] = [await http({ tools: tools('echo') }), newGroup({ concurrency: { remote: 2 } })];
    const controller = new AbortController();
    const waiting = hung.map(({ url }, nr) =>
      failureOf(group.add(`hung${nr}`, { url }, nr === 0 ? { signal: controller.signal } : {})),
    );
    await eventually('both are greeted', () => hung.every(({ requests }) => requests.length > 0));
    const adding = group.add('third', { url: third.url });
    // Neither a process nor a server in this process waits behind them.
    await Promise.all([group.add('process', stdioSpec()), group.add('here', { server: local() })]);
    expect(third.connections, 'it waits for its turn').toBe(0);
    controller.abort();
    await bounded('its turn has come', adding);
    await group.callTool('third__echo');
    await group.destroy();
    await Promise.all(waiting);
  });
});

describe("G13 connectTimeoutMs: the server's own beats the group's", () => {
  it('a longer one', async () => {
    const slow = { server: local({ startDelayMs: 700, tools: tools('echo') }) };
    const group = await connectGroup({
      servers: { patient: { ...slow, connectTimeoutMs: 20_000 } },
      connectTimeoutMs: 100,
    });
    expect(group.servers.get('patient')?.state).toBe('ready');
  });

  it('a shorter one', async () => {
    const hung = { server: local({ startDelayMs: 60_000 }) };
    const servers = { impatient: { ...hung, connectTimeoutMs: 200 } };
    const group = await bounded('connect', connectGroup({ servers, connectTimeoutMs: 60_000 }));
    expect(group.servers.get('impatient')).toMatchObject({
      state: 'connecting',
      attempt: 2,
      error: { code: 'TIMEOUT' },
    });
  });

  it('what add() is given beats both', async () => {
    const group = newGroup({ connectTimeoutMs: 60_000 });
    const spec = { server: local({ startDelayMs: 60_000 }), connectTimeoutMs: 50_000 };
    expect((await bounded('add', failureOf(group.add('a', spec, { connectTimeoutMs: 200 })))).code).toBe(
      'TIMEOUT',
    );
  });
});

describe('A global timeout silently overrides a per-server one', () => {
  const hangs = {
    tools: [
      { name: 'hang', does: { type: 'hang' as const } },
      { name: 'slow', does: { type: 'slow' as const, ms: 600 } },
    ],
  };

  it.each([
    ["the server's is shorter", 60_000, 150],
    ["the server's is the only one", undefined, 150],
    ["the group's is the only one", 150, undefined],
  ])('of a call: %s', async (_which, ofGroup, ofServer) => {
    const group = await connectGroup({
      servers: { s: { server: local(hangs), ...(ofServer !== undefined && { timeoutMs: ofServer }) } },
      ...(ofGroup !== undefined && { timeoutMs: ofGroup }),
    });
    expect((await bounded('the call', failureOf(group.callTool('s__hang')))).code).toBe('TIMEOUT');
  });

  it("of a call: the server's is longer", async () => {
    const servers = { own: { server: local(hangs), timeoutMs: 20_000 }, other: { server: local(hangs) } };
    const group = await connectGroup({ servers, timeoutMs: 150 });
    await group.callTool('own__slow');
    expect((await failureOf(group.callTool('other__slow'))).code).toBe('TIMEOUT');
    // The call itself has the last word.
    await group.callTool('other__slow', {}, { timeoutMs: 20_000 });
    expect((await failureOf(group.callTool('own__slow', {}, { timeoutMs: 150 }))).code).toBe('TIMEOUT');
  });
});
