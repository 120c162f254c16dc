import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway } from '../../../src/gateway/index.ts';
import { SessionManager } from '../../../src/index.ts';
import { fileLock } from '../../../src/trust/index.ts';
import { failureOf } from '../../support/failures.ts';
import { newGroup, newSession } from '../../support/groups.ts';
import { http } from '../../support/servers.ts';
import { official } from '../../gateway/support.ts';
import { ALTERED, lockOf, SCRIPT } from './support.ts';

describe('H7 what differs from a lock', () => {
  it('is an event of a manager, with the principal, and the call of a run fails without another attempt', async () => {
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url } };
    const path = await lockOf(servers);
    server.setTools(ALTERED.tools);
    const events: unknown[] = [];
    const manager = new SessionManager({
      servers,
      lock: fileLock(path),
      onEvent: (event) => event.type === 'drift' && events.push(event),
    });
    onTestFinished(() => manager.destroy());
    const failed = await failureOf(
      manager.run('a', (session) => session.callTool('alters'), { principal: 'ada' }).then(() => undefined),
    );
    expect(failed).toMatchObject({ code: 'DEFINITION_DRIFT', maybeExecuted: false });
    expect(failed.attempts).toBeUndefined();
    expect(events).toMatchObject([
      { server: 'a', principal: 'ada', kind: 'tool', name: 'alters', change: 'changed', blocked: true },
    ]);
  });

  it('is an event of a gateway, and what clients are shown does not have it', async () => {
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url } };
    const path = await lockOf(servers);
    const gateway = await createGateway({ servers, lock: fileLock(path) });
    onTestFinished(() => gateway.destroy());
    const { url } = await gateway.listen({ port: 0 });
    const client = await official(url);
    const drift = (async () => {
      for await (const event of gateway.events()) if (event.type === 'drift') return event;
      return undefined;
    })();
    server.setTools(ALTERED.tools);
    expect(await drift).toMatchObject({ server: 'a', kind: 'tool', name: 'alters' });
    await expect
      .poll(async () => (await client.listTools()).tools.map(({ name }) => name))
      .toEqual(['a__stays']);
    await expect(client.callTool({ name: 'a__alters' })).rejects.toThrow();
    await client.callTool({ name: 'a__stays' });
  });

  it('is refused where the lock is given beside a group', async () => {
    const options = { group: newGroup(), lock: fileLock('plenum.lock.json') };
    expect((await failureOf(createGateway(options))).code).toBe('CONFIG_INVALID');
  });

  it('is checked of a session that is adopted, also when its server changes later', async () => {
    const server = await http(SCRIPT);
    const path = await lockOf({ a: { url: server.url } });
    const session = await newSession({ url: server.url });
    const group = newGroup({ lock: fileLock(path) });
    await group.adopt('a', session);
    await group.callTool('a__alters');
    server.setTools(ALTERED.tools);
    await expect.poll(() => group.tools.has('a__alters')).toBe(false);
    expect((await failureOf(session.callTool('alters'))).code).toBe('DEFINITION_DRIFT');
  });

  it('cannot be checked of a session of a manager without a lock: it is not adopted', async () => {
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url } };
    const path = await lockOf(servers);
    const manager = new SessionManager({ servers });
    onTestFinished(() => manager.destroy());
    const lease = await manager.acquire('a');
    const group = newGroup({ lock: fileLock(path) });
    expect((await failureOf(group.adopt('a', lease.session))).code).toBe('CONFIG_INVALID');
    await lease.session.callTool('stays');
    await lease.release();
  });
});
