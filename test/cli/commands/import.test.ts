import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENTER, ESCAPE, plenumOnTerminal } from '../support/on-terminal.ts';
import { plenum, plenumJson } from '../support/run-cli.ts';
import { newFolder } from '../../support/folders.ts';

/** A home with the files of some editors. */
function home(files: Readonly<Record<string, object>>): { cwd: string; env: Record<string, string> } {
  const path = newFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), JSON.stringify(content));
  }
  const cwd = join(path, 'work');
  mkdirSync(cwd, { recursive: true });
  return { cwd, env: { HOME: path, XDG_DATA_HOME: join(path, 'data') } };
}

const editors = {
  '.cursor/mcp.json': {
    mcpServers: {
      github: { command: 'github-server', env: { TOKEN: 's3cret' } },
      files: { command: 'files-server', args: ['.'] },
    },
  },
  '.codeium/windsurf/mcp_config.json': {
    mcpServers: { remote: { serverUrl: 'https://example.com/mcp?key=s3cret' } },
  },
  'work/.vscode/mcp.json': { servers: { local: { type: 'stdio', command: 'local-server' } } },
};

describe('plenum import', () => {
  it('lists what is in the files of editors, without secrets', async () => {
    const { exitCode, stdout, stderr } = await plenum(['import'], home(editors));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^github +github-server +Cursor/m);
    expect(stdout).toMatch(/^files +files-server \. +Cursor/m);
    expect(stdout).toMatch(/^remote +https:\/\/example\.com\/mcp\?… +Windsurf/m);
    expect(stdout).toMatch(/^local +local-server +VS Code/m);
    expect(stdout + stderr).not.toContain('s3cret');
  });

  it('--json has one entry for each', async () => {
    expect(await plenumJson(['import', '--from', 'cursor'], home(editors))).toEqual([
      {
        name: 'github',
        editor: 'cursor',
        scope: 'user',
        path: expect.stringContaining('.cursor'),
        target: 'github-server',
        disabled: false,
      },
      {
        name: 'files',
        editor: 'cursor',
        scope: 'user',
        path: expect.stringContaining('.cursor'),
        target: 'files-server .',
        disabled: false,
      },
    ]);
  });

  it('copies those that are named, and warns of secrets in the open', async () => {
    const place = home(editors);
    await plenum(['trust', '.vscode/mcp.json'], place);
    const { exitCode, stdout, stderr } = await plenum(['import', 'git*', 'local'], place);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Copied 2 servers to .*plenum\.json: github, local$/m);
    expect(stderr).toContain('github.env.TOKEN');
    expect(stdout + stderr).not.toContain('s3cret');
    const { mcpServers } = JSON.parse(readFileSync(join(place.cwd, 'plenum.json'), 'utf8'));
    expect(Object.keys(mcpServers)).toEqual(['github', 'local']);
    expect((await plenum(['config', 'check'], place)).exitCode).toBe(0);
  });

  it('--all copies all, to --to; what is there stays, unless --replace', async () => {
    const place = home(editors);
    writeFileSync(join(place.cwd, 'mine.json'), '{ "mcpServers": { "files": { "command": "mine" } } }');
    const report = await plenumJson(['import', '--all', '--to', 'mine.json', '--trust'], place);
    expect(report).toMatchObject({
      path: join(place.cwd, 'mine.json'),
      skipped: ['files'],
      literals: ['github.env.TOKEN'],
    });
    const servers = (): Record<string, { command: string }> =>
      JSON.parse(readFileSync(join(place.cwd, 'mine.json'), 'utf8')).mcpServers;
    expect(servers()['files']?.command).toBe('mine');
    await plenum(['import', 'files', '--to', 'mine.json', '--replace'], place);
    expect(servers()['files']?.command).toBe('files-server');
  });

  it('a name that is nowhere is exit code 2', async () => {
    const place = home(editors);
    const { exitCode, stderr } = await plenum(['import', 'local', 'gitub'], place);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('No server named "gitub"');
    expect(stderr).toContain('Did you mean "github"?');
    expect(existsSync(join(place.cwd, 'plenum.json'))).toBe(false);
  });

  it('an editor that nobody knows is exit code 2, with those that are known', async () => {
    const { exitCode, stderr } = await plenum(['import', '--from', 'emacs'], home(editors));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/--from emacs.*cursor, .*vscode, /);
  });

  it('a broken file of an editor that is not asked for is none of its business', async () => {
    const place = home(editors);
    writeFileSync(join(place.cwd, '.mcp.json'), '{ broken');
    const { exitCode, stderr } = await plenum(['import', '--from', 'cursor'], place);
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain('.mcp.json');
  });

  it('of several of one name, it says whose was taken', async () => {
    const place = home({
      '.cursor/mcp.json': { mcpServers: { github: { command: 'one' }, same: { command: 'x' } } },
      '.codeium/windsurf/mcp_config.json': {
        mcpServers: { github: { command: 'two' }, same: { command: 'x' } },
      },
    });
    const { stdout, stderr } = await plenum(['import', '--all'], place);
    expect(stdout).toMatch(/^Copied 2 servers to .*: github, same$/m);
    expect(stderr).toMatch(/^github was copied from .*cursor.*; the one in .*windsurf.* is different\.$/m);
    expect(stderr).not.toMatch(/same was|Already in/);
    expect(readFileSync(join(place.cwd, 'plenum.json'), 'utf8')).toContain('"one"');
    expect(await plenumJson(['import', '--all', '--to', 'other.json'], place)).toMatchObject({
      copied: ['github', 'same'],
      skipped: [],
      passedOver: [
        {
          name: 'github',
          path: expect.stringContaining('windsurf'),
          chosen: expect.stringContaining('cursor'),
        },
      ],
    });
  });

  it('a new file that takes the place of another says which servers are out of sight', async () => {
    const place = home(editors);
    const first = await plenum(['import', 'github'], place);
    expect(first.exitCode).toBe(0);
    expect(first.stderr).toMatch(/\.vscode\/mcp\.json was the configuration here until now.*without local\./);
    const second = await plenum(['import', 'local', '--trust'], place);
    expect(second.exitCode).toBe(0);
    expect(second.stderr).not.toContain('until now');
    const whole = home(editors);
    expect((await plenum(['import', '--all', '--trust'], whole)).stderr).not.toContain('until now');
  });

  it('on a terminal, it offers to copy those, too', async () => {
    const place = home(editors);
    const terminal = plenumOnTerminal(['import', 'github'], place);
    await terminal.shows('Copy 1 server from there, too?');
    terminal.type(ENTER);
    await terminal.shows('runs      local-server');
    await terminal.shows('Agree to copy these servers');
    terminal.type('y');
    await terminal.shows('Copied 1 server');
    expect(await terminal.exitCode).toBe(0);
    const { mcpServers } = JSON.parse(readFileSync(join(place.cwd, 'plenum.json'), 'utf8'));
    expect(Object.keys(mcpServers)).toEqual(['github', 'local']);
  });

  it('a file that cannot be read is named, and costs the others nothing', async () => {
    const place = home(editors);
    writeFileSync(join(place.cwd, '.mcp.json'), '{ broken');
    const { exitCode, stdout, stderr } = await plenum(['import'], place);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('github');
    expect(stderr).toContain('.mcp.json');
  });

  it('on a terminal, it asks which ones', async () => {
    const place = home(editors);
    const terminal = plenumOnTerminal(['import'], place);
    await terminal.shows('Which servers are to be copied?');
    await terminal.shows('github');
    terminal.type(` ${ENTER}`);
    await terminal.shows('Copied 1 server');
    await terminal.shows('from there, too?');
    terminal.type('n');
    expect(await terminal.exitCode).toBe(0);

    const left = plenumOnTerminal(['import'], place);
    await left.shows('Which servers');
    left.type(ESCAPE);
    expect(await left.exitCode).toBe(0);
    expect(left.text).not.toContain('Copied');
  });
});

