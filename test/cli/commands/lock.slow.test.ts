import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stdioSpec, readLedger, type ServerScript } from '../../../src/testing/index.ts';
import { ledgerFile } from '../../support/folders.ts';
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
