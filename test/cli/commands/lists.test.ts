import { describe, expect, it } from 'vitest';
import { serveHttp, stdioSpec } from '../../../src/testing/index.ts';
import { plenumOnTerminal } from '../support/on-terminal.ts';
import { configFile, inline, plenum, plenumJson } from '../support/run-cli.ts';
import { starting } from '../../group/support/starting.ts';
import { ledgerFile } from '../../support/folders.ts';

const files = stdioSpec({
  name: 'file-server',
  version: '2.1.0',
  tools: [
    {
      name: 'read',
      title: 'Read a file',
      description: 'Reads\n  a file.',
      inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
      outputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    },
    { name: 'write' },
  ],
  resources: [{ uri: 'file:///notes.md', name: 'notes', mimeType: 'text/markdown', text: '# Notes' }],
  resourceTemplates: [{ uriTemplate: 'file:///{path}', name: 'any file' }],
  prompts: [
    {
      name: 'sum',
      description: 'Sums up.',
      arguments: [{ name: 'length', required: true }, { name: 'tone' }],
    },
  ],
});
const memory = stdioSpec({ name: 'memory-server', tools: [{ name: 'store' }] });
const broken = { command: 'no-such-command-here' };

describe('plenum servers', () => {
  it('--json has the documented shape, for servers that are there and those that are not', async () => {
    const config = configFile({ files, broken });
    const { exitCode, stdout } = await plenum(['servers', '--json', '-c', config]);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toEqual([
      {
        name: 'files',
        state: 'ready',
        era: 'modern',
        protocolVersion: '2026-07-28',
        serverInfo: { name: 'file-server', version: '2.1.0' },
        tools: 2,
        resources: 1,
        prompts: 1,
        connectMs: expect.any(Number),
      },
      {
        name: 'broken',
        state: 'failed',
        era: null,
        protocolVersion: null,
        serverInfo: null,
        tools: null,
        resources: null,
        prompts: null,
        connectMs: null,
        error: {
          code: 'CONNECT_FAILED',
          message: expect.stringContaining('There is no such command'),
          server: 'broken',
        },
      },
    ]);
  });

  it('shows a table, with what is broken, and says why', async () => {
    const { exitCode, stdout, stderr } = await plenum(['servers', '-c', configFile({ files, broken })]);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^files +ready +modern +2026-07-28 +2 +1 +1 +\d+ ms +file-server 2\.1\.0$/m);
    expect(stdout).toMatch(/^broken +failed/m);
    expect(stderr).toContain('There is no such command');
  });

  it('what failed ends with the command that says more; with --json, each error is a line', async () => {
    const config = configFile({ files, broken, worse: broken });
    const { stderr } = await plenum(['tools', '-c', config]);
    expect(stderr).toContain('"plenum doctor broken worse" says more.');
    const json = await plenum(['tools', '--json', '-c', config]);
    const lines = json.stderr
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([{ error: { server: 'broken' } }, { error: { server: 'worse' } }]);
  });

  it('no match is not certain while servers are missing; a glob with a prefix opens the servers of that name', async () => {
    const config = configFile({ files, broken });
    const all = await plenum(['tools', 'zzz', '-c', config]);
    expect(all.stderr).toContain('No tool matches, of the servers that are there.');
    const some = await plenum(['tools', 'files__*', '-c', config]);
    expect(some).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('files__read') });
  });

  it('NO_COLOR takes the colors away, unless it is empty', async () => {
    for (const [value, isColored] of [
      ['1', false],
      ['', true],
    ] as const) {
      const terminal = plenumOnTerminal(['servers', ...inline(memory)], { env: { NO_COLOR: value } });
      expect(await terminal.exitCode).toBe(0);
      expect(terminal.raw.includes('\u001b[32mready')).toBe(isColored);
    }
  });

  it('all ready is exit code 0, with nothing on standard error', async () => {
    const { exitCode, stderr } = await plenum(['servers', '-c', configFile({ files, memory })]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('credentials that are missing are exit code 4', async () => {
    await using server = await serveHttp({}, { token: 's3cret' });
    const { exitCode, stdout } = await plenum(['servers', server.url]);
    expect(exitCode).toBe(4);
    expect(stdout).toContain('needs auth');
    const header = ['--header', 'Authorization: Bearer s3cret'];
    expect((await plenum(['servers', server.url, ...header])).exitCode).toBe(0);
    const config = configFile({ guarded: { url: server.url } });
    expect((await plenum(['servers', '-c', config])).exitCode).toBe(4);
    expect(
      (await plenum(['servers', '-c', configFile({ guarded: { url: server.url }, broken })])).exitCode,
    ).toBe(3);
  });

  it('names and globs choose, as --server does', async () => {
    const config = configFile({ files, memory, broken });
    const servers = (await plenumJson(['servers', 'f*', '-s', 'memory', '-c', config])) as { name: string }[];
    expect(servers.map(({ name }) => name)).toEqual(['files', 'memory']);
    expect((await plenum(['servers', 'flies', '-c', config])).exitCode).toBe(2);
  });

  it('a lazy server is shown and called as others are', async () => {
    const config = configFile({ files: { ...files, lazy: true } });
    expect(await plenumJson(['servers', '-c', config])).toMatchObject([{ name: 'files', tools: 2 }]);
    expect((await plenum(['call', 'files__write', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['ping', '-c', config])).exitCode).toBe(0);
  });

  it('disabled servers are not opened, and named', async () => {
    const config = configFile({ files, off: { ...broken, disabled: true } });
    const { exitCode, stderr } = await plenum(['servers', '-c', config]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('Disabled: off');
  });

  it('one that takes longer than --timeout could not connect', async () => {
    const slow = stdioSpec({ faults: { neverInitialize: true } });
    const { exitCode, stdout } = await plenum(['servers', '--timeout', '1s', '--json', ...inline(slow)]);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject([{ state: 'failed', error: { code: 'TIMEOUT' } }]);
  });

  it('ten servers come up side by side', async () => {
    // Each comes up only while another one does.
    const config = configFile(starting(10, ledgerFile(), 2));
    expect((await plenum(['tools', '-c', config])).exitCode).toBe(0);
  });
});

describe('plenum tools, resources and prompts', () => {
  it('tools --json has the documented shape', async () => {
    const tools = await plenumJson(['tools', 'read', '-c', configFile({ files, memory })]);
    expect(tools).toEqual([
      {
        name: 'files__read',
        server: 'files',
        upstreamName: 'read',
        title: 'Read a file',
        description: 'Reads\n  a file.',
        inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
        outputSchema: { type: 'object' },
        annotations: { readOnlyHint: true },
      },
    ]);
  });

  it('resources --json has resources and templates', async () => {
    expect(await plenumJson(['resources', '-c', configFile({ files })])).toEqual({
      resources: [{ uri: 'file:///notes.md', server: 'files', name: 'notes', mimeType: 'text/markdown' }],
      resourceTemplates: [{ uriTemplate: 'file:///{path}', server: 'files', name: 'any file' }],
    });
  });

  it('prompts --json has their arguments', async () => {
    expect(await plenumJson(['prompts', '-c', configFile({ files })])).toEqual([
      {
        name: 'files__sum',
        server: 'files',
        upstreamName: 'sum',
        description: 'Sums up.',
        arguments: [{ name: 'length', required: true }, { name: 'tone' }],
      },
    ]);
  });

  it.each([
    ['no filter', ['tools'], ['files__read', 'files__write', 'memory__store']],
    ['a part of a name', ['tools', 'RE'], ['files__read', 'memory__store']],
    ['a glob', ['tools', 'files__*'], ['files__read', 'files__write']],
    ['a glob of upstream names', ['tools', 'w*'], ['files__write']],
    ['several', ['tools', 'w*', 'store'], ['files__write', 'memory__store']],
    ['a server', ['tools', '--server', 'memory'], ['memory__store']],
    [
      'servers by glob',
      ['tools', '-s', 'f*', '-s', 'mem*'],
      ['files__read', 'files__write', 'memory__store'],
    ],
  ])('are filtered by %s', async (_, args, expected) => {
    const listed = (await plenumJson([...args, '-c', configFile({ files, memory })])) as { name: string }[];
    expect(listed.map(({ name }) => name).toSorted()).toEqual(expected);
  });

  it('a * in a filter stands for slashes, too', async () => {
    const { stdout } = await plenum(['resources', 'file:*md', '-c', configFile({ files })]);
    expect(stdout).toContain('file:///notes.md');
    expect(stdout).not.toContain('{path}');
  });

  it('are shown as tables, one line for each', async () => {
    const config = configFile({ files });
    const { stdout } = await plenum(['tools', '-c', config]);
    expect(stdout).toMatch(/^files__read +files +Reads a file\.$/m);
    expect((await plenum(['prompts', '-c', config])).stdout).toMatch(
      /^files__sum +files +length \[tone\] +Sums up\.$/m,
    );
    expect((await plenum(['resources', '-c', config])).stdout).toMatch(
      /^file:\/\/\/\{path\} \(template\) +files/m,
    );
  });

  it('what is missing is said on standard error, and by the exit code', async () => {
    const { exitCode, stdout, stderr } = await plenum(['tools', '-c', configFile({ files, broken })]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('files__read');
    expect(stderr).toContain('"broken"');
  });

  it('a list that a server fails to give is exit code 1', async () => {
    const failing = stdioSpec({ tools: [{ name: 't' }], failLists: ['tools'] });
    const { exitCode, stderr } = await plenum(['tools', ...inline(failing)]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error');
  });

  it('nothing to show is said on standard error', async () => {
    const { exitCode, stdout, stderr } = await plenum([
      'tools',
      'nothing-like-that',
      '-c',
      configFile({ files }),
    ]);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: 'No tool matches.\n' });
  });

  it('--server that matches nothing is exit code 2, and names the nearest', async () => {
    const { exitCode, stderr } = await plenum(['tools', '-s', 'flies', '-c', configFile({ files, memory })]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Did you mean "files"');
  });
});

describe('plenum describe', () => {
  const config = () => configFile({ files, memory });

  it('shows the schema of a tool as a table', async () => {
    const { exitCode, stdout } = await plenum(['describe', 'files__read', '-c', config()]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Tool files__read (Read a file) of server files');
    expect(stdout).toMatch(/^path +string +yes/m);
  });

  it('--json has the kind and the whole definition', async () => {
    expect(await plenumJson(['describe', 'files__read', '-c', config()])).toMatchObject({
      kind: 'tool',
      name: 'files__read',
      server: 'files',
      upstreamName: 'read',
      inputSchema: { required: ['path'] },
    });
    expect(await plenumJson(['describe', 'files__sum', '-c', config()])).toMatchObject({ kind: 'prompt' });
    expect(await plenumJson(['describe', 'file:///notes.md', '-c', config()])).toMatchObject({
      kind: 'resource',
      name: 'notes',
    });
    expect(await plenumJson(['describe', 'file:///{path}', '-c', config()])).toMatchObject({
      kind: 'resourceTemplate',
    });
  });

  it('an unknown name is exit code 2, and names the nearest', async () => {
    const { exitCode, stderr } = await plenum(['describe', 'files__raed', '-c', config()]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"files__read"');
  });
});
