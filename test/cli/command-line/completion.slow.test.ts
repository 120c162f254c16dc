import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAIN, plenum, plenumJson } from '../support/run-cli.ts';
import { newFolder } from '../../support/folders.ts';

const evil = ['$(touch owned)', '`touch owned`', 'a b', "it's", '*', 'x\u001b[2J'];

/** A folder with a configuration and a `plenum` on the PATH. */
function place(names: readonly string[]): { cwd: string; env: Record<string, string> } {
  const cwd = newFolder();
  const servers = Object.fromEntries(names.map((name) => [name, { command: 'x' }]));
  writeFileSync(join(cwd, 'plenum.json'), JSON.stringify({ mcpServers: servers }));
  writeFileSync(join(cwd, 'plenum'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(join(cwd, 'plenum'), 0o755);
  return { cwd, env: { PATH: [cwd, process.env['PATH']].join(delimiter), HOME: cwd } };
}

function has(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

/** What bash offers for the last of some words. */
function bashOffers(words: readonly string[], { cwd, env }: ReturnType<typeof place>): string[] {
  const script = `
    source <(plenum completion bash)
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _plenum
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], {
    cwd,
    env,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

/** The options of its own that `plenum serve --help` names. */
async function optionsOfServe(): Promise<string[]> {
  const { stdout } = await plenum(['serve', '--help']);
  const [, own = ''] = /\nOptions:\n([^]*?)\n\n/.exec(stdout) ?? [];
  const options = [...own.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, option = '']) => option);
  expect(options).toEqual(expect.arrayContaining(['--stdio', '--port', '--host', '--path', '--key-file']));
  // The help is an option of each command.
  return options.filter((option) => option !== '--help');
}

describe('plenum completion', () => {
  it('--servers prints the names in the configuration, and nothing when there is none', async () => {
    const { cwd, env } = place(['one', 'two']);
    expect((await plenum(['completion', '--servers'], { cwd, env })).stdout).toBe('one\ntwo\n');
    expect(await plenumJson(['completion', '--servers'], { cwd, env })).toEqual(['one', 'two']);
    // In a project that nobody has agreed to there are none.
    expect(await plenum(['completion', '--servers'], { cwd })).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    expect(await plenum(['completion', '--servers', '-c', 'nowhere'])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('names that hold control characters are left out', async () => {
    const here = place(evil);
    expect((await plenum(['completion', '--servers'], here)).stdout).not.toContain('\u001b');
  });

  it('--json has the script', async () => {
    expect(await plenumJson(['completion', 'fish'])).toEqual({
      shell: 'fish',
      script: expect.stringContaining('complete -c plenum'),
    });
  });

  describe.skipIf(!has('bash'))('in bash', () => {
    it('offers commands, options and servers', () => {
      const here = place(['one', 'two', 'other']);
      expect(bashOffers(['plenum', 'to'], here)).toEqual(['tools']);
      expect(bashOffers(['plenum', '--json', 'des'], here)).toEqual(['describe']);
      expect(bashOffers(['plenum', 'call', '--ar'], here)).toEqual(['--args']);
      expect(bashOffers(['plenum', 'tools', '--ver'], here)).toEqual(['--verbose', '--version']);
      expect(bashOffers(['plenum', 'tools', '--server', 'o'], here)).toEqual(['one', 'other']);
      for (const command of ['servers', 'ping', 'health', 'watch', 'doctor'])
        expect(bashOffers(['plenum', command, 'o'], here)).toEqual(['one', 'other']);
      expect(bashOffers(['plenum', 'completion', ''], here)).toEqual(['bash', 'zsh', 'fish']);
      expect(bashOffers(['plenum', 'config', ''], here)).toEqual(['check']);
    });

    it('offers all options of serve, and servers where no option is begun or waits for its value', async () => {
      const here = place(['one', 'two', 'other']);
      const offered = bashOffers(['plenum', 'serve', '--'], here);
      for (const option of await optionsOfServe()) expect(offered).toContain(option);
      expect(bashOffers(['plenum', 'serve', '--p'], here)).toEqual(['--port', '--path']);
      expect(bashOffers(['plenum', 'serve', '--stdio', 'o'], here)).toEqual(['one', 'other']);
      // 9000 is no command and no server.
      expect(bashOffers(['plenum', 'serve', '--port', '9000', 'o'], here)).toEqual(['one', 'other']);
      expect(bashOffers(['plenum', '--port', '9000', 'serve', '--st'], here)).toEqual(['--stdio']);
      expect(bashOffers(['plenum', 'serve', 'one', '-s', 't'], here)).toEqual(['two']);
    });

    it('does not run what a server is called', () => {
      const here = place(evil);
      const offers = bashOffers(['plenum', 'tools', '-s', ''], here);
      expect(offers).toContain('a\\ b');
      expect(offers).toHaveLength(evil.length - 1);
      expect(existsSync(join(here.cwd, 'owned'))).toBe(false);
    });
  });

  it.each(['zsh', 'fish'] as const)('the script for %s has all options of serve', async (shell) => {
    const { stdout } = await plenum(['completion', shell]);
    const lines = stdout.split('\n').filter((line) => /\bserve\b/.test(line));
    for (const option of await optionsOfServe()) {
      const name = shell === 'fish' ? `-l ${option.slice(2)}` : option;
      expect(lines.some((line) => line.includes(name))).toBe(true);
    }
  });

  it.each(['bash', 'zsh', 'fish'] as const)('the script for %s is well-formed', async (shell) => {
    const { stdout } = await plenum(['completion', shell]);
    for (const word of ['tools', 'describe', 'server', 'verbose']) expect(stdout).toContain(word);
    if (!has(shell)) return;
    const file = join(newFolder(), 'script');
    writeFileSync(file, stdout);
    expect(spawnSync(shell, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});
