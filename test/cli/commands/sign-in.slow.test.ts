import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { visit } from '../../support/sign-in/browser.mjs';
import { findChromium, openPage, signInOn } from '../../auth/support/chromium.ts';
import { startProtected, type Protected } from '../../support/sign-in/protected-server.ts';
import { CTRL_C, plenumOnTerminal } from '../support/on-terminal.ts';
import { configFile, environment, MAIN, plenum, type Outcome } from '../support/run-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';

const oauth = { type: 'oauth' };

interface Place {
  readonly server: Protected;
  readonly config: string;
  readonly env: Record<string, string>;
  readonly tokenFile: string;
  /** Runs the command with this configuration and this user's tokens. */
  run(...args: string[]): Promise<Outcome>;
}

/** A server `issues` that one can sign in to, and a user who has not yet. */
async function place(): Promise<Place> {
  const server = await startProtected();
  const config = configFile({ issues: { url: server.url, auth: oauth } });
  const env = { XDG_DATA_HOME: newFolder() };
  const tokenFile = join(env.XDG_DATA_HOME, 'plenum/tokens.json');
  return { server, config, env, tokenFile, run: (...args) => plenum([...args, '-c', config], { env }) };
}

/** Runs `plenum login`, and calls `onUrl` with the page that it shows. */
async function logIn(
  args: readonly string[],
  env: Record<string, string>,
  onUrl: (url: string) => Promise<unknown>,
): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, 'login', ...args], { env: environment(env) });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  let url: string | undefined;
  await eventually(
    () => `a URL is shown; so far: ${stderr}`,
    () => (url = /^ {2}(http\S+)\n/m.exec(stderr)?.[1]) !== undefined || child.exitCode !== null,
  );
  if (url !== undefined) await onUrl(url);
  return { exitCode: await closed, stdout, stderr };
}

describe('A5 a server that wants a login, on the command line', () => {
  it('is exit code 4, and the message says which command signs in', async () => {
    const { run } = await place();
    const { exitCode, stderr } = await run('tools');
    expect(exitCode).toBe(4);
    expect(stderr).toContain('plenum login issues');
    expect(stderr).not.toContain('authorize()');
  });

  it('also for a call, as JSON, for health, and for the doctor', async () => {
    const { run } = await place();
    const call = await run('call', 'issues__read', '--json');
    expect(call.exitCode).toBe(4);
    expect(JSON.parse(call.stderr)).toMatchObject({
      error: {
        code: 'AUTH_REQUIRED',
        server: 'issues',
        message: expect.stringContaining('plenum login issues'),
      },
    });
    const [{ findings }] = JSON.parse((await run('doctor', '--json')).stdout);
    expect(findings).toMatchObject([{ code: 'needs-auth', advice: 'Sign in: plenum login issues.' }]);
    const health = JSON.parse((await run('health', '--json')).stdout);
    expect(health.issues).toMatchObject({
      healthy: false,
      reason: expect.stringContaining('plenum login issues'),
    });
  });

  it('a URL on the command line, too', async () => {
    const { server, env } = await place();
    const { exitCode, stderr } = await plenum(['tools', server.url], { env });
    expect(exitCode).toBe(4);
    expect(stderr).toContain(`plenum login ${server.url}`);
    const login = await logIn([server.url, '--no-browser'], env, visit);
    expect(login.exitCode).toBe(0);
    const tools = await plenum(['tools', server.url], { env });
    expect([tools.exitCode, tools.stdout]).toEqual([0, expect.stringContaining('read')]);
  });
});

