import * as fc from 'fast-check';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { configFile, folderWith, writeTo } from '../support/files.ts';
import { load, loadServers, messagesOf, problemsOf, serversOf } from '../support/loading.ts';

const good = { command: 'good' };
const url = 'https://a.example.com/mcp';

/** What becomes of a sloppy server, and the warnings; the server beside it notices nothing. */
async function read(server: object): Promise<{ server: unknown; warnings: string[] }> {
  for (const tolerant of [true, false]) {
    const config = await loadServers({ s: server, good }, { tolerant });
    expect(config.servers['good']).toEqual(good);
    if (!tolerant) return { server: config.servers['s'], warnings: messagesOf(config) };
  }
  throw new Error('never');
}

describe('R14 the word for a transport', () => {
  it.each(['stdio', 'STDIO', 'Stdio', 'local', 'Local', 'LOCAL', 'process'])(
    '%s beside a command',
    async (type) => {
      const expected = 'stdio';
      expect(await read({ type, command: 'c' })).toEqual({
        server: { type: expected, command: 'c' },
        warnings: [],
      });
      expect((await read({ transport: type, command: 'c' })).server).toEqual({
        type: expected,
        command: 'c',
      });
    },
  );

  it.each([
    'http',
    'HTTP',
    'Http',
    'streamable-http',
    'Streamable-HTTP',
    'streamableHttp',
    'StreamableHTTP',
    'streamable_http',
    'STREAMABLE',
    'http-stream',
  ])('%s beside a URL', async (type) => {
    expect(await read({ type, url })).toEqual({ server: { type: 'http', url }, warnings: [] });
  });

  it.each(['sse', 'SSE', 'Sse'])('%s beside a URL', async (type) => {
    expect((await read({ transportType: type, url })).server).toEqual({ type: 'sse', url });
  });

  it.each(['ws', 'WS', 'WebSocket', 'WEBSOCKET'])('%s beside a URL', async (type) => {
    expect((await read({ type, url: 'wss://a.example.com' })).server).toEqual({
      type: 'websocket',
      url: 'wss://a.example.com',
    });
  });

  it.each(['remote', 'Remote', 'REMOTE', '', null])(
    '%j beside a URL: which one is found out',
    async (type) => {
      expect(await read({ type, url })).toEqual({ server: { url }, warnings: [] });
      expect((await read({ type, url: 'ws://a.example.com' })).server).toEqual({ url: 'ws://a.example.com' });
    },
  );

  it.each([
    [{ type: 'remote', command: 'c' }, 'found "remote", allowed "stdio"'],
    [{ type: 'local', url }, 'found "stdio", allowed one of "http"'],
    [{ type: 'carrier-pigeon', url }, 'found "carrier-pigeon", allowed one of'],
  ])('%j is refused, alone', async (server, problem) => {
    const { servers, broken } = await loadServers({ s: server, good }, { tolerant: true });
    expect(servers).toEqual({ good });
    expect(broken['s']?.message).toContain(problem);
  });
});

describe('R14 command and url', () => {
  it.each<[server: object, expected: object]>([
    [{ command: '', url }, { url }],
    [{ command: '  ', args: null, env: null, url }, { url }],
    [{ command: null, url }, { url }],
    [{ command: [], url }, { url }],
    [{ url: '', command: 'c' }, { command: 'c' }],
    [{ url: null, headers: null, command: 'c' }, { command: 'c' }],
    [{ serverUrl: '', command: 'c' }, { command: 'c' }],
    [{ httpUrl: '', command: 'c', args: null }, { command: 'c' }],
    [{ baseUrl: url }, { url }],
  ])('%j', async (server, expected) => {
    expect(await read(server)).toEqual({ server: expected, warnings: [] });
  });

  it.each([
    ['stdio', { type: 'stdio', command: 'c' }, 'url'],
    ['LOCAL', { type: 'stdio', command: 'c' }, 'url'],
    ['http', { type: 'http', url }, 'command'],
    ['remote', { url }, 'command'],
  ])('of two, the one that the type %s means counts', async (type, server, ignored) => {
    expect(await read({ type, command: 'c', url })).toEqual({
      server,
      warnings: [`mcpServers.s.${ignored}: "${ignored}" is ignored, because the type is "${type}".`],
    });
  });

  it('neither, where both are empty', async () => {
    expect(await problemsOf(loadServers({ s: { command: '', url: '' } }))).toEqual([
      'mcpServers.s: found neither "command" nor "url", allowed one of them',
    ]);
  });
});

