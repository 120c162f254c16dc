import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/command-line/command-table.ts';
import { plenum } from '../support/run-cli.ts';

describe('plenum: help and wrong usage', () => {
  it('without a command, the help goes to standard error, and the exit code is 2', async () => {
    const { exitCode, stdout, stderr } = await plenum([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Usage: plenum');
  });

  it('--help lists every command on standard output', async () => {
    const { exitCode, stdout, stderr } = await plenum(['--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const { name } of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name.split(' ', 1)[0]} `, 'm'));
    expect(stdout).toContain('Exit codes:');
  });

  it.each(COMMANDS.map(({ name, examples }) => [name, examples] as const))(
    'the help of %s has its usage, all options and examples',
    async (name, examples) => {
      const { exitCode, stdout } = await plenum([...name.split(' '), '--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`Usage: plenum ${name} [options]`);
      expect(stdout).toContain('--json');
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) expect(stdout).toContain(`  ${example}`);
    },
  );

  it.each([
    ['an unknown command', ['tolls'], 'tools'],
    ['an unknown option', ['tools', '--jsn'], '--json'],
    ['no name of a tool', ['call'], 'plenum call wants <tool>'],
    ['one argument too many', ['config', 'check', 'a', 'b'], 'plenum config check takes no "b"'],
    ['an option without its value', ['tools', '--config'], '--config'],
    ['a time that is none', ['tools', '--timeout', 'soon'], '"soon" is not a duration'],
    ['a time of nothing', ['tools', '--timeout', '0'], '"0" is not a duration'],
    ['a count that is none', ['ping', '--count', '-1'], '"-1" is not a count'],
    ['nothing after --', ['tools', '--'], 'After -- the command'],
    ['a server where none belongs', ['import', '--', 'node'], 'does not take a server'],
    [
      'a configuration beside an inline server',
      ['tools', '-c', 'x.json', '--', 'node'],
      '--config and --server',
    ],
    [
      'a choice beside an inline server',
      ['tools', 'http://127.0.0.1:1/mcp', '-s', 'a'],
      '--config and --server',
    ],
    ['a header for a process', ['tools', '--header', 'A: b', '--', 'node'], '--header is for a URL'],
    ['a header that is none', ['tools', 'http://127.0.0.1:1/mcp', '--header', 'secret'], '"Name: value"'],
    ['a variable for a URL', ['tools', 'http://127.0.0.1:1/mcp', '--env', 'A=b'], '--env is for a command'],
    ['a root that is not there', ['tools', '--root', './nowhere', '--', 'node'], '--root ./nowhere'],
    ['a shell that is unknown', ['completion', 'tcsh'], 'bash, zsh, fish'],
    ['arguments that are no JSON', ['call', 'x', '--args', '{', '--', 'node'], '--args is not JSON'],
    ['arguments that are no object', ['call', 'x', '--args', '[1]', '--', 'node'], 'must be a JSON object'],
    ['arguments in no file', ['call', 'x', '--args', '@nowhere.json', '--', 'node'], '--args @nowhere.json'],
    ['an argument without a value', ['call', 'x', 'key', '--', 'node'], '"key" is not an argument'],
    ['a tool of two words', ['call', 'web', 'find', 'a=1'], 'write: plenum call web__find'],
    ['a tool of two words, of which one says all', ['call', 'web', 'web__find'], 'plenum call web__find'],
    ['a prompt of two words', ['prompt', 'web', 'ask-me'], 'write: plenum prompt web__ask-me'],
    ['two words to describe', ['describe', 'web', 'find.it'], 'write: plenum describe web__find_it'],
    ['a server before a URI', ['read', 'web', 'file:///a'], 'write: plenum read file:///a --server web'],
    ['a second URI', ['read', 'file:///a', 'file:///b'], 'See: plenum read --help'],
    ['a second word after a whole name', ['call', 'web__find', 'it'], '"it" is not an argument: write key='],
    ['a value that is no JSON', ['call', 'x', 'a:=b', '--', 'node'], 'Argument "a" is not JSON'],
    ['arguments as JSON twice', ['call', 'x', '-', '--args', '{}', '--', 'node'], 'only once'],
    ['no configuration', ['tools', '-c', 'nowhere.json'], 'nowhere.json'],
  ])('%s is exit code 2, with nothing on standard output', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await plenum(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('help with the name of a command is its --help', async () => {
    const { exitCode, stdout } = await plenum(['help', 'call']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: (await plenum(['call', '--help'])).stdout });
  });

  it('a wrong header is not repeated: it may hold a secret', async () => {
    const { stderr } = await plenum(['tools', 'http://127.0.0.1:1/mcp', '--header', 's3cret']);
    expect(stderr).not.toContain('s3cret');
  });

  it.each([
    ['an unknown option', ['tools', '--json', '--jsno'], '--jsno'],
    ['an unknown command', ['tolls', '--json'], 'tolls'],
    ['no command', ['--json'], 'no command'],
    ['a time that is none', ['tools', '--json', '--timeout', 'soon'], 'soon'],
  ])('with --json, %s is an object on standard error, too', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await plenum(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'USAGE', message: expect.stringContaining(message) },
    });
  });

  it('without a configuration, the ways to one are named', async () => {
    const { exitCode, stderr } = await plenum(['tools']);
    expect(exitCode).toBe(2);
    for (const way of ['plenum import', '--config', 'plenum tools -- ']) expect(stderr).toContain(way);
  });

  it('--env with a variable that is not set warns', async () => {
    const { stderr } = await plenum(['tools', '--env', 'NOT_SET_HERE', '--', 'no-such-command-here']);
    expect(stderr).toContain('warning: --env NOT_SET_HERE');
  });

  it('with --json, an error is an object on standard error', async () => {
    const { exitCode, stdout, stderr } = await plenum(['tools', '--json', '-c', 'nowhere.json']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'CONFIG_INVALID', message: expect.stringContaining('nowhere') },
    });
  });
});
