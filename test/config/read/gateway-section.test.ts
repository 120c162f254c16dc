import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { SessionGroup, SessionManager } from '../../../src/index.ts';
import { configFile } from '../support/files.ts';
import { load, messagesOf, problemsOf } from '../support/loading.ts';

const mcpServers = { a: { command: 'never-started' } };

describe('what a file says for a gateway', () => {
  it('is read, expanded and handed on', async () => {
    const gateway = {
      listen: { port: 9_000, host: 'localhost', path: '/tools' },
      hosts: ['localhost', '${HOST}', '[::1]'],
      origins: ['https://app.example.com', 'http://localhost:5173'],
      instructions: 'Ask first.',
      sessions: { idleMs: 1_000, max: 5, maxPerPrincipal: 2, maxEventBytes: 0 },
      limits: { bodyBytes: 1_000, upstreamSessions: 3, pageSize: 10, parkedCalls: 0 },
    };
    const config = await load({ mcpServers, gateway }, { env: { HOST: 'tools.example.com' } });
    expect(config.gateway).toEqual({ ...gateway, hosts: ['localhost', 'tools.example.com', '[::1]'] });
    expect(config.warnings).toEqual([]);
  });

  it('may make it a node, with secrets from the environment', async () => {
    const cluster = {
      url: 'redis://:${PASSWORD}@localhost',
      secrets: ['${SECRET}'],
      prefix: 'tools',
      leaseMs: 1_000,
    };
    const env = { PASSWORD: 'hunter2', SECRET: 'a'.repeat(32) };
    const { gateway } = await load({ mcpServers, gateway: { cluster } }, { env });
    expect(gateway?.cluster).toEqual({
      ...cluster,
      url: 'redis://:hunter2@localhost',
      secrets: [env.SECRET],
    });
  });

  it.each([
    [{ secrets: ['short'] }, 'gateway.cluster.secrets[0]: found a string'],
    [{ secrets: [], url: 'http://:hunter2@localhost' }, 'gateway.cluster.url: found a string'],
    [{ url: 'redis://localhost' }, 'gateway.cluster.secrets: found nothing'],
    [{ secrets: ['a'.repeat(32)], secret: 'b' }, 'gateway.cluster.secret: found the unknown option "secret"'],
    [{ secrets: ['a'.repeat(32)], nodeId: 'a b' }, 'gateway.cluster.nodeId: found a string'],
    [{ secrets: ['a'.repeat(32)], prefix: 'a*' }, 'gateway.cluster.prefix: found a string'],
    [{ secrets: ['a'.repeat(32)], advertise: 'a:80' }, 'gateway.cluster.advertise: found a string'],
  ])('may not make it a node with %j', async (cluster, message) => {
    const problems = await problemsOf(load({ mcpServers, gateway: { cluster } }));
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('is not there when the file says nothing', async () => {
    expect(await load({ mcpServers })).not.toHaveProperty('gateway');
    expect((await load({ mcpServers, gateway: {} })).gateway).toEqual({});
  });

  it.each([
    [5, 'gateway: found 5, allowed an object of options'],
    [null, 'gateway: found null, allowed an object of options'],
    [[], 'gateway: found an array, allowed an object of options'],
    [{ listen: 9_000 }, 'gateway.listen: found 9000, allowed an object of options'],
    [
      { listen: { port: '9000' } },
      'gateway.listen.port: found a string, allowed a whole number from 0 to 65535',
    ],
    [{ listen: { port: -1 } }, 'gateway.listen.port: found -1, allowed a whole number from 0 to 65535'],
    [
      { listen: { port: 65_536 } },
      'gateway.listen.port: found 65536, allowed a whole number from 0 to 65535',
    ],
    [{ listen: { port: 1.5 } }, 'gateway.listen.port: found 1.5, allowed a whole number from 0 to 65535'],
    [{ listen: { host: '' } }, 'gateway.listen.host: found an empty string, allowed a non-empty string'],
    [
      { listen: { path: 'mcp' } },
      'gateway.listen.path: found a string, allowed a path that begins with "/", such as "/mcp"',
    ],
    [{ hosts: 'localhost' }, 'gateway.hosts: found a string, allowed an array of host names'],
    ...['https://a.example', 'a.example:80', 'a.example/mcp', 'a b'].map((host): [object, string] => [
      { hosts: [host] },
      'gateway.hosts[0]: found a string, allowed a host name without scheme, port and path, such as "mcp.example.com"',
    ]),
    ...['a.example', 'https://a.example/', 'https://a.example/x', '*', 'null'].map(
      (each): [object, string] => [
        { origins: ['https://b.example', each] },
        'gateway.origins[1]: found a string, allowed an origin without path, such as "https://app.example.com"',
      ],
    ),
    [{ sessions: { max: 0 } }, 'gateway.sessions.max: found 0, allowed a whole number, 1 or more'],
    [
      { sessions: { idleMs: -1 } },
      'gateway.sessions.idleMs: found -1, allowed a number of milliseconds, 0 or more',
    ],
    [
      { limits: { pageSize: '5' } },
      'gateway.limits.pageSize: found a string, allowed a whole number, 1 or more',
    ],
  ])('%j is refused', async (gateway, problem) => {
    expect(await problemsOf(load({ mcpServers, gateway }))).toEqual([problem]);
    expect(await problemsOf(load({ mcpServers, gateway }, { tolerant: true }))).toEqual([problem]);
  });

  it('a lock is not passed over', async () => {
    const [problem] = await problemsOf(load({ mcpServers, gateway: { lock: {} } }));
    expect(problem).toContain('gateway.lock: found a lock, which a file cannot have here');
  });

  it('says what clients may see and do', async () => {
    const clients = [
      {
        match: { key: 'ci-*', claim: { groups: ['a', 3] } },
        servers: ['s'],
        allow: ['x', { readOnlyHint: true }],
      },
      { view: 'search', rate: { callsPerMinute: 5, costs: { 's__*': 2 } }, approve: [{ kind: 'tool' }] },
    ];
    const { gateway, warnings } = await load({ mcpServers, gateway: { clients } });
    expect(gateway?.clients).toEqual(clients);
    expect(warnings).toEqual([]);
  });

  it.each([
    [{}],
    ['x'],
    [[5]],
    [{ server: ['x'] }],
    [[{ server: ['x'] }]],
    [[{ match: { keys: 'x' } }]],
    [[{ match: 'x' }]],
    [[{ allow: [{ names: 'x' }] }]],
    [[{ allow: 'x' }]],
    [[{ rate: { perMinute: 5 } }]],
    [[{ view: 'code' }]],
    [[{}, { deny: [5] }]],
  ])('a rule for clients that is not understood lets nobody in: %j', async (clients) => {
    const problems = await problemsOf(load({ mcpServers, gateway: { clients } }, { tolerant: true }));
    expect(problems.join()).toContain('gateway.clients');
  });

  it('says how users sign in to servers, with the path of their tokens from its own folder', async () => {
    const signIn = {
      file: 'tokens.json',
      key: Buffer.alloc(32).toString('base64'),
      url: 'https://gw.example.com/mcp',
    };
    const { gateway, servers, path } = await load({
      mcpServers: { code: { url: 'https://code.example.com/mcp', upstreamAuth: 'user' } },
      gateway: { signIn },
    });
    expect(gateway?.signIn).toEqual({ ...signIn, file: join(dirname(path), 'tokens.json') });
    expect(servers['code']).toMatchObject({ upstreamAuth: 'user' });
  });

  it.each([
    [{ keys: 'x' }, 'gateway.signIn.keys: found the unknown option "keys". Did you mean "key"?'],
    [{ file: 'tokens.json', key: 'short' }, 'gateway.signIn.key: found'],
    [{ url: 'ftp://gw.example.com' }, 'gateway.signIn.url: found'],
    [{ store: 'memory' }, 'gateway.signIn.store: found the unknown option "store"'],
  ])('a sign-in of users with a mistake is a problem: %o', async (signIn, expected) => {
    const [problem] = await problemsOf(load({ mcpServers, gateway: { signIn } }));
    expect(problem).toContain(expected);
  });

  it('says who may come in, with the path of the keys from its own folder', async () => {
    const oauth = { issuer: 'https://id.example.com', scopes: ['mcp'], clockToleranceMs: 1_000 };
    const { gateway, path } = await load({ mcpServers, gateway: { auth: { keys: 'keys.json', oauth } } });
    expect(gateway?.auth).toEqual({ keys: join(dirname(path), 'keys.json'), oauth });
  });

  const issuer = 'https://id.example.com';
  it.each([
    [{ key: 'keys.json' }, 'gateway.auth.key: found the unknown option "key". Did you mean "keys"?'],
    [
      { oauth: { issuer, scope: 'a' } },
      'gateway.auth.oauth.scope: found the unknown option "scope". Did you mean "scopes"?',
    ],
    [{ oauth: { issuer, verify: true } }, 'gateway.auth.oauth.verify: found the unknown option "verify"'],
    [{ verify: 'x' }, 'gateway.auth.verify: found the unknown option "verify"'],
    [{ oauth: {} }, 'gateway.auth.oauth.issuer: found nothing, allowed'],
    [
      { oauth: { issuer: 'http://id.example.com' } },
      'gateway.auth.oauth.issuer: found a string, allowed an https URL',
    ],
    [
      { oauth: { issuer: 'https://id.example.com?x' } },
      'gateway.auth.oauth.issuer: found a string, allowed an https URL',
    ],
    [
      { oauth: { issuer, algorithms: ['none'] } },
      'gateway.auth.oauth.algorithms[0]: found "none", allowed one of',
    ],
    [
      { oauth: { issuer, algorithms: ['HS256'] } },
      'gateway.auth.oauth.algorithms[0]: found "HS256", allowed one of',
    ],
    [
      { oauth: { issuer, clockToleranceMs: 86_400_000 } },
      'gateway.auth.oauth.clockToleranceMs: found 86400000',
    ],
    [{ keys: '' }, 'gateway.auth.keys: found an empty string'],
    [{ keys: null }, 'gateway.auth.keys: found null'],
    [{ keys: [] }, 'gateway.auth.keys: found an array'],
    [true, 'gateway.auth: found true'],
    [null, 'gateway.auth: found null'],
  ])('auth as %j is refused, also when servers may have problems', async (auth, problem) => {
    for (const options of [{}, { tolerant: true }])
      expect(await problemsOf(load({ mcpServers, gateway: { auth } }, options))).toEqual([
        expect.stringContaining(problem),
      ]);
  });

  it('says where calls are noted, from its own folder, and strictly', async () => {
    const { gateway, path } = await load({
      mcpServers,
      gateway: { audit: { file: 'audit.log', maxFiles: 2 } },
    });
    expect(gateway?.audit).toEqual({ file: join(dirname(path), 'audit.log'), maxFiles: 2 });
    const wrong = { file: 'a', whenFull: 'refuse', maxBytes: 1, whenFailing: 'stop' };
    const problems = await problemsOf(load({ mcpServers, gateway: { audit: wrong } }));
    expect(problems).toHaveLength(3);
  });

  it.each(['allow', 'deny', 'allowedTools'])('a filter is not passed over: %s', async (key) => {
    const [problem] = await problemsOf(load({ mcpServers, gateway: { [key]: ['a'] } }));
    expect(problem).toContain(`gateway.${key}: found a filter of tools`);
  });

  it('an unknown key gets a warning that says which is meant', async () => {
    const gateway = { host: ['a'], listen: { prot: 1 }, limits: { pagesize: 5 } };
    expect(messagesOf(await load({ mcpServers, gateway }))).toEqual([
      'gateway.host: Unknown key "host". Did you mean "hosts"?',
      'gateway.listen.prot: Unknown key "prot". Did you mean "port"?',
      'gateway.limits.pagesize: Unknown key "pagesize". Did you mean "pageSize"?',
    ]);
  });

  it('standing twice is refused', async () => {
    const text = '{ "mcpServers": {}, "gateway": {}, "gateway": { "hosts": ["a"] } }';
    expect(await problemsOf(load(text))).toEqual([expect.stringContaining('a second time')]);
  });

  it.each(['client', 'principal', 'shared'])('a server may be isolated by %s', async (isolation) => {
    const { servers } = await load({
      mcpServers: { a: { command: 'x', isolation }, b: { url: 'https://b.example', isolation } },
    });
    expect(servers).toMatchObject({ a: { isolation }, b: { isolation } });
  });

  it('isolation by anything else costs that server alone', async () => {
    const config = await load(
      { mcpServers: { ...mcpServers, b: { command: 'x', isolation: 'none' } } },
      { tolerant: true },
    );
    expect(Object.keys(config.servers)).toEqual(['a']);
    expect(config.broken['b']?.message).toContain(
      'found "none", allowed one of "client", "principal", "shared"',
    );
  });

  it('changes nothing for a group and a manager', async () => {
    const servers = { a: { command: 'never-started', isolation: 'shared', lazy: { connect: 'never' } } };
    const path = configFile({ mcpServers: servers, gateway: { listen: { port: 1 } } });
    const config = await loadConfig({ path, env: {} });
    await using group = await SessionGroup.connect(config);
    expect([...group.servers.keys()]).toEqual(['a']);
    await using manager = new SessionManager(config);
    expect(manager.servers.size).toBe(1);
  });
});