describe('R14 a command line', () => {
  it.each<[command: unknown, args: unknown, expected: [string, ...string[]], warned: string[]]>([
    ['npx -y foo', undefined, ['npx', '-y', 'foo'], ['command']],
    ['  npx   -y\tfoo ', undefined, ['npx', '-y', 'foo'], ['command']],
    ['npx -y foo', ['--port', 1], ['npx', '-y', 'foo', '--port', '1'], ['command']],
    ['npx -y foo', '--port 1', ['npx', '-y', 'foo', '--port', '1'], ['command', 'args']],
    [`node -e "a b" 'c d' e\\ f`, undefined, ['node', '-e', 'a b', 'c d', 'e f'], ['command']],
    [`npx -y x --json '{"a":1}'`, undefined, ['npx', '-y', 'x', '--json', '{"a":1}'], ['command']],
    ['"/opt/my app/run" --x', undefined, ['/opt/my app/run', '--x'], ['command']],
    ['npx "" x', undefined, ['npx', '', 'x'], ['command']],
    ['npx -y x ${NO:-a b}', undefined, ['npx', '-y', 'x', 'a b'], ['command']],
    ['npx ', undefined, ['npx'], []],
    [['npx', '-y', 'foo'], undefined, ['npx', '-y', 'foo'], []],
    [['npx', '-y', 'foo'], ['bar'], ['npx', '-y', 'foo', 'bar'], []],
    [['docker', 'run', 5], null, ['docker', 'run', '5'], []],
    ['npx', '-y foo', ['npx', '-y', 'foo'], ['args']],
    ['npx', '', ['npx'], []],
    ['npx', [1, true, 'x', 0.5], ['npx', '1', 'true', 'x', '0.5'], []],
    ['npx', 'C:\\dir\\x "C:\\my dir\\y"', ['npx', 'C:\\dir\\x', 'C:\\my dir\\y'], ['args']],
  ])('%j with args %j', async (command, args, [program, ...rest], warned) => {
    const { server, warnings } = await read({ command, ...(args !== undefined && { args }) });
    expect(server).toEqual({ command: program, ...(rest.length > 0 && { args: rest }) });
    expect(warnings.map((each) => each.split(': ')[0])).toEqual(warned.map((key) => `mcpServers.s.${key}`));
  });

  it('the path of a program may hold blanks', async () => {
    const folder = folderWith({ 'my tools/run it': '', 'plain/run': '' });
    mkdirSync(join(folder, 'my tools/folder'));
    const commands = {
      alone: './my tools/run it',
      arguments: './my tools/run it --x "a b"',
      plain: `${join(folder, 'plain/run')} --x`,
      variable: '${ROOT}/my tools/run it --x',
      gone: './my tools/gone --x',
      folder: './my tools/folder --x',
    };
    const servers = Object.fromEntries(
      Object.entries(commands).map(([name, command]) => [name, { command }]),
    );
    const path = writeTo(join(folder, 'plenum.json'), { mcpServers: servers });
    const config = await loadConfig({ path, env: { ROOT: folder } });
    expect(serversOf(config)).toEqual({
      alone: { command: join(folder, 'my tools/run it') },
      arguments: { command: join(folder, 'my tools/run it'), args: ['--x', 'a b'] },
      plain: { command: join(folder, 'plain/run'), args: ['--x'] },
      variable: { command: join(folder, 'my tools/run it'), args: ['--x'] },
      gone: { command: join(folder, 'my tools/gone --x') },
      folder: { command: join(folder, 'my tools/folder --x') },
    });
  });

  it('a warning shows no argument, which may be a secret', async () => {
    const { warnings } = await read({ command: 'npx x --token tok-123', args: '--key tok-123' });
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).not.toContain('tok-123');
  });

  it('a problem of an argument is shown where it stands', async () => {
    expect(
      await problemsOf(
        loadServers({
          a: { command: 'npx ${NOWHERE}', args: ['${ELSEWHERE}'] },
          b: { command: 'npx', args: 'x ${NOWHERE}' },
        }),
      ),
    ).toEqual([
      expect.stringMatching(/^mcpServers\.a\.command: needs the environment variable NOWHERE/),
      expect.stringMatching(/^mcpServers\.a\.args\[0\]: needs the environment variable ELSEWHERE/),
      expect.stringMatching(/^mcpServers\.b\.args: needs the environment variable NOWHERE/),
    ]);
  });

  it('whatever the text, the words of a shell come back, or the server has a problem', async () => {
    const word = fc.string({ unit: fc.constantFrom('a', '-', '/', '.', '=', 'é', ' ') });
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), async (words) => {
        const command = ['npx', ...words.map((each) => `"${each}"`)].join(' ');
        const { servers } = await loadServers({ s: { command }, good });
        expect(servers).toEqual({ s: { command: 'npx', args: words }, good });
      }),
      { numRuns: 40 },
    );
  });
});