describe('plenum config check', () => {
  function check(text: string, ...args: string[]): ReturnType<typeof plenum> {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'plenum.json'), text);
    return plenum(['config', 'check', '--trust', ...args], { cwd });
  }

  it('says that a good one is good', async () => {
    const { exitCode, stdout } = await check(
      '{ "mcpServers": { "a": { "command": "x" }, "b": { "command": "y", "disabled": true } } }',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/plenum\.json is good: 1 server, 1 disabled\.$/m);
  });

  it('says all that is wrong, by line and column: exit code 2', async () => {
    const { exitCode, stdout, stderr } = await check(
      '{ "mcpServers": {\n  "a": { "command": 5 },\n  "b": { "url": "${NOWHERE}" } } }',
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/plenum\.json:2:\d+ mcpServers\.a\.command/);
    expect(stderr).toMatch(/plenum\.json:3:\d+ mcpServers\.b\.url.*NOWHERE/);
  });

  it('warns of unknown keys', async () => {
    const { exitCode, stderr } = await check('{ "mcpServers": { "a": { "command": "x", "timeoutMS": 5 } } }');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('"timeoutMs"');
  });

  it('--json has problems and warnings', async () => {
    const bad = await check('{ "mcpServers": { "a": { "command": 5 } } }', '--json');
    expect(bad.exitCode).toBe(2);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      valid: false,
      path: expect.stringContaining('plenum.json'),
      problems: [
        { line: 1, column: expect.any(Number), path: 'mcpServers.a.command', message: expect.any(String) },
      ],
    });
    const good = await check('{ "mcpServers": { "a": { "command": "x" } } }', '--json');
    expect(JSON.parse(good.stdout)).toMatchObject({
      valid: true,
      servers: ['a'],
      disabled: [],
      problems: [],
      warnings: [],
    });
  });

  it('checks the file that is named, and asks for no input', async () => {
    const cwd = newFolder();
    const inputs = [{ id: 'token', type: 'promptString', password: true }];
    const servers = { a: { command: 'x', env: { TOKEN: '${input:token}' } } };
    writeFileSync(join(cwd, 'other.json'), JSON.stringify({ inputs, mcpServers: servers }));
    const terminal = plenumOnTerminal(['config', 'check', 'other.json'], { cwd });
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.text).toContain('is good: 1 server');
  });
});
