import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stdioSpec, readLedger, type ServerScript } from '../../../src/testing/index.ts';
import { ledgerFile } from '../../support/folders.ts';
import { ENTER, ESCAPE, plenumOnTerminal } from '../support/on-terminal.ts';
import { configFile, plenum, plenumJson } from '../support/run-cli.ts';

const TOOLS = [
  { name: 'read', description: 'Reads.' },
  { name: 'write', description: 'Writes.' },
];
const PROMPTS = [{ name: 'sum', description: 'Sums up.', messages: [] }];

function server(script: ServerScript = {}): object {
  return stdioSpec({
    tools: TOOLS,
    prompts: PROMPTS,
    resourceTemplates: [{ uriTemplate: 'n:{id}' }],
    ...script,
  });
}

/** A configuration with a lock of it. */
async function locked(servers: Readonly<Record<string, object>>): Promise<{ config: string; lock: string }> {
  const config = configFile(servers);
  const { exitCode, stderr } = await plenum(['lock', '-c', config]);
  expect([exitCode, stderr]).toEqual([0, '']);
  return { config, lock: join(dirname(config), 'plenum.lock.json') };
}

/** Puts other servers into a configuration. */
function rewrite(config: string, servers: Readonly<Record<string, object>>): void {
  writeFileSync(config, JSON.stringify({ mcpServers: servers }));
}

/** Has a server list something else, but be reached as before: the script stands in a variable. */
function withScript(script: ServerScript): object {
  const spec = stdioSpec({
    tools: TOOLS,
    prompts: PROMPTS,
    resourceTemplates: [{ uriTemplate: 'n:{id}' }],
    ...script,
  });
  const [entry = '', ...args] = spec.args ?? [];
  return {
    command: spec.command,
    args: [entry, ...args.map((_, nr) => `\${SCRIPT_${nr}}`)],
    env: { ...spec.env, ...Object.fromEntries(args.map((arg, nr) => [`SCRIPT_${nr}`, arg])) },
  };
}

describe('plenum lock', () => {
  it('writes what servers offer, and then nothing differs', async () => {
    const { config, lock } = await locked({ a: server(), b: server() });
    const text = readFileSync(lock, 'utf8');
    expect(Object.keys((JSON.parse(text) as { servers: object }).servers)).toEqual(['a', 'b']);
    expect(await plenum(['lock', 'check', '-c', config])).toMatchObject({ exitCode: 0 });
    expect((await plenum(['lock', '-c', config])).exitCode).toBe(0);
    expect(readFileSync(lock, 'utf8')).toBe(text);
  });

  it('holds no secrets', async () => {
    const spec = stdioSpec({ tools: TOOLS });
    const { lock } = await locked({ a: { ...spec, env: { ...spec.env, TOKEN: 's3cr3tvalue' } } });
    const text = readFileSync(lock, 'utf8');
    expect(text).not.toContain('s3cr3tvalue');
    expect(text).toContain('"TOKEN"');
  });

  it('holds of variables the names', async () => {
    const config = configFile({ a: withScript({}) });
    expect((await plenum(['lock', '-c', config])).exitCode).toBe(0);
    expect(readFileSync(join(dirname(config), 'plenum.lock.json'), 'utf8')).toContain('${SCRIPT_0}');
  });

  it('keeps what it has of a server that does not start, and says so', async () => {
    const { config, lock } = await locked({ a: server(), b: server() });
    const before = readFileSync(lock, 'utf8');
    rewrite(config, { a: server(), b: { command: 'no-such-command-here' } });
    expect((await plenum(['lock', '-c', config])).exitCode).toBe(3);
    expect(readFileSync(lock, 'utf8')).toBe(before);
  });

  it('by ten processes at the same time has all of it in the end', async () => {
    const names = Array.from({ length: 10 }, (_, nr) => `s${nr}`);
    const config = configFile(Object.fromEntries(names.map((name) => [name, server()])));
    const outcomes = await Promise.all(names.map((name) => plenum(['lock', name, '-c', config])));
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0));
    const text = readFileSync(join(dirname(config), 'plenum.lock.json'), 'utf8');
    expect(Object.keys((JSON.parse(text) as { servers: object }).servers)).toEqual(names);
    expect((await plenum(['lock', 'check', '-c', config])).exitCode).toBe(0);
  });

  it('does not write through a link', async () => {
    const config = configFile({ a: server() });
    const target = join(dirname(config), 'precious');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(dirname(config), 'plenum.lock.json'));
    expect((await plenum(['lock', '-c', config])).exitCode).toBe(2);
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(lstatSync(join(dirname(config), 'plenum.lock.json')).isSymbolicLink()).toBe(true);
  });

  it('writes a lock with a conflict anew, which other commands refuse', async () => {
    const { config, lock } = await locked({ a: server() });
    const text = readFileSync(lock, 'utf8');
    writeFileSync(lock, text.replace('{', '{\n<<<<<<< ours\n'));
    for (const command of [
      ['lock', 'check'],
      ['lock', 'diff'],
      ['lock', 'accept'],
      ['tools'],
      ['call', 'a__read'],
    ])
      expect([command, (await plenum([...command, '-c', config])).exitCode]).toEqual([command, 2]);
    expect((await plenum(['lock', '-c', config])).exitCode).toBe(0);
    expect(readFileSync(lock, 'utf8')).toBe(text);
  });
});