describe('R14 values of another type', () => {
  it.each<[server: object, expected: object | undefined]>([
    [{ command: 'c', disabled: 'true' }, undefined],
    [{ command: 'c', disabled: 'TRUE' }, undefined],
    [{ command: 'c', disabled: 1 }, undefined],
    [{ command: 'c', enabled: 'false' }, undefined],
    [{ command: 'c', enabled: 0 }, undefined],
    [{ command: 'c', isActive: 'False' }, undefined],
    [
      { command: 'c', disabled: 'false' },
      { command: 'c', disabled: false },
    ],
    [
      { command: 'c', disabled: 0 },
      { command: 'c', disabled: false },
    ],
    [
      { command: 'c', enabled: 'true' },
      { command: 'c', disabled: false },
    ],
    [
      { command: 'c', env: { A: 1, B: true, C: null, D: 0.5 } },
      { command: 'c', env: { A: '1', B: 'true', D: '0.5' } },
    ],
    [
      { command: 'c', environment: { A: 1 } },
      { command: 'c', env: { A: '1' } },
    ],
    [
      { url, headers: { A: 1, B: false, C: null, D: 'd' } },
      { url, headers: { A: '1', B: 'false', D: 'd' } },
    ],
    [
      { command: 'c', args: null, env: null, cwd: null, type: null, disabled: null, allow: null },
      { command: 'c' },
    ],
  ])('%j', async (server, expected) => {
    const { disabled: _, ...wanted } = { disabled: false, ...expected };
    const result = await read(server);
    expect(result).toEqual({ server: expected === undefined ? undefined : wanted, warnings: [] });
  });
});

