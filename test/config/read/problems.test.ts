import { describe, expect, it } from 'vitest';
import { loadConfig, type ConfigProblem } from '../../../src/config/index.ts';
import { configFile, folderWith } from '../support/files.ts';
import { load, loadServers, messagesOf, problemsOf, refusalOf } from '../support/loading.ts';

describe('a file that is refused', () => {
  it('says all that is wrong at once, by line and column', async () => {
    const path = configFile(
      [
        '{',
        '  // a comment',
        '  "mcpServers": {',
        '    "one": { "command": "a", "args": 5 },',
        '    "two": { "url": "https://x.example.com", "type": "htp", "reconnect": { "attempts": 0 } },',
        '    "three": {},',
        '  },',
        '  "plenum": { "naming": "short" },',
        '}',
      ].join('\n'),
    );
    const error = await refusalOf(loadConfig({ path, env: {} }));
    expect(error.message).toBe(
      [
        'The configuration has 5 problems:',
        `${path}:4:38 mcpServers.one.args: found 5, allowed an array of strings`,
        `${path}:5:54 mcpServers.two.type: found "htp", allowed one of "http", "streamable-http", "streamableHttp", "streamable_http", "streamable", "sse", "websocket", "ws"`,
        `${path}:5:88 mcpServers.two.reconnect.attempts: found 0, allowed a whole number, 1 or more`,
        `${path}:6:14 mcpServers.three: found neither "command" nor "url", allowed one of them`,
        `${path}:8:25 plenum.naming: found "short", allowed one of "prefixed", "bare"`,
      ].join('\n'),
    );
    const { problems } = error.data as { problems: ConfigProblem[] };
    expect(problems[0]).toEqual({
      file: path,
      line: 4,
      column: 38,
      path: 'mcpServers.one.args',
      message: 'found 5, allowed an array of strings',
      server: 'one',
    });
    expect(problems.map(({ server }) => server)).toEqual(['one', 'two', 'two', 'three', undefined]);
    expect(error.server).toBeUndefined();
  });

  it.each([
    [{ command: 5 }, 'command: found 5, allowed a non-empty string'],
    [{ command: '' }, 'command: found an empty string, allowed a non-empty string'],
    [{ command: 'a\0b' }, 'command: found a string, allowed a string without NUL characters'],
    [{ command: [] }, 'command: found an array, allowed a non-empty string'],
    [{ command: ['npx', {}] }, 'command: found an array, allowed a non-empty string'],
    [{ command: 'a', args: [[]] }, 'args[0]: found an array, allowed a string'],
    [{ command: 'a', args: 'b "c' }, 'args: found a string, allowed an array of strings'],
    [
      { command: 'a', env: { A: [] } },
      'env.A: found an array, allowed a string, a number, true, false or null',
    ],
    [{ command: 'a', env: [] }, 'env: found an array, allowed an object of strings'],
    [{ command: 'a', cwd: '' }, 'cwd: found an empty string, allowed a non-empty string'],
    [
      { command: 'a', inheritEnv: 'PATH' },
      'inheritEnv: found a string, allowed true, false or an array of strings',
    ],
    [
      { command: 'a', encoding: 'ebcdic' },
      'encoding: found "ebcdic", allowed one of "utf-8", "utf-16le", "latin1"',
    ],
    [{ command: 'a', disabled: 'no' }, 'disabled: found a string, allowed true or false'],
    [{ command: 'a', lazy: 5 }, 'lazy: found 5, allowed true, false or an object of options'],
    [
      { command: 'a', lazy: { idleMs: -1 } },
      'lazy.idleMs: found -1, allowed a number of milliseconds, 0 or more',
    ],
    [
      { command: 'a', timeoutMs: '5' },
      'timeoutMs: found a string, allowed a number of milliseconds, more than 0',
    ],
    [{ command: 'a', timeoutMs: -5 }, 'timeoutMs: found -5, allowed a number of milliseconds, more than 0'],
    [
      { command: 'a', protocol: '1.0' },
      'protocol: found "1.0", allowed one of "auto", "legacy", "modern", "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"',
    ],
    [
      { command: 'a', health: { failures: 1.5 } },
      'health.failures: found 1.5, allowed a whole number, 1 or more',
    ],
    [{ command: 'a', allow: 'read' }, 'allow: found a string, allowed an array of globs'],
    [{ command: 'a', deny: [''] }, 'deny[0]: found an empty string, allowed a non-empty string'],
    [{ command: 'a', type: 'http' }, 'type: found "http", allowed "stdio"'],
    [
      { command: 'a', envFile: 'nowhere.env' },
      'envFile: found a file that cannot be read: there is no such file',
    ],
    [{ url: 5 }, 'url: found 5, allowed a non-empty string'],
    [{ url: 'example.com' }, 'url: found a string, allowed a whole URL: "https://…"'],
    [
      { url: 'ftp://example.com' },
      'url: found a string, allowed a URL that begins with http:, https:, ws: or wss:',
    ],
    [
      { url: 'https://me@example.com' },
      'url: found a string, allowed a URL without user name and password, which would show up in messages: "headers" and "auth" are for them',
    ],
    [
      { url: 'ws://a.example.com', type: 'http' },
      'type: found "http", allowed type "websocket", or none, for a ws: or wss: URL',
    ],
    [
      { url: 'http://a.example.com', type: 'ws' },
      'type: found "ws", allowed another type for an http: or https: URL',
    ],
    [{ url: 'http://a.example.com', headers: { A: [] } }, 'headers.A: found an array, allowed a string'],
    [
      { url: 'http://a.example.com', auth: { type: 'basic' } },
      'auth.type: found "basic", allowed one of "bearer", "oauth"',
    ],
    [
      { url: 'http://a.example.com', auth: { type: 'bearer' } },
      'auth.token: found nothing, allowed a non-empty string',
    ],
    [
      { url: 'http://a.example.com', auth: 'abc' },
      'auth: found a string, allowed an object such as { "type": "bearer", "token": "${TOKEN}" }',
    ],
    [
      { url: 'http://a.example.com', auth: { type: 'bearer', token: 't' }, headers: { authorization: 'x' } },
      'auth: found "auth" beside a header "Authorization", allowed one of them',
    ],
  ])('for a server such as %j', async (server, problem) => {
    expect(await problemsOf(loadServers({ s: server }))).toEqual([`mcpServers.s.${problem}`]);
  });

  it.each([
    [{ command: 'a', url: 'https://a.example.com' }, 'found both "command" and "url", allowed one of them'],
    [{}, 'found neither "command" nor "url", allowed one of them'],
    [
      { comand: 'a' },
      'found neither "command" nor "url", allowed one of them (perhaps that is what "comand" was to be)',
    ],
    ['npx', 'found a string, allowed an object with "command" or "url"'],
    [null, 'found null, allowed an object with "command" or "url"'],
    [[], 'found an array, allowed an object with "command" or "url"'],
  ])('for what is no server: %j', async (server, problem) => {
    expect(await problemsOf(loadServers({ s: server }))).toEqual([`mcpServers.s: ${problem}`]);
  });

  it.each([
    ['[]', ': found an array, allowed an object with "mcpServers" or "servers"'],
    ['5', ': found 5, allowed an object with "mcpServers" or "servers"'],
    ['{}', ': found no servers, allowed "mcpServers" or "servers"'],
    [
      '{ "mcpServer": {} }',
      ': found no servers, allowed "mcpServers" or "servers" (perhaps that is what "mcpServer" was to be)',
    ],
    ['{ "mcpServers": [] }', 'mcpServers: found an array, allowed an object of servers by name'],
    ['{ "servers": null }', 'servers: found null, allowed an object of servers by name'],
    ['{ "servers": {}, "plenum": [] }', 'plenum: found an array, allowed an object of options'],
    [
      '{ "servers": {}, "plenum": { "pool": { "max": 0 } } }',
      'plenum.pool.max: found 0, allowed a whole number, 1 or more',
    ],
    [
      '{ "servers": {}, "plenum": { "retry": 5 } }',
      'plenum.retry: found 5, allowed true, false or an object of options',
    ],
    [
      '{ "servers": {}, "plenum": { "concurrency": 4 } }',
      'plenum.concurrency: found 4, allowed an object of options',
    ],
  ])('for a document such as %s', async (content, problem) => {
    expect(await problemsOf(load(content))).toEqual([problem]);
  });

  it('with very many problems, lists the first of them, and carries all', async () => {
    const names = Array.from({ length: 80 }, (_, nr) => [`s${nr}`, {}]);
    const error = await refusalOf(loadServers(Object.fromEntries(names)));
    expect(error.message.split('\n')).toHaveLength(52);
    expect(error.message).toMatch(/^The configuration has 80 problems:[^]*\nand 30 more$/);
    expect((error.data as { problems: unknown[] }).problems).toHaveLength(80);
  });

  it('that is not there', async () => {
    const folder = folderWith();
    const error = await refusalOf(loadConfig({ path: 'nowhere.json', cwd: folder, env: {} }));
    expect(error.message).toMatch(/^Reading .*nowhere\.json: there is no such file\.$/);
  });

  it('that is a folder', async () => {
    const error = await refusalOf(loadConfig(folderWith()));
    expect(error.message).toMatch(/: it is a folder\.$/);
  });

  it('whose address names no file', async () => {
    const { message } = await refusalOf(loadConfig(new URL('https://example.com/plenum.json')));
    expect(message).toMatch(/^Option "path" must be a non-empty string or a file: URL/);
  });
});

