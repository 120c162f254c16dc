import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { CTRL_C, plenumOnTerminal } from '../support/on-terminal.ts';
import { configFile, plenum, plenumJson } from '../support/run-cli.ts';

const good = stdioSpec({
  tools: [{ name: 'echo', does: { type: 'echo' } }],
  resources: [{ uri: 'file:///notes.md', name: 'notes', text: '# Notes' }],
});
const unset = { command: 'x', env: { TOKEN: '${NOT_SET_ANYWHERE}' } };
const asking = { command: 'x', args: ['${input:token}'] };
const inputs = [{ id: 'token', type: 'promptString' }];

/** The arguments that name a file in which one server is good. */
const mixed = (): string[] => ['-c', configFile({ good, unset, asking }, { inputs })];

const wrong = (): string[] => ['-c', configFile({ good, unset })];

describe('a server that the configuration is wrong about', () => {
  it('"servers" shows it as failed, and the others as they are: exit code 2', async () => {
    const { exitCode, stdout, stderr } = await plenum(['servers', ...mixed()]);
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/^good +ready/m);
    expect(stdout).toMatch(/^unset +failed/m);
    expect(stdout).toMatch(/^asking +failed/m);
    expect(stderr).toContain('NOT_SET_ANYWHERE, which is not set');
    expect(await plenumJson(['servers', ...mixed()])).toMatchObject([
      { name: 'good', state: 'ready' },
      { name: 'unset', state: 'failed', error: { code: 'CONFIG_INVALID', server: 'unset' } },
      { name: 'asking', state: 'failed', error: { code: 'CONFIG_INVALID', server: 'asking' } },
    ]);
  });

  it('counts among the failed: one that cannot be reached, too, makes exit code 3', async () => {
    const config = configFile({ unset, gone: { command: 'no-such-command-here' } });
    expect((await plenum(['servers', '-c', config])).exitCode).toBe(3);
  });

  it.each([
    [['servers', 'good'], /^good +ready/m],
    [['call', 'good__echo', 'text=hello'], /hello/],
    [['call', '-s', 'good', 'good__echo', 'text=hello'], /hello/],
    [['describe', 'good__echo'], /good__echo/],
    [['read', 'file:///notes.md'], /# Notes/],
    [['tools', '-s', 'good'], /good__echo/],
    [['doctor', 'good'], /good/],
    [['ping', 'good'], /good: /],
    [['health', 'good'], /healthy/],
    [['auth', 'status', 'good'], /good +none/],
  ])('%j is about others, and works', async (args, shown) => {
    const { exitCode, stdout, stderr } = await plenum([...args, ...mixed()]);
    expect(stdout).toMatch(shown);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it.each([
    ['tools', /good__echo/],
    ['doctor', /✗ unset\n.*error failed: .*\n.*NOT_SET_ANYWHERE/],
    ['ping', /good: /],
    ['health', /^unset +unhealthy/m],
    ['auth status', /good +none/],
  ])('%s says what is wrong, and shows the others: exit code 2', async (command, shown) => {
    const { exitCode, stdout, stderr } = await plenum([...command.split(' '), ...mixed()]);
    expect(stdout).toMatch(shown);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain('server "unset"');
  });

  it.each([
    ['call', 'unset__tool'],
    ['read', 'file:///nowhere'],
    ['login', 'unset'],
  ])('is the reason when "%s %s" finds nothing: exit code 2', async (...args) => {
    const { exitCode, stderr } = await plenum([...args, ...mixed()]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('NOT_SET_ANYWHERE, which is not set');
  });

  it('nobody is asked for what another server wants', async () => {
    const terminal = plenumOnTerminal(['tools', '-s', 'good', ...mixed()]);
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.text).not.toContain('token');
  });

  it('"watch" tells of it, and shows the others', async () => {
    const terminal = plenumOnTerminal(['watch', ...wrong()]);
    await terminal.shows('good is ready');
    await terminal.shows('unset has a problem');
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
  });

  it('"config check" stays strict, and completion knows all names', async () => {
    const args = mixed();
    const { exitCode, stderr } = await plenum(['config', 'check', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('NOT_SET_ANYWHERE');
    const { stdout } = await plenum(['completion', '--servers', ...args]);
    expect(stdout).toBe('good\nunset\nasking\n');
  });

  it('a file that is wrong as a whole is refused', async () => {
    const config = configFile({ good }, { plenum: { naming: 'short' } });
    const { exitCode, stdout } = await plenum(['servers', '-c', config]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

describe('warnings about a configuration', () => {
  const odd = (amount: number): string[] => {
    const keys = Array.from({ length: amount }, (_, index) => [`nonsense${index}`, 1]);
    return ['-c', configFile({ good: { ...good, ...Object.fromEntries(keys) } })];
  };

  it('every command shows them, without --verbose', async () => {
    const { exitCode, stderr } = await plenum(['tools', ...odd(2)]);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^warning: .*plenum\.json:1:\d+ mcpServers\.good\.nonsense0: Unknown key/m);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it('after five, there is one line for the rest', async () => {
    const { stderr } = await plenum(['doctor', ...odd(8)]);
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[5]).toMatch(/and 3 more.*plenum config check/);
  });

  it('with --json, each is a line of JSON on standard error', async () => {
    const { stdout, stderr } = await plenum(['tools', '--json', ...odd(1)]);
    expect(JSON.parse(stdout)).toHaveLength(1);
    expect(JSON.parse(stderr)).toEqual({ warning: expect.stringContaining('Unknown key "nonsense0"') });
  });
});