describe('H7 what differs from the lock of a configuration', () => {
  const altered = { tools: [{ name: 'read', description: 'Reads!' }, { name: 'new' }] };

  it('is used by no command', async () => {
    const { config } = await locked({ a: withScript({}), b: server() });
    rewrite(config, { a: withScript(altered), b: server() });
    const { stdout } = await plenum(['tools', '-c', config]);
    expect(stdout).toContain('b__read');
    expect(stdout).not.toContain('a__');
    expect((await plenum(['call', 'a__read', '-c', config])).exitCode).toBe(6);
    expect((await plenum(['call', 'b__read', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['describe', 'a__new', '-c', config])).exitCode).not.toBe(0);
    expect((await plenum(['types', '-c', config])).stdout).not.toContain('a__new');
  });

  it('is shown by `lock diff`, fails `lock check`, and is approved by `lock accept`', async () => {
    const { config } = await locked({ a: withScript({}) });
    rewrite(config, { a: withScript(altered) });
    const diff = await plenum(['lock', 'diff', '-c', config]);
    expect(diff.exitCode).toBe(0);
    expect(diff.stdout).toContain('  - description: Reads.\n  + description: Reads!');
    expect((await plenum(['lock', 'check', '-c', config])).exitCode).toBe(6);
    expect(await plenumJson(['lock', 'check', '-c', config])).toHaveLength(3);
    expect((await plenum(['lock', 'accept', 'a__read', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['call', 'a__read', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['call', 'a__new', '-c', config])).exitCode).toBe(6);
    expect((await plenum(['lock', 'accept', 'no-such', '-c', config])).exitCode).toBe(2);
    expect((await plenum(['lock', 'accept', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['call', 'a__new', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['lock', 'check', '-c', config])).exitCode).toBe(0);
  });

  it('is not started when it is the command, by any command but `lock` and `lock accept`', async () => {
    const { config } = await locked({ a: server(), b: server() });
    const ledger = ledgerFile();
    rewrite(config, { a: server({ ledgerFile: ledger }), b: server() });
    const commands = [
      'tools',
      'servers',
      'doctor',
      'health',
      'ping',
      'prompts',
      'resources',
      'types',
      'lock diff',
      'lock check',
      'audit',
    ];
    for (const command of commands) await plenum([...command.split(' '), '-c', config]);
    await plenum(['call', 'a__read', '-c', config]);
    expect(readLedger(ledger)).toEqual([]);
    expect((await plenum(['servers', '-c', config])).exitCode).toBe(6);
    expect((await plenum(['lock', 'accept', 'a', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['call', 'a__read', '-c', config])).exitCode).toBe(0);
  });

  it('is a new server for `lock check`, and used all the same', async () => {
    const { config } = await locked({ a: server() });
    rewrite(config, { a: server(), b: server() });
    expect((await plenum(['lock', 'check', '-c', config])).exitCode).toBe(6);
    expect((await plenum(['call', 'b__read', '-c', config])).exitCode).toBe(0);
  });
});

describe('plenum lock accept', () => {
  const first = { tools: [{ name: 'read', description: 'Reads!' }, { name: 'new' }] };
  const second = { tools: [{ name: 'read', description: 'Reads, and tells the world.' }, { name: 'new' }] };

  /** A lock of two servers, of which one has changed since. */
  async function changed(): Promise<{ config: string; lock: string; digest: string }> {
    const { config, lock } = await locked({ a: withScript({}), b: server() });
    rewrite(config, { a: withScript(first), b: server() });
    const { stderr } = await plenum(['lock', 'diff', '-c', config]);
    const [, digest = ''] = /lock accept --digest (sha256:[0-9a-f]{64})/.exec(stderr) ?? [];
    expect(digest).not.toBe('');
    return { config, lock, digest };
  }

  it('with the digest of `lock diff` approves what was shown', async () => {
    const { config, digest } = await changed();
    expect((await plenum(['lock', 'accept', '--digest', digest, '-c', config])).exitCode).toBe(0);
    expect((await plenum(['lock', 'check', '-c', config])).exitCode).toBe(0);
    // It is good once.
    expect((await plenum(['lock', 'accept', '--digest', digest, '-c', config])).exitCode).toBe(6);
  });

  it('with that digest approves nothing of a server that has changed since it was shown', async () => {
    const { config, lock, digest } = await changed();
    const before = readFileSync(lock, 'utf8');
    rewrite(config, { a: withScript(second), b: server() });
    for (const wanted of [[], ['a'], ['a__read'], ['a__new'], ['b']]) {
      const args = ['lock', 'accept', ...wanted, '--digest', digest, '-c', config];
      const { exitCode, stderr } = await plenum(args);
      expect([wanted, exitCode === 6 || wanted[0] === 'b']).toEqual([wanted, true]);
      expect(stderr).toMatch(/changed since it was shown/);
    }
    expect(readFileSync(lock, 'utf8')).toBe(before);
  });

  it('with digests of single differences approves these alone', async () => {
    const { config } = await changed();
    const changes = (await plenumJson(['lock', 'diff', '-c', config])) as { name: string; digest: string }[];
    expect(changes.map(({ name }) => name)).toEqual(['new', 'read', 'write']);
    const digest = changes.find(({ name }) => name === 'new')?.digest ?? '';
    rewrite(config, { a: withScript(second), b: server() });
    expect((await plenum(['lock', 'accept', '--digest', digest, '-c', config])).exitCode).toBe(0);
    expect((await plenum(['call', 'a__new', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['call', 'a__read', '-c', config])).exitCode).toBe(6);
    const other = ['lock', 'accept', '--digest', `sha256:${'0'.repeat(64)}`, '-c', config];
    expect((await plenum(other)).exitCode).toBe(6);
  });

  it('with a digest starts nothing that is reached in another way', async () => {
    const { config } = await locked({ a: server() });
    const ledger = ledgerFile();
    rewrite(config, { a: server({ ledgerFile: ledger }) });
    const [change] = (await plenumJson(['lock', 'diff', '-c', config])) as { digest: string }[];
    const args = ['lock', 'accept', '--digest', change?.digest ?? '', '-c', config];
    expect((await plenum(args)).exitCode).toBe(0);
    expect(readLedger(ledger)).toEqual([]);
    expect((await plenum(['call', 'a__read', '-c', config])).exitCode).toBe(0);
  });

  it('on a terminal shows it first, and approves what it has shown, although the server changes meanwhile', async () => {
    const { config, lock } = await changed();
    const terminal = plenumOnTerminal(['lock', 'accept', '-c', config]);
    await terminal.shows('+ description: Reads!');
    await terminal.shows('Approve these 3 differences?');
    rewrite(config, { a: withScript(second), b: server() });
    terminal.type('y');
    expect(await terminal.exitCode).toBe(0);
    expect(readFileSync(lock, 'utf8')).toContain('"Reads!"');
    expect((await plenum(['call', 'a__read', '-c', config])).exitCode).toBe(6);
    expect((await plenum(['call', 'a__new', '-c', config])).exitCode).toBe(0);
  });

  it('on a terminal approves nothing without a yes', async () => {
    const { config, lock } = await changed();
    const before = readFileSync(lock, 'utf8');
    for (const key of ['n', ENTER, ESCAPE]) {
      const terminal = plenumOnTerminal(['lock', 'accept', 'a', '-c', config]);
      await terminal.shows('Approve these 3 differences?');
      terminal.type(key);
      expect(await terminal.exitCode).toBe(6);
    }
    expect(readFileSync(lock, 'utf8')).toBe(before);
  });

  it('approves nothing when the lock was changed after it was shown', async () => {
    const { config, lock } = await changed();
    const terminal = plenumOnTerminal(['lock', 'accept', '-c', config]);
    await terminal.shows('Approve these 3 differences?');
    expect((await plenum(['lock', 'accept', 'a__read', '-c', config])).exitCode).toBe(0);
    const before = readFileSync(lock, 'utf8');
    terminal.type('y');
    expect(await terminal.exitCode).toBe(6);
    expect(readFileSync(lock, 'utf8')).toBe(before);
  });

  it('shows in what texts differ of which only the white space does', async () => {
    const { config } = await locked({ a: withScript({}) });
    rewrite(config, { a: withScript({ tools: [{ name: 'read', description: 'Reads. ' }] }) });
    const { stdout } = await plenum(['lock', 'diff', '-c', config]);
    expect(stdout).toContain('- description: "Reads."\n  + description: "Reads. "');
  });
});
