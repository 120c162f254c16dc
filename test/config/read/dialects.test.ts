import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { fixture } from '../support/files.ts';
import { load, loadServers, messagesOf, problemsOf, serversOf } from '../support/loading.ts';

const folder = fixture('.').replace(/[\\/]\.?$/, '');
const env = {
  HOME: '/home/me',
  USERPROFILE: '/home/me',
  ISSUES_TOKEN: 't-1',
  API_KEY: 'k-1',
  WEB_TOKEN: 'w-1',
};

describe('the dialects of editors', () => {
  it('Claude Desktop: processes, beside settings of its own', async () => {
    const config = await loadConfig({ path: fixture('claude-desktop.json'), env });
    expect(serversOf(config)).toEqual({
      filesystem: {
        command: 'npx',
        args: ['-y', '@modelcontextprotocol/server-filesystem', '/home/me/Documents'],
      },
      memory: {
        command: 'npx',
        args: ['-y', '@modelcontextprotocol/server-memory'],
        env: { MEMORY_FILE_PATH: '/data/memory.json' },
      },
    });
    expect(messagesOf(config)).toEqual([]);
  });

  it('Claude Code: types, defaults, milliseconds, and what would run a program', async () => {
    const config = await loadConfig({ path: fixture('claude-code.json'), env });
    expect(serversOf(config)).toEqual({
      issues: {
        type: 'http',
        url: 'https://issues.example.com/mcp',
        headers: { Authorization: 'Bearer t-1' },
        timeoutMs: 5_000,
      },
      events: { type: 'sse', url: 'https://events.example.com/sse' },
      local: { type: 'stdio', command: join(folder, 'bin/server'), args: ['--verbose'], env: {} },
      signed: { type: 'http', url: 'https://signed.example.com/mcp' },
    });
    expect(messagesOf(config)).toEqual([
      expect.stringMatching(/^mcpServers\.issues\.timeout: .* 5000 is read as milliseconds/),
      expect.stringMatching(/^mcpServers\.signed\.headersHelper: .*nothing is run/),
      expect.stringMatching(/^mcpServers\.signed\.oauth: .*not read/),
    ]);
  });

  it('Cursor: its places, a file of variables, and the client of a login', async () => {
    const config = await loadConfig({ path: fixture('cursor.json'), env });
    expect(serversOf(config)).toEqual({
      local: {
        type: 'stdio',
        command: `${folder}/server`,
        args: ['--root', `${folder}${sep}src`, '--name', 'configs'],
        env: { API_KEY: 'k-1', REGION: 'eu west' },
      },
      remote: { url: 'https://remote.example.com/mcp', headers: { 'X-Key': 'k-1' } },
      login: { url: 'https://login.example.com/mcp' },
    });
    expect(messagesOf(config)).toEqual([
      expect.stringMatching(/^mcpServers\.login\.auth: "auth" is ignored/),
    ]);
  });

  it('Windsurf: serverUrl, tools that are switched off, servers that are', async () => {
    const config = await loadConfig({ path: fixture('windsurf.json'), env });
    expect(serversOf(config)).toEqual({
      remote: {
        url: 'https://remote.example.com/mcp',
        headers: { 'X-Key': 'k-1' },
        deny: ['drop_table', 'what\\?'],
      },
      local: { command: 'uvx', args: ['server'] },
    });
    expect(config.disabled).toEqual(['off']);
    expect(messagesOf(config)).toEqual([]);
  });

  it('Cline: seconds, approvals, camel case', async () => {
    const config = await loadConfig({ path: fixture('cline.json'), env });
    expect(serversOf(config)).toEqual({
      local: { type: 'stdio', command: 'node', args: ['server.js'], timeoutMs: 60_000 },
      remote: { type: 'http', url: 'https://remote.example.com/mcp' },
    });
    expect(config.disabled).toEqual(['off']);
    expect(messagesOf(config)).toEqual([
      expect.stringMatching(/^mcpServers\.local\.timeout: .* 60 is read as seconds/),
    ]);
  });

  it('Roo Code: an hour in seconds, tools that are switched off', async () => {
    const config = await loadConfig({ path: fixture('roo-code.json'), env });
    expect(serversOf(config)).toEqual({
      local: { command: 'node', args: ['server.js'], deny: ['write'], timeoutMs: 3_600_000 },
      remote: { type: 'http', url: 'https://remote.example.com/mcp' },
    });
    expect(messagesOf(config)).toHaveLength(1);
  });

  it('VS Code: inputs, numbers in the environment, a sandbox that is not one here', async () => {
    const asked: unknown[] = [];
    const config = await loadConfig({
      path: fixture('vscode.jsonc'),
      env,
      prompt: (input) => {
        asked.push(input);
        return input.id === 'token' ? 's3cret' : 'us';
      },
    });
    expect(serversOf(config)).toEqual({
      local: {
        type: 'stdio',
        command: 'node',
        args: [`${folder}/server.js`, '--region=us'],
        env: { TOKEN: 's3cret', PORT: '3000', DEBUG: 'true' },
      },
      remote: {
        type: 'http',
        url: 'https://remote.example.com/mcp',
        headers: { Authorization: 'Bearer s3cret' },
      },
    });
    expect(asked).toEqual([
      {
        type: 'pickString',
        id: 'region',
        description: 'Region',
        default: 'eu',
        password: false,
        options: [
          { label: 'eu', value: 'eu' },
          { label: 'United States', value: 'us' },
        ],
        field: 'servers.local.args[1]',
      },
      {
        type: 'promptString',
        id: 'token',
        description: 'API token',
        password: true,
        field: 'servers.local.env.TOKEN',
      },
    ]);
    expect(messagesOf(config)).toEqual([expect.stringContaining('does not confine servers')]);
  });

  it('Gemini CLI: httpUrl, lists of tools, settings of its own', async () => {
    const config = await loadConfig({ path: fixture('gemini-settings.json'), env });
    expect(serversOf(config)).toEqual({
      remote: { type: 'http', url: 'https://remote.example.com/mcp', timeoutMs: 30_000 },
      old: { url: 'https://old.example.com/sse', headers: { 'X-Key': 'k' } },
      local: { command: 'python', args: ['-m', 'server'], allow: ['read', 'list'], deny: ['list\\[all\\]'] },
    });
  });

  it('the options of SDKs: headers further inside, spellings with underscores, nulls', async () => {
    const config = await loadConfig({ path: fixture('sdk-options.json'), env });
    expect(serversOf(config)).toEqual({
      wrapped: { type: 'http', url: 'https://wrapped.example.com/mcp', headers: { 'X-Key': 'k' } },
      snake: { type: 'sse', url: 'https://snake.example.com/sse', headers: { 'X-Key': 'k' } },
      socket: { type: 'websocket', url: 'wss://socket.example.com/mcp' },
      dumped: { url: 'https://dumped.example.com/mcp' },
    });
    expect(config.disabled).toEqual(['inactive']);
    expect(messagesOf(config)).toEqual([]);
  });

  it.each([
    ['http', 'http'],
    ['streamable-http', 'http'],
    ['streamableHttp', 'http'],
    ['streamable_http', 'http'],
    ['sse', 'sse'],
  ])('the type %s', async (type, expected) => {
    const { servers } = await loadServers({
      a: { type, url: 'https://a.example.com/' },
      b: { transport: type, url: 'http://b.example.com/' },
    });
    expect(servers).toMatchObject({ a: { type: expected }, b: { type: expected } });
  });

  it.each(['ws', 'websocket'])('the type %s', async (type) => {
    const { servers } = await loadServers({ a: { type, url: 'ws://a.example.com/' } });
    expect(servers).toEqual({ a: { type: 'websocket', url: 'ws://a.example.com/' } });
  });

  it('both kinds of sections in one file', async () => {
    const { servers } = await load({ mcpServers: { a: { command: 'a' } }, servers: { b: { command: 'b' } } });
    expect(servers).toEqual({ a: { command: 'a' }, b: { command: 'b' } });
  });

  it("an option of Plenum's own goes before the same of an editor", async () => {
    const config = await loadServers({
      a: { command: 'a', timeout: 60, timeoutMs: 5, disabledTools: ['x'], deny: ['y'] },
    });
    expect(config.servers).toEqual({ a: { command: 'a', timeoutMs: 5, deny: ['y'] } });
    expect(messagesOf(config)).toEqual([]);
  });

  it.each([
    [60, 60_000],
    [3_600, 3_600_000],
    [3_601, 3_601],
    [30_000, 30_000],
    [0, undefined],
  ])('a timeout of %i, in whatever unit', async (timeout, timeoutMs) => {
    const { servers } = await loadServers({ a: { command: 'a', timeout } });
    expect(servers['a']?.timeoutMs).toBe(timeoutMs);
  });

  it('headers in two places: one of them is said to be ignored', async () => {
    const config = await loadServers({
      a: { url: 'https://a.example.com', headers: { A: '1' }, requestInit: { headers: { B: '2' } } },
    });
    expect(config.servers['a']).toEqual({ url: 'https://a.example.com', headers: { A: '1' } });
    expect(messagesOf(config)).toEqual([
      'mcpServers.a.requestInit.headers: "requestInit.headers" is ignored, because there is "headers" already.',
    ]);
  });

  it('a problem is shown where the editor has its key', async () => {
    expect(
      await problemsOf(loadServers({ a: { serverUrl: 'nowhere' }, b: { command: 'b', disabledTools: 'x' } })),
    ).toEqual([
      'mcpServers.a.serverUrl: found a string, allowed a whole URL: "https://…"',
      'mcpServers.b.disabledTools: found a string, allowed an array of globs',
    ]);
  });
});

