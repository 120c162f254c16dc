import { describe, expect, it } from 'vitest';
import { openSession, SessionGroup, SessionManager } from '../../src/index.ts';
import { failureOf, thrownBy } from '../support/failures.ts';
import { local, tools } from '../support/servers.ts';

// Without `as const`, TypeScript widens these to boolean.
const OFF = { reconnect: false, health: false };
const ON = { reconnect: true, health: true };
const MANAGER_OFF = { retry: false, circuit: false };
const MANAGER_ON = { retry: true, circuit: true };

describe('options that are on, off or an object', () => {
  it.each([OFF, ON])('%j of a constant object is taken by sessions, groups and managers', async (options) => {
    const session = await openSession({ server: local() }, options);
    const group = await SessionGroup.connect({ servers: { s: { server: local(), ...options } }, ...options });
    const manager = new SessionManager({ servers: { s: { server: local(), ...options } }, ...options });
    expect([session.status.state, group.servers.get('s')?.state]).toEqual(['ready', 'ready']);
    await Promise.all([session.close(), group.close(), manager.close()]);
  });

  it.each([MANAGER_OFF, MANAGER_ON])('%j of a manager and of a run', async ({ retry, circuit }) => {
    const server = local({ tools: tools('x') });
    const manager = new SessionManager({ servers: { s: { server } }, retry, circuit });
    const { tools: listed } = await manager.run('s', (session) => session.listTools(), { retry });
    expect(listed).toHaveLength(1);
    await manager.close();
  });

  it('true is the defaults: work is tried again', async () => {
    for (const [retry, attempts] of [
      [true, 3],
      [false, 1],
    ] as const) {
      let made = 0;
      const transport = (): never => {
        made++;
        throw new Error('down');
      };
      const manager = new SessionManager({ servers: { s: { transport } }, retry: !retry });
      await failureOf(manager.run('s', (session) => session.listTools(), { retry }));
      expect(made).toBe(attempts);
      await manager.close();
    }
  });

  it.each([null, 'yes', 5, []])('%j is refused', async (value) => {
    const servers = { s: { server: local() } };
    for (const option of ['reconnect', 'retry', 'circuit']) {
      const options = { servers, [option]: value };
      expect(thrownBy(() => new SessionManager(options)).message).toContain(
        `"${option}" must be true, false or an object of options`,
      );
    }
  });
});
