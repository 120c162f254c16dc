import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/index.ts';
import type { ServerSpecContext } from '../../src/manager/pool/managed-server.ts';
import { stdioSpec } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { http, local } from '../support/servers.ts';
import { expectGoneForGood, runningPids } from '../support/processes.ts';
import { nameOf, TOOLS, who } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { expectNothingHeld, newManager, statsOf } from './support/managers.ts';
import { ledgerFile } from '../support/folders.ts';

describe('M1 a fresh session', () => {
  it.each(['legacy', '2026-07-28'] as const)(
    'of a server by its name is initialised (%s)',
    async (protocol) => {
      const fleet = new Fleet({ tools: TOOLS, instructions: 'be kind' });
      const manager = newManager({ servers: { a: fleet.spec(protocol) } });
      const session = await manager.openSession('a');
      expect(session.status.state).toBe('ready');
      expect(session).toMatchObject({
        name: 'a',
        era: protocol === 'legacy' ? 'legacy' : 'modern',
        instructions: 'be kind',
        serverInfo: { name: 'member-0' },
      });
      expect(await nameOf(session)).toBe('member-0');
    },
  );

  it('is never shared: each has a server, and a connection, of its own', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const sessions = await Promise.all(Array.from({ length: 20 }, () => manager.openSession('a')));
    const names = await Promise.all(sessions.map(nameOf));
    expect(new Set(names).size).toBe(20);
    expect(fleet.open).toBe(20);
  });

  it('of one server is a process of its own', async () => {
    const manager = newManager({ servers: { a: { ...stdioSpec({ tools: TOOLS }), protocol: 'legacy' } } });
    const [one, two] = await Promise.all([manager.openSession('a'), manager.openSession('a')]);
    const pids = [(await who(one)).pid, (await who(two)).pid];
    expect(new Set(pids).size).toBe(2);
    expect(pids).not.toContain(process.pid);
  });

  it('is not harmed by what happens to another', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: { ...fleet.spec(), reconnect: false } } });
    const [one, two, three] = await Promise.all([
      manager.openSession('a'),
      manager.openSession('a'),
      manager.openSession('a'),
    ]);
    const hung = failureOf(two.callTool('hang'));
    fleet.members.find(({ scripted }) => scripted.script.name === one.serverInfo?.name)?.scripted.crash();
    await three.destroy('no more');
    expect(await nameOf(two)).toBe(two.serverInfo?.name);
    expect(two.status.state).toBe('ready');
    await two.destroy();
    expect((await hung).code).toBe('SESSION_CLOSED');
  });

  it('is not reused after it was closed', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const first = await manager.openSession('a');
    await first.close();
    expect(fleet.open).toBe(0);
    const second = await manager.openSession('a');
    expect(await nameOf(second)).toBe('member-1');
  });

  it('is no part of the pool: neither its bounds nor its sessions', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { max: 1, maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    const sessions = await Promise.all([1, 2, 3].map(() => manager.openSession('a')));
    const names = await Promise.all([lease.session, ...sessions].map(nameOf));
    expect(new Set(names).size).toBe(4);
    expect(statsOf(manager, 'a')).toMatchObject({ open: 1, leased: 1, fresh: 3 });
    await lease.release();
    const again = await manager.openSession('a');
    expect(await nameOf(again)).toBe('member-4');
  });
});

describe('M1 what a fresh session can be opened on', () => {
  it.each<[string, () => Promise<Parameters<ReturnType<typeof newManager>['openSession']>[0]>]>([
    ['a spec', async () => new Fleet({ tools: TOOLS }).spec()],
    ['a server in this process', async () => local({ tools: TOOLS })],
    ['a URL', async () => new URL((await http({ tools: TOOLS })).url)],
    ['a URL as text', async () => (await http({ tools: TOOLS })).url],
    ['a process', async () => stdioSpec({ tools: TOOLS })],
  ])('%s, which the manager was not told of before', async (_what, target) => {
    const manager = newManager({ servers: {} });
    const session = await manager.openSession(await target());
    expect((await who(session)).name).toMatch(/^(member-0|scripted)$/);
    await manager.close();
    expect(session.status.state).toBe('closed');
  });

  it("an official client, which stays its caller's", async () => {
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    const server = local({ tools: TOOLS });
    await server.connect(theirs);
    const client = new Client({ name: 'mine', version: '1' });
    await client.connect(ours);
    const manager = newManager({ servers: {} });
    const session = await manager.openSession(client);
    expect(await nameOf(session)).toBe('scripted');
    await manager.close();
    expect(session.status.state).toBe('closed');
    await client.ping();
    await client.close();
  });

  it('a name goes before a URL', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const server = await http({ tools: TOOLS });
    const manager = newManager({ servers: { [server.url]: fleet.spec() } });
    const session = await manager.openSession(server.url);
    expect(await nameOf(session)).toBe('member-0');
    expect(server.connections).toBe(0);
  });

  it("options given to it win over the server's, and those over the manager's", async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { own: { ...fleet.spec(), timeoutMs: 150 }, plain: fleet.spec() },
      timeoutMs: 60_000,
    });
    const [own, plain] = await Promise.all([
      manager.openSession('own'),
      manager.openSession('plain', { timeoutMs: 150 }),
    ]);
    expect((await bounded('own', failureOf(own.callTool('hang')))).code).toBe('TIMEOUT');
    expect((await bounded('plain', failureOf(plain.callTool('hang')))).code).toBe('TIMEOUT');
    const named = await manager.openSession('plain', { name: 'mine' });
    expect(named.name).toBe('mine');
  });

  it('a factory is told for whom', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const asked: Pick<ServerSpecContext, 'server' | 'principal'>[] = [];
    const manager = newManager({
      servers: {
        a: ({ server, principal }) => {
          asked.push({ server, principal });
          return fleet.spec();
        },
      },
    });
    await manager.openSession('a', { principal: 'ada' });
    await manager.openSession('a');
    expect(asked).toEqual([
      { server: 'a', principal: 'ada' },
      { server: 'a', principal: undefined },
    ]);
  });
});

