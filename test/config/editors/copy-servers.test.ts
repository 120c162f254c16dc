import { chmodSync, existsSync, readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyServers, loadConfig, type FoundServer } from '../../../src/config/index.ts';
import { configFile, folderWith } from '../support/files.ts';
import { refusalOf, serversOf } from '../support/loading.ts';

function server(
  name: string,
  definition: Record<string, unknown>,
  more: Partial<FoundServer> = {},
): FoundServer {
  return {
    name,
    definition,
    inputs: [],
    target: '',
    disabled: false,
    source: { editor: 'cursor', title: 'Cursor', scope: 'user', path: '/x', section: ['mcpServers'] },
    ...more,
  };
}

const read = (path: string): string => readFileSync(path, 'utf8');
const isWindows = process.platform === 'win32';

describe('copying servers', () => {
  it('into a new file, unexpanded and for its owner only', async () => {
    const to = join(folderWith(), 'new/folder/plenum.json');
    const definition = {
      command: 'a',
      env: { TOKEN: '${TOKEN}', KEY: 'k-123', EMPTY: '$x' },
      headers: { A: 'b' },
    };
    expect(await copyServers({ to, servers: [server('a', definition)] })).toEqual({
      path: to,
      copied: ['a'],
      skipped: [],
      literals: ['a.env.KEY', 'a.env.EMPTY', 'a.headers.A'],
    });
    expect(JSON.parse(read(to))).toEqual({ mcpServers: { a: definition } });
    if (!isWindows) expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(to))).toEqual(['plenum.json']);
  });

  it('comments and layout stay', async () => {
    const to = configFile(
      '{\n\t// mine\n\t"mcpServers": {\n\t\t"old": { "command": "o" } // keep\n\t},\n\t"plenum": {}\n}\n',
    );
    await copyServers({ to, servers: [server('new', { command: 'n', args: ['1'] })] });
    expect(read(to)).toBe(
      '{\n\t// mine\n\t"mcpServers": {\n\t\t"old": { "command": "o" }, // keep\n\t\t"new": {\n\t\t\t"command": "n",\n\t\t\t"args": [\n\t\t\t\t"1"\n\t\t\t]\n\t\t}\n\t},\n\t"plenum": {}\n}\n',
    );
  });

  it('a byte order mark, line ends and the mode of the file stay', async () => {
    const to = configFile(
      '\uFEFF{\r\n    "servers": {\r\n        "old": { "command": "o" }\r\n    }\r\n}\r\n',
    );
    chmodSync(to, 0o640);
    await copyServers({ to, servers: [server('new', { command: 'n' })] });
    expect(read(to)).toBe(
      '\uFEFF{\r\n    "servers": {\r\n        "old": { "command": "o" },\r\n        "new": {\r\n            "command": "n"\r\n        }\r\n    }\r\n}\r\n',
    );
    if (!isWindows) expect(statSync(to).mode & 0o777).toBe(0o640);
  });

  it.runIf(!isWindows)('a file behind a link is written where it is', async () => {
    const real = configFile({ mcpServers: {} });
    const to = join(folderWith(), 'plenum.json');
    symlinkSync(real, to);
    await copyServers({ to, servers: [server('a', { command: 'a' })] });
    expect(JSON.parse(read(real))).toEqual({ mcpServers: { a: { command: 'a' } } });
  });

  it('a name that is taken is skipped, or replaced where it stands', async () => {
    const content = { mcpServers: { b: { command: 'b' } }, servers: { a: { command: 'old' } } };
    const to = configFile(content);
    const servers = [server('a', { command: 'new' }), server('c', { command: 'c' })];
    expect(await copyServers({ to, servers: servers.slice(0, 1) })).toMatchObject({
      copied: [],
      skipped: ['a'],
    });
    expect(JSON.parse(read(to))).toEqual(content);
    expect(await copyServers({ to, servers, onConflict: 'replace' })).toMatchObject({
      copied: ['a', 'c'],
      skipped: [],
    });
    expect(JSON.parse(read(to))).toEqual({
      mcpServers: { b: { command: 'b' }, c: { command: 'c' } },
      servers: { a: { command: 'new' } },
    });
  });

  it('of two of one name the first is copied', async () => {
    const to = configFile({ mcpServers: {} });
    const servers = [
      server('a', { command: '1' }),
      server('a', { command: '2' }),
      { ...server('a', { command: '2' }), name: 'a2' },
    ];
    expect(await copyServers({ to, servers, onConflict: 'replace' })).toMatchObject({
      copied: ['a', 'a2'],
      skipped: ['a'],
    });
    expect(JSON.parse(read(to))).toEqual({ mcpServers: { a: { command: '1' }, a2: { command: '2' } } });
  });

  it('inputs come along, each once, and the result can be loaded', async () => {
    const to = configFile({ inputs: [{ id: 'here', type: 'promptString', password: true }], servers: {} });
    const input = { id: 'token', type: 'promptString' };
    const servers = ['a', 'b'].map((name) =>
      server(
        name,
        { command: name, args: ['${input:token}', '${input:here}'] },
        { inputs: [input, { id: 'here', type: 'promptString' }] },
      ),
    );
    await copyServers({ to, servers });
    expect(JSON.parse(read(to))).toMatchObject({ inputs: [{ id: 'here', password: true }, input] });
    const config = await loadConfig({ path: to, env: {}, prompt: ({ id }) => id });
    expect(serversOf(config)).toEqual({
      a: { command: 'a', args: ['token', 'here'] },
      b: { command: 'b', args: ['token', 'here'] },
    });
  });

  it('what is relative goes on meaning what it meant', async () => {
    const folder = folderWith({ 'there/note': '' });
    const there = join(folder, 'there');
    const definition = {
      command: './bin/run',
      cwd: 'data',
      envFile: '${workspaceFolder}/.env',
      args: ['${workspaceFolder}/a', '$${workspaceFolder}', 'relative', '${userHome}'],
      env: { ROOT: '${workspaceFolder}' },
    };
    const servers = [server('a', definition, { folder: there })];
    await copyServers({ to: join(folder, 'plenum.json'), servers });
    await copyServers({ to: join(there, 'plenum.json'), servers });
    expect(JSON.parse(read(join(folder, 'plenum.json')))).toEqual({
      mcpServers: {
        a: {
          command: join(there, 'bin/run'),
          cwd: join(there, 'data'),
          envFile: `${there}/.env`,
          args: [`${there}/a`, '$${workspaceFolder}', 'relative', '${userHome}'],
          env: { ROOT: there },
        },
      },
    });
    expect(JSON.parse(read(join(there, 'plenum.json')))).toEqual({ mcpServers: { a: definition } });
  });

  it('a process starts where it started, in whatever folder its new file is', async () => {
    const folder = folderWith({ '${odd}/note': '' });
    const there = join(folder, '${odd}');
    const servers = [
      server('process', { command: 'a' }, { folder: there }),
      server('nowhere', { command: 'a', cwd: null }, { folder: there }),
      server('url', { url: 'https://a.example.com' }, { folder: there }),
      server('users', { command: 'a' }),
    ];
    const to = join(folder, 'plenum.json');
    await copyServers({ to, servers });
    expect((await loadConfig({ path: to, env: {} })).servers).toEqual({
      process: { command: 'a', cwd: there },
      nowhere: { command: 'a', cwd: there },
      url: { url: 'https://a.example.com' },
      users: { command: 'a', cwd: folder },
    });
  });

  it.each(['{ "mcpServers": ', '{ "mcpServers": [] }', '{ "inputs": {} }', '[]', ''])(
    'into a file that cannot be used is refused, and it stays: %j',
    async (content) => {
      const to = configFile(content);
      const error = await refusalOf(copyServers({ to, servers: [server('a', { command: 'a' })] }));
      expect(error.message).toContain(to);
      expect(read(to)).toBe(content);
    },
  );

  it.each(['', '__proto__'])('under a name that none can have is refused: %j', async (name) => {
    const to = join(folderWith(), 'plenum.json');
    const error = await refusalOf(copyServers({ to, servers: [server(name, { command: 'a' })] }));
    expect(error.message).toContain('No server can have the name');
    expect(existsSync(to)).toBe(false);
  });

  it('where nothing can be written is refused', async () => {
    const to = join(configFile('{}'), 'plenum.json');
    const error = await refusalOf(copyServers({ to, servers: [server('a', { command: 'a' })] }));
    expect(error.message).toContain(`Writing ${to}`);
  });
});
