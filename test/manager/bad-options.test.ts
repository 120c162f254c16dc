import { describe, expect, it } from 'vitest';
import type { SessionManagerOptions } from '../../src/manager/manager-options.ts';
import { SessionManager } from '../../src/manager/session-manager.ts';
import { thrownBy } from '../support/failures.ts';
import { Fleet } from './support/fleet.ts';

const NONSENSE: [string, object | undefined | null | string][] = [
  ['null', null],
  ['a text', 'servers'],
  ['servers that are none', { servers: 'a' }],
  ['servers as an array', { servers: [{ command: 'x' }] }],
  ['a server that is none', { servers: { a: 7 } }],
  ['a server that is null', { servers: { a: null } }],
  ['an empty spec', { servers: { a: {} } }],
  ['two specs in one', { servers: { a: { command: 'x', url: 'http://x' } } }],
  ['a URL that is none', { servers: { a: { url: 'nowhere' } } }],
  ['an empty command', { servers: { a: { command: '' } } }],
  ['a name without a letter', { servers: { '': { command: 'x' } } }],
  ['timeoutMs of a server', { servers: { a: { command: 'x', timeoutMs: -1 } } }],
  ['a handler of a server', { servers: { a: { command: 'x', onRoots: 7 } } }],
  ...['max', 'maxPerServer', 'leasesPerSession'].flatMap((key): [string, object][] =>
    [0, -1, 1.5, Number.NaN, '8', null].map((value) => [`pool.${key} ${value}`, { pool: { [key]: value } }]),
  ),
  ...['idleMs', 'maxAgeMs', 'acquireTimeoutMs', 'checkAfterMs', 'reportLeasesAfterMs'].flatMap(
    (key): [string, object][] =>
      [-1, Number.NaN, '8', null].map((value) => [`pool.${key} ${value}`, { pool: { [key]: value } }]),
  ),
  ['pool.maxWaiting -1', { pool: { maxWaiting: -1 } }],
  ['pool false', { pool: false }],
  ['pool 7', { pool: 7 }],
  ['retry 5', { retry: 5 }],
  ['retry.attempts 0', { retry: { attempts: 0 } }],
  ['retry.attempts NaN', { retry: { attempts: Number.NaN } }],
  ['retry.delayMs -1', { retry: { delayMs: -1 } }],
  ['retry.maxDelayMs as text', { retry: { maxDelayMs: '5' } }],
  ['retry.deadlineMs NaN', { retry: { deadlineMs: Number.NaN } }],
  ['retry.retryIf true', { retry: { retryIf: true } }],
  ['circuit "on"', { circuit: 'on' }],
  ['circuit.failures 0', { circuit: { failures: 0 } }],
  ['circuit.openMs -1', { circuit: { openMs: -1 } }],
  ['closeTimeoutMs -1', { closeTimeoutMs: -1 }],
  ['timeoutMs NaN', { timeoutMs: Number.NaN }],
  ['connectTimeoutMs -1', { connectTimeoutMs: -1 }],
  ['concurrency.processes 0', { concurrency: { processes: 0 } }],
  ['a handler that is none', { onSampling: 'yes' }],
  ['a capability without its handler', { capabilities: { sampling: {} } }],
  ['a protocol that is none', { protocol: 'newest' }],
];

describe('bad input: the options of a manager', () => {
  it.each(NONSENSE)('%s: CONFIG_INVALID, and nothing is opened', (_what, options) => {
    const fleet = new Fleet();
    const isWhole = options === null || typeof options !== 'object' || 'servers' in options;
    const given: unknown = isWhole ? options : { servers: { a: fleet.spec() }, ...options };
    const error = thrownBy(() => new SessionManager(given as SessionManagerOptions));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message.length).toBeGreaterThan(10);
    expect(fleet.made).toBe(0);
  });

  it.each<[string, string, object]>([
    ['the server', 'weather', { servers: { weather: {} } }],
    ['the option', 'pool.idleMs', { pool: { idleMs: -1 } }],
    ['the option', 'retry.attempts', { retry: { attempts: 0 } }],
    ['the option', 'circuit.openMs', { circuit: { openMs: 'x' } }],
  ])('the message names %s: %s', (_what, name, options) => {
    const given: SessionManagerOptions = { servers: {}, ...options };
    expect(thrownBy(() => new SessionManager(given)).message).toContain(name);
  });

  it('everything at its bound is accepted', async () => {
    const manager = new SessionManager({
      servers: {},
      pool: {
        max: 1,
        maxPerServer: 1,
        maxWaiting: 0,
        acquireTimeoutMs: 0,
        idleMs: 0,
        maxAgeMs: Infinity,
        checkAfterMs: Infinity,
        leasesPerSession: 1,
        reportLeasesAfterMs: Infinity,
      },
      retry: { attempts: 1, delayMs: 0, maxDelayMs: 0, deadlineMs: Infinity },
      circuit: { failures: 1, openMs: 0 },
      closeTimeoutMs: 0,
    });
    expect(manager.servers.size).toBe(0);
    await manager.close();
  });
});