describe('M3 scoped close of fresh sessions', () => {
  it('closes with its scope, and the manager forgets it', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
    const manager = newManager({ servers: { a: spec } });
    let kept: Session;
    {
      await using session = await manager.openSession('a');
      kept = session;
      expect(runningPids(ledger)).toHaveLength(1);
      expect(statsOf(manager, 'a').fresh).toBe(1);
    }
    expect(kept.status.state).toBe('closed');
    expect(runningPids(ledger)).toEqual([]);
    await expectNothingHeld(manager);
    expect((await failureOf(kept.callTool('echo'))).code).toBe('SESSION_CLOSED');
  });

  it('closes with its scope when the scope is left by a throw', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const use = async (): Promise<void> => {
      await using session = await manager.openSession('a');
      await session.callTool('echo');
      throw new Error('enough');
    };
    await expect(use()).rejects.toThrow('enough');
    expect(fleet.open).toBe(0);
    await expectNothingHeld(manager);
  });

  it.each(['close', 'destroy'] as const)(
    'what is still open when the manager is ended by %s() ends with it',
    async (end) => {
      const ledger = ledgerFile();
      const fleet = new Fleet({ tools: TOOLS });
      const process = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
      const manager = newManager({ servers: { process } });
      const sessions = await Promise.all([manager.openSession('process'), manager.openSession(fleet.spec())]);
      await bounded(end, manager[end]());
      expect(sessions.map(({ status }) => status.state)).toEqual(['closed', 'closed']);
      expect(fleet.open).toBe(0);
      await expectGoneForGood(ledger);
    },
  );

  it('one that its own server ended is forgotten when it is closed', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: { ...fleet.spec(), reconnect: false } } });
    const session = await manager.openSession('a');
    fleet.members[0]?.scripted.crash();
    await eventually('it is lost', () => session.status.state === 'failed');
    await session.close();
    expect(statsOf(manager, 'a').fresh).toBe(0);
  });
});

describe('M1 a fresh session that cannot be opened', () => {
  it.each<[string, Parameters<typeof stdioSpec>[0], string]>([
    ['dies at once', { faults: { exitAtStart: { code: 3, stderr: 'no licence' } } }, 'CONNECT_FAILED'],
    ['dies in the handshake', { faults: { dieOnInitialize: true } }, 'CONNECT_FAILED'],
    ['says nothing', { faults: { neverInitialize: true } }, 'TIMEOUT'],
  ])('its server %s: a clear error, and nothing is left', async (what, script, code) => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ ...script, ledgerFile: ledger }), protocol: 'legacy' as const };
    const manager = newManager({ servers: { bad: spec }, connectTimeoutMs: 5_000 });
    const connectTimeoutMs = code === 'TIMEOUT' ? 1_000 : 10_000;
    const error = await bounded('open', failureOf(manager.openSession('bad', { connectTimeoutMs })));
    expect(error).toMatchObject({ code, server: 'bad' });
    if (what === 'dies at once') expect(error.message).toContain('no licence');
    await expectNothingHeld(manager);
    await expectGoneForGood(ledger);
  });

  it('a thousand failures leave nothing in the manager', async () => {
    const manager = newManager({
      servers: {
        bad: {
          server: () => {
            throw new Error('out of stock');
          },
        },
      },
    });
    const errors = await Promise.all(
      Array.from({ length: 1_000 }, () => failureOf(manager.openSession('bad'))),
    );
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['CONNECT_FAILED']));
    await expectNothingHeld(manager);
  });
});