describe('A3 plenum login, logout and auth status', () => {
  it('one login serves every command until the logout', async () => {
    const { server, config, env, tokenFile, run } = await place();
    expect((await run('auth', 'status')).stdout).toMatch(/issues\s+oauth\s+no/);

    const login = await logIn(['issues', '--no-browser', '-c', config], env, visit);
    expect([login.exitCode, login.stdout]).toEqual([0, 'Signed in to issues.\n']);
    expect(login.stderr).toContain(new URL(server.authorizationServer.issuer).host);
    if (process.platform !== 'win32') expect(statSync(tokenFile).mode & 0o777).toBe(0o600);

    const call = await run('call', 'issues__read', '--json', '--verbose');
    expect(call.exitCode).toBe(0);
    const [status] = JSON.parse((await run('auth', 'status', '--json')).stdout);
    expect(status).toMatchObject({
      server: 'issues',
      auth: 'oauth',
      signedIn: true,
      issuer: server.authorizationServer.issuer,
      refreshable: true,
    });
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);

    expect((await run('logout', 'issues')).stdout).toBe('Signed out of issues.\n');
    expect((await run('tools')).exitCode).toBe(4);
    expect((await run('logout', '--all', '--json')).stdout).toContain('issues');
  });

  it('nothing that any command writes has a token in it', async () => {
    const { server, config, env, tokenFile, run } = await place();
    const outcomes = [await logIn(['issues', '--no-browser', '--verbose', '-c', config], env, visit)];
    for (const args of [
      ['call', 'issues__read', '--verbose'],
      ['auth', 'status', '--json', '--verbose'],
      ['doctor', '--verbose'],
      ['config', 'check', config],
    ])
      outcomes.push(await (args[0] === 'config' ? plenum(args, { env }) : run(...args)));
    await server.authorizationServer.revokeRefreshTokens();
    server.expireTokens();
    outcomes.push(await run('tools', '--verbose'), await run('servers', '--json', '--verbose'));
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 4, 4]);
    outcomes.push(await run('logout', 'issues', '--verbose'));
    const { issued } = server.authorizationServer;
    expect(issued.length).toBeGreaterThan(1);
    const text = outcomes.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(issued.filter((token) => text.includes(token))).toEqual([]);
    expect(readFileSync(tokenFile, 'utf8')).not.toContain(issued[0]);
  });

  it.skipIf(process.platform !== 'linux')(
    'the browser gets the URL that was shown, as one argument',
    async () => {
      const { config, env } = await place();
      const bin = newFolder();
      const seen = join(bin, 'seen');
      writeFileSync(join(bin, 'xdg-open'), `#!/bin/sh\nprintf '%s\\n' "$#" "$@" > '${seen}'\n`);
      chmodSync(join(bin, 'xdg-open'), 0o755);
      const PATH = [bin, process.env['PATH']].join(delimiter);
      let shown = '';
      const { exitCode } = await logIn(['issues', '-c', config], { ...env, PATH }, async (url) => {
        shown = url;
        await visit(url);
      });
      expect(exitCode).toBe(0);
      expect(readFileSync(seen, 'utf8')).toBe(`1\n${shown}\n`);
    },
  );

  it('a person who says no', async () => {
    const { config, env, run } = await place();
    const { exitCode, stderr } = await logIn(['issues', '--no-browser', '-c', config], env, (url) =>
      visit(url, { refuse: true }),
    );
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('"access_denied"')]);
    expect((await run('tools')).exitCode).toBe(4);
  });

  it('a login that takes too long, and one that is interrupted', async () => {
    const { config, env } = await place();
    const late = await logIn(['issues', '--no-browser', '-t', '300', '-c', config], env, async () => {});
    expect([late.exitCode, late.stderr]).toEqual([
      4,
      expect.stringContaining('nobody signed in within 300 ms'),
    ]);

    const terminal = plenumOnTerminal(['login', 'issues', '--no-browser', '-c', config], { env });
    await terminal.shows('To sign in to');
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
  });

  it('what cannot be signed in to is wrong usage', async () => {
    const config = configFile({
      local: { command: 'x' },
      open: { url: 'https://example.com/mcp' },
      socket: { url: 'wss://example.com/mcp' },
    });
    const said = async (...args: string[]): Promise<string> => {
      const { exitCode, stderr } = await plenum([...args, '-c', config]);
      expect(exitCode).toBe(2);
      return stderr;
    };
    expect(await said('login', 'local')).toContain('nothing to sign in to');
    expect(await said('login', 'socket')).toContain('nothing to sign in to');
    expect(await said('login', 'open')).toContain('"auth": { "type": "oauth" }');
    expect(await said('login')).toContain('needs the name of a server');
    expect(await said('logout')).toContain('--all');
    expect(await said('logout', 'open', '--all')).toContain('--all');
  });

  it('in a real browser', async ({ skip }) => {
    const executablePath = findChromium();
    if (executablePath === undefined) return skip('no Chromium was found on PATH');
    const page = await openPage(executablePath);
    const { config, env, run } = await place();
    let last = '';
    const { exitCode } = await logIn(['issues', '--no-browser', '-c', config], env, async (url) => {
      last = await signInOn(page, url);
    });
    expect([exitCode, last]).toEqual([0, expect.stringContaining('Signed in')]);
    expect((await run('call', 'issues__read')).stdout).toContain('read');
  });
});
