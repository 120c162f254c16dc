import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Transport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { GroupServerSpec } from '../../../src/index.ts';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { newGroup } from '../../support/groups.ts';
import { http, local, requestsOf, tools } from '../../support/servers.ts';
import { expectGoneForGood, runningPids, startedPids } from '../../support/processes.ts';
import { gate } from '../../support/raw-server.ts';
import { ledgerFile } from '../../support/folders.ts';

const REASON = new Error('the user left');

/** Adds a server and gives up as soon as `when` holds. */
async function addAndGiveUp(spec: GroupServerSpec, when: () => boolean): Promise<void> {
  const group = newGroup();
  await group.add('witness', { server: local({ tools: tools('echo') }) });
  const before = group.catalog;
  const controller = new AbortController();
  const adding = failureOf(group.add('bad', spec, { signal: controller.signal }));
  await eventually('the moment to give up', when);
  expect(group.servers.get('bad')?.state, 'visible while it is on its way').toBeDefined();
  controller.abort(REASON);
  const error = await bounded('add() gives up', adding);
  expect(error).toMatchObject({ code: 'ABORTED', server: 'bad', cause: REASON });
  expect([...group.servers.keys()]).toEqual(['witness']);
  expect(group.catalog).toBe(before);
  await group.callTool('witness__echo');
}

describe('G2 an add() that is aborted leaves nothing behind, at each stage', () => {
  it('before it began: nothing is opened', async () => {
    const group = newGroup();
    const ledger = ledgerFile();
    const spec = stdioSpec({ ledgerFile: ledger });
    const error = await failureOf(group.add('bad', spec, { signal: AbortSignal.abort(REASON) }));
    expect(error).toMatchObject({ code: 'ABORTED', cause: REASON });
    expect(group.servers.size).toBe(0);
    await expectGoneForGood(ledger);
    expect(startedPids(ledger)).toEqual([]);
  });

  it.each<[string, ServerScript]>([
    ['while the process starts', { startDelayMs: 60_000 }],
    ['while it does not answer', { faults: { neverInitialize: true } }],
    ['while it does not answer, nor obey', { faults: { neverInitialize: true, ignoreTermination: true } }],
    ['while it lists', { tools: tools('echo'), faults: { ignore: ['tools/list'] } }],
    [
      'while one list of four is missing',
      { tools: tools('echo'), prompts: [], faults: { ignore: ['prompts/list'] } },
    ],
  ])('%s', async (_stage, script) => {
    const ledger = ledgerFile();
    const spec = {
      ...stdioSpec({ ...script, ledgerFile: ledger }),
      closeGraceMs: 200,
      terminateGraceMs: 200,
    };
    await addAndGiveUp(spec, () => startedPids(ledger).length > 0);
    await expectGoneForGood(ledger);
  });

  it.each<[string, ServerScript, string]>([
    [
      'while the remote server is greeted',
      { faults: { ignore: ['server/discover', 'initialize'] } },
      'server/discover',
    ],
    ['while the remote server lists', { tools: [], faults: { ignore: ['tools/list'] } }, 'tools/list'],
  ])('%s', async (_stage, script, method) => {
    const server = await http(script);
    await addAndGiveUp({ url: server.url }, () => requestsOf(server, method).length > 0);
    await eventually('its sockets are closed', () => server.openSockets === 0);
    const requests = server.requests.length;
    await expectGoneForGood(ledgerFile());
    expect(server.requests, 'no more is asked').toHaveLength(requests);
  });

  it('while the network swallows everything', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket.resume());
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    });
    onTestFinished(() => void silent.close());
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    await addAndGiveUp({ url: `http://127.0.0.1:${port}/mcp` }, () => sockets.size > 0);
    await eventually('the sockets are closed', () => sockets.size === 0);
    expect(sockets.size).toBe(0);
  });

  it('while a server in this process is being connected', async () => {
    const connecting = gate();
    let called = false;
    const server = {
      connect: async (transport: Transport): Promise<void> => {
        called = true;
        await connecting.promise;
        await transport.start();
      },
      close: async (): Promise<void> => {},
    };
    await addAndGiveUp({ server }, () => called);
    connecting.open();
    expect(called).toBe(true);
  });

  it('while the transport is made: one that comes too late is closed', async () => {
    const making = gate<Transport>();
    let called = false;
    let closes = 0;
    const transport = (): Promise<Transport> => {
      called = true;
      return making.promise;
    };
    await addAndGiveUp({ transport }, () => called);
    const close = async (): Promise<void> => void closes++;
    making.open({ start: async () => {}, send: async () => {}, close });
    expect(await eventually('it is closed', () => closes > 0 && closes)).toBe(1);
  });

  it('while it waits for its turn: the process is never started', async () => {
    const group = newGroup({ concurrency: { processes: 1 } });
    const [slow, waiting] = [ledgerFile(), ledgerFile()];
    const first = group.add('first', stdioSpec({ startDelayMs: 1_500, ledgerFile: slow }));
    await eventually('the first one starts', () => startedPids(slow).length > 0);
    const controller = new AbortController();
    const second = failureOf(
      group.add('second', stdioSpec({ ledgerFile: waiting }), { signal: controller.signal }),
    );
    controller.abort(REASON);
    expect((await second).code).toBe('ABORTED');
    expect((await first).status.state, 'the first one is none the worse').toBe('ready');
    await expectGoneForGood(waiting);
    expect(startedPids(waiting)).toEqual([]);
    // Its place in the queue is free again.
    await group.add('third', stdioSpec());
  });
});

describe('G2 a signal is for the way in only', () => {
  it('aborting it later changes nothing', async () => {
    const group = newGroup();
    const controller = new AbortController();
    const ledger = ledgerFile();
    const spec = stdioSpec({ tools: tools('echo'), ledgerFile: ledger });
    const session = await group.add('a', spec, { signal: controller.signal });
    controller.abort(REASON);
    await group.callTool('a__echo');
    expect(session.status.state).toBe('ready');
    expect(runningPids(ledger)).toHaveLength(1);
  });

  it('aborting one of two leaves the other on its way', async () => {
    const group = newGroup();
    const controller = new AbortController();
    const slow = stdioSpec({ startDelayMs: 700, tools: tools('echo') });
    const given = failureOf(group.add('given-up', slow, { signal: controller.signal }));
    const kept = group.add('kept', slow);
    controller.abort(REASON);
    expect((await given).code).toBe('ABORTED');
    await kept;
    await group.callTool('kept__echo');
    expect([...group.servers.keys()]).toEqual(['kept']);
  });
});