describe('M2 names of servers', () => {
  it('a name that stands twice is refused with both places', async () => {
    const path = configFile(
      '{ "mcpServers": {\n  "a": { "command": "x" },\n  "b": { "command": "y" },\n  "a": { "command": "z" }\n} }',
    );
    const error = await refusalOf(loadConfig(path));
    expect(error.message).toBe(
      `The configuration has one problem:\n${path}:4:3 mcpServers.a: found "a" a second time, the first is at 2:3; a name stands once`,
    );
  });

  it('a name in both sections is refused', async () => {
    expect(
      await problemsOf(load({ mcpServers: { a: { command: 'x' } }, servers: { a: { command: 'y' } } })),
    ).toEqual(['servers.a: found "a" a second time, the first is under "mcpServers"; a name stands once']);
  });

  it('names that differ by case, and odd ones, are names', async () => {
    const names = ['a', 'A', 'a b', 'ö.x', 'constructor', 'toString', '0'];
    const { servers } = await loadServers(Object.fromEntries(names.map((name) => [name, { command: 'x' }])));
    expect(Object.keys(servers).toSorted()).toEqual(names.toSorted());
  });

  it('an empty one is refused', async () => {
    expect(await problemsOf(load('{ "servers": { "": { "command": "x" } } }'))).toEqual([
      'servers[""]: found a server without a name',
    ]);
  });

  it('"__proto__" does no harm, as a server, a variable or an option', async () => {
    expect(await problemsOf(load('{ "servers": { "__proto__": { "command": "x" } } }'))).toEqual([
      'servers.__proto__: found a name that no server can have',
    ]);
    const { servers } = await load(
      '{ "servers": { "a": { "command": "x", "env": { "__proto__": "polluted" }, "__proto__": { "url": "x" } } }, "plenum": { "__proto__": { "strict": true } } }',
    );
    expect(Object.keys(servers)).toEqual(['a']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(servers['a']).not.toHaveProperty('url');
  });
});

describe('warnings', () => {
  it('an unknown key, with the nearest known one and its place', async () => {
    const path = configFile(
      '{\n  "mcpServers": { "a": {\n    "command": "x", "timoutMs": 5, "quux": 1\n  } } }',
    );
    const { warnings } = await loadConfig(path);
    expect(warnings).toEqual([
      {
        file: path,
        line: 3,
        column: 21,
        path: 'mcpServers.a.timoutMs',
        message: 'Unknown key "timoutMs". Did you mean "timeoutMs"?',
      },
      expect.objectContaining({
        path: 'mcpServers.a.quux',
        message: expect.stringMatching(/^Unknown key "quux"\. Known: /),
      }),
    ]);
  });

  it('an unknown key further inside, and among the options of the group', async () => {
    const config = await load({
      mcpServers: { a: { command: 'x', reconnect: { maxDelay: 5 }, health: { interval: 1 } } },
      plenum: { concurency: {}, retry: { attempt: 1 } },
      mcpServer: {},
    });
    expect(messagesOf(config)).toEqual([
      'mcpServer: Unknown key "mcpServer". Did you mean "mcpServers"?',
      'plenum.concurency: Unknown key "concurency". Did you mean "concurrency"?',
      'plenum.retry.attempt: Unknown key "attempt". Did you mean "attempts"?',
      expect.stringMatching(
        /^mcpServers\.a\.reconnect\.maxDelay: Unknown key "maxDelay"\. Did you mean "maxDelayMs"/,
      ),
      expect.stringMatching(
        /^mcpServers\.a\.health\.interval: Unknown key "interval"\. Did you mean "intervalMs"/,
      ),
    ]);
  });

  it('what means nothing for this kind of server', async () => {
    const config = await loadServers({
      a: { command: 'x', headers: { A: '1' } },
      b: { url: 'https://b.example.com', args: ['1'], env: {} },
    });
    expect(config.servers).toEqual({ a: { command: 'x' }, b: { url: 'https://b.example.com' } });
    expect(messagesOf(config)).toEqual([
      'mcpServers.a.headers: "headers" is ignored: it means nothing for a process.',
      'mcpServers.b.args: "args" is ignored: it means nothing for a server behind a URL.',
      'mcpServers.b.env: "env" is ignored: it means nothing for a server behind a URL.',
    ]);
  });
});