describe("Plenum's own options", () => {
  it('all of them', async () => {
    const config = await loadConfig({ path: fixture('plenum.json'), env });
    const { path, warnings, disabled, broken, servers, ...group } = config;
    expect({ path, warnings, disabled, broken }).toEqual({
      broken: {},
      path: fixture('plenum.json'),
      warnings: [],
      disabled: [],
    });
    expect(group).toEqual({
      naming: 'prefixed',
      strict: true,
      concurrency: { processes: 2, remote: 3 },
      timeoutMs: 30_000,
      connectTimeoutMs: 10_000,
      protocol: 'auto',
      reconnect: {},
      health: { intervalMs: 1_000 },
      pool: { max: 4, maxPerServer: 2, idleMs: 1, maxAgeMs: 2 },
      retry: { attempts: 2, delayMs: 1, maxDelayMs: 2 },
      circuit: false,
    });
    expect(servers).toEqual({
      files: {
        command: join(folder, '../bin/files'),
        args: ['.'],
        cwd: join(folder, 'data'),
        inheritEnv: ['HTTPS_PROXY'],
        encoding: 'latin1',
        encodingErrors: 'replace',
        stderr: 'ignore',
        maxMessageBytes: 1024,
        closeGraceMs: 10,
        terminateGraceMs: 20,
        lazy: { idleMs: 60_000 },
        naming: 'bare',
        allow: ['read_*'],
        deny: ['*_secret'],
        timeoutMs: 1_000,
        connectTimeoutMs: 2_000,
        protocol: 'legacy',
        reconnect: { delayMs: 1, maxDelayMs: 2, attempts: 3, resetAfterMs: 4 },
        health: { intervalMs: 5, timeoutMs: 6, failures: 7 },
        maxWaitingCalls: 8,
        maxInputRounds: 9,
        maxPages: 10,
      },
      web: {
        url: 'https://web.example.com/mcp',
        auth: { token: expect.any(Function) },
        openTimeoutMs: 100,
        readTimeoutMs: 200,
        terminateSession: false,
        lazy: true,
        reconnect: false,
        health: true,
      },
      // That transport has no other way to send a token.
      socket: { url: 'ws://127.0.0.1:9/mcp', headers: { 'X-Tenant': 'one', Authorization: 'Bearer w-1' } },
    });
  });

  it('a bearer token is kept where printing the configuration does not show it', async () => {
    const { servers } = await loadConfig({ path: fixture('plenum.json'), env });
    const web = servers['web'];
    expect(JSON.stringify(web)).not.toContain('w-1');
    const auth = web !== undefined && 'auth' in web ? web.auth : undefined;
    expect(auth !== undefined && 'token' in auth ? await auth.token() : undefined).toBe('w-1');
  });
});