describe('R14 a member that stands twice', () => {
  const twice = (member: string): string =>
    `{ "mcpServers": {\n "s": { "command": "old", ${member} },\n "good": { "command": "good" } } }`;

  it.each<[member: string, expected: object, path: string]>([
    ['"command": "new"', { command: 'new' }, 'command'],
    ['"args": ["1"], "args": ["2"]', { command: 'old', args: ['2'] }, 'args'],
    ['"env": { "A": "1", "A": "2" }', { command: 'old', env: { A: '2' } }, 'env.A'],
    [
      '"reconnect": { "attempts": 1, "attempts": 2 }',
      { command: 'old', reconnect: { attempts: 2 } },
      'reconnect.attempts',
    ],
  ])('%s: the last one counts, with a warning', async (member, expected, path) => {
    const config = await load(twice(member));
    expect(config.servers).toEqual({ s: expected, good });
    expect(messagesOf(config)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^mcpServers\\.s\\.${path}: ".*" stands a second time, the first is at 2:\\d+; the last one counts\\.$`,
        ),
      ),
    ]);
  });

  it.each(['allow', 'deny', 'disabledTools', 'tools'])(
    'a filter, %s, is a problem of that server',
    async (key) => {
      const config = await load(twice(`"${key}": ["a"], "${key}": ["b"]`), { tolerant: true });
      expect(config.servers).toEqual({ good });
      expect(config.broken['s']?.message).toContain(`found "${key}" a second time`);
    },
  );

  it('a server that stands twice is neither, and the others are there', async () => {
    const text =
      '{ "servers": { "s": { "command": "a" }, "good": { "command": "good" }, "s": { "command": "b" } } }';
    const config = await load(text, { tolerant: true });
    expect(config.servers).toEqual({ good });
    expect(config.broken['s']?.message).toMatch(
      /"s" a second time, the first is at 1:16; a name stands once/,
    );
  });

  it('what is none of Plenum costs nothing, what holds for all costs the file', async () => {
    const servers = '"mcpServers": { "good": { "command": "good" } }';
    expect((await load(`{ "theme": 1, "theme": { "a": 1, "a": 2 }, ${servers} }`)).servers).toEqual({ good });
    for (const text of [
      `{ ${servers}, ${servers} }`,
      `{ "plenum": { "strict": true, "strict": false }, ${servers} }`,
    ])
      expect(await problemsOf(load(text, { tolerant: true }))).toEqual([
        expect.stringContaining('a second time'),
      ]);
  });
});

describe('R14 the text of a file', () => {
  const text = '{ // comment\n "mcpServers": { "good": { "command": "good", "args": [], }, }, /* end */ }\n';

  it.each<[form: string, bytes: Buffer]>([
    ['comments and trailing commas', Buffer.from(text)],
    ['a byte order mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16, as PowerShell writes it', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['UTF-16, big end first', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
    ['line ends of Windows', Buffer.from(text.replaceAll('\n', '\r\n'))],
  ])('%s', async (_, bytes) => {
    const path = configFile('');
    writeFileSync(path, bytes);
    expect(serversOf(await loadConfig({ path, env: {} }))).toEqual({ good: { command: 'good', args: [] } });
  });
});

describe('R14 a misspelt filter', () => {
  it.each<[key: string, meant: string]>([
    ['alow', 'allow'],
    ['Allow', 'allow'],
    ['allwo', 'allow'],
    ['allowed', 'allow'],
    ['allowedTools', 'allow'],
    ['allow_list', 'allow'],
    ['allowlist', 'allow'],
    ['whitelist', 'allow'],
    ['include', 'allow'],
    ['includeTool', 'allow'],
    ['include-tools', 'allow'],
    ['onlyTools', 'allow'],
    ['toolFilter', 'allow'],
    ['toolsAllowed', 'allow'],
    ['dney', 'deny'],
    ['denny', 'deny'],
    ['denied', 'deny'],
    ['deniedTools', 'deny'],
    ['denyTools', 'deny'],
    ['exclude', 'deny'],
    ['exclude_tools', 'deny'],
    ['excludedTools', 'deny'],
    ['blockedTools', 'deny'],
    ['blocklist', 'deny'],
    ['disableTools', 'deny'],
    ['hiddenTools', 'deny'],
    ['forbidden', 'deny'],
    ['tools_deny', 'deny'],
  ])('%s: its server is refused, alone, and "%s" is named', async (key, meant) => {
    const { servers, broken, warnings } = await loadServers(
      { s: { command: 'c', [key]: ['read_*'] }, good },
      { tolerant: true },
    );
    expect(servers).toEqual({ good });
    expect(broken['s']?.message).toContain(`mcpServers.s.${/^\w+$/.test(key) ? key : ''}`.replace(/\.$/, ''));
    expect(broken['s']?.message).toContain(`Did you mean "${meant}"?`);
    expect(warnings).toEqual([]);
  });

  it.each<[key: string, value: unknown]>([
    ['hidden', true],
    ['enable', true],
    ['enable', 'true'],
    ['quux', ['a']],
    ['dependencies', ['a']],
    ['desc', 'a text'],
    ['alow', null],
    ['autoApprove', ['a']],
    ['alwaysAllow', ['a']],
    ['envs', { A: '1' }],
  ])('%s: %j is none', async (key, value) => {
    expect((await read({ command: 'c', [key]: value })).server).toEqual({ command: 'c' });
  });

  it('costs nothing where the server is disabled or not wanted', async () => {
    const config = await loadServers(
      { off: { command: 'c', alow: ['x'], disabled: true }, no: { command: 'c', alow: [] }, good },
      { only: (name) => name !== 'no' },
    );
    expect(config.servers).toEqual({ good });
    expect(config.disabled).toEqual(['off']);
  });

  it.each<[file: object, path: string]>([
    [{ plenum: { deny: ['*'] } }, 'plenum.deny'],
    [{ plenum: { allowedTools: ['*'] } }, 'plenum.allowedTools'],
    [{ deny: ['*'] }, 'deny'],
  ])('outside of a server, as in %j, it costs the file', async (file, path) => {
    expect(await problemsOf(load({ mcpServers: { good }, ...file }, { tolerant: true }))).toEqual([
      `${path}: found a filter of tools; "allow" and "deny" stand in each server`,
    ]);
  });

  it('a filter of Codex is one', async () => {
    const { server } = await read({ command: 'c', enabled_tools: ['a*'], disabled_tools: ['b'] });
    expect(server).toEqual({ command: 'c', allow: ['a\\*'], deny: ['b'] });
  });
});
