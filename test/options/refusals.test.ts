import { describe, expect, it } from 'vitest';
import { SessionGroup } from '../../src/group/session-group.ts';
import { fileCatalogCache } from '../../src/group/cache/file-catalog-cache.ts';
import { oauth } from '../../src/auth/oauth.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { SessionManager } from '../../src/manager/session-manager.ts';
import { openSession } from '../../src/session/open-session.ts';
import { inProcess } from '../../src/testing/in-process.ts';
import { aiSdkToolkit } from '../../src/toolkit/ai-sdk/index.ts';
import { createToolkit } from '../../src/toolkit/toolkit.ts';
import { failureOf } from '../support/failures.ts';

const server = { command: 'node' };
const servers = { a: server };

/** What plain JavaScript may pass anywhere, and what the error says. */
const REFUSED: [string, (given: never) => unknown, object, string][] = [
  [
    'a session',
    (given) => openSession(server, given),
    { reconnect: { retries: 3 } },
    'Did you mean "attempts"?',
  ],
  [
    'a session',
    (given) => openSession(server, given),
    { reconnect: 5 },
    '"reconnect" must be true, false or',
  ],
  ['a spec', (given) => openSession(given), { url: 'http://x', headers: new Map() }, 'not a Map'],
  ['a spec', (given) => openSession(given), { command: 'x', cmd: 'y' }, '"cmd" is not known'],
  ['a spec', (given) => openSession(given), { command: 'x', url: undefined, timeout: 5 }, '"timeoutMs"'],
  ['a spec', (given) => openSession(given), { comand: 'x' }, 'found none of them. Did you mean "command"?'],
  ['a spec', (given) => openSession(given), { url: 'nope' }, '"url" must be a whole URL: "https://…"'],
  ['a spec', (given) => openSession(given), { url: 'http://u:p@x/' }, 'without user name and password'],
  ['a spec', (given) => openSession(given), { command: 'x', stderr: 'pipe' }, 'or a stream, not "pipe"'],
  ['a group', async (given) => new SessionGroup(given), { naming: 'prefix' }, 'not "prefix"'],
  ['a group', async (given) => new SessionGroup(given), { a: {} }, '"a" is not known. Known: '],
  ['a group', async (given) => new SessionGroup(given), { timeout: 5 }, 'Did you mean "timeoutMs"?'],
  ['a group', async (given) => new SessionGroup(given), { pool: {} }, '"pool" is not known'],
  ['connect', (given) => SessionGroup.connect(given), { servers: { a: { ...server, denny: [] } } }, '"deny"'],
  ['connect', (given) => SessionGroup.connect(given), { servers, strikt: true }, 'Did you mean "strict"?'],
  [
    'add',
    (given) => new SessionGroup().add('a', server, given),
    { signal: new AbortController() },
    'AbortSignal',
  ],
  [
    'a manager',
    async (given) => new SessionManager(given),
    { servers, pool: { maxPerUser: 1 } },
    '"maxPerServer"',
  ],
  ['a manager', async (given) => new SessionManager(given), { servers, retry: { retries: 1 } }, '"attempts"'],
  [
    'acquire',
    (given) => new SessionManager({ servers }).acquire('a', given),
    { user: 'x' },
    '"user" is not known',
  ],
  ['run', (given) => new SessionManager({ servers }).run('a', () => {}, given), { retries: 2 }, '"retries"'],
  ['a cache', async (given) => fileCatalogCache('x', given), { maxSize: 1 }, '"maxSize" is not known'],
  ['oauth', async (given) => oauth(given), { clientid: 'x' }, 'Did you mean "clientId"?'],
  ['loadConfig', (given) => loadConfig(given), { environment: {} }, '"env"'],
  [
    'a toolkit',
    async (given) => createToolkit(new SessionGroup(), given),
    { policy: { denny: [] } },
    '"deny"',
  ],
  ['an adapter', async (given) => aiSdkToolkit(new SessionGroup(), given), { timeout: 1 }, '"timeoutMs"'],
];

describe('options that nobody knows, or of a wrong type', () => {
  it.each(REFUSED)('of %s are refused, with the nearest name', async (_, pass, given, message) => {
    const passing = async (): Promise<unknown> => pass(given as never);
    const error = await failureOf(passing());
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(message);
  });

  it('are refused by name in the details', async () => {
    const given: object = { pool: { maxPerUser: 1 } };
    const error = await failureOf((async () => new SessionManager({ servers, ...given }))());
    expect(error.data).toEqual({ option: 'pool.maxPerUser' });
  });
});

describe('the option "protocol"', () => {
  it.each(['2025-11-25', '2025-06-18', '2025-03-26'] as const)('%s is what is spoken', async (protocol) => {
    await using session = await openSession(inProcess({ era: 'legacy' }), { protocol });
    expect([session.era, session.protocolVersion]).toEqual(['legacy', protocol]);
  });

  it('modern is the newest revision of that era, and refuses a server of the other', async () => {
    await using session = await openSession(inProcess({ era: 'both' }), { protocol: 'modern' });
    expect(session.protocolVersion).toBe('2026-07-28');
    const error = await failureOf(openSession(inProcess({ era: 'legacy' }), { protocol: 'modern' }));
    expect(error.code).toBe('CONNECT_FAILED');
  });
});
