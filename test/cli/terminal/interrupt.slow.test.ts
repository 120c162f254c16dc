import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { serveHttp, stdioSpec, type ScriptedHttpServer } from '../../../src/testing/index.ts';
import { CTRL_C, plenumOnTerminal } from '../support/on-terminal.ts';
import { configFile, environment, inline, MAIN, marked } from '../support/run-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';

const hanging = { name: 'hang', does: { type: 'sleepUntilCancelled' as const } };

async function untilCalled({ requests }: Pick<ScriptedHttpServer, 'requests'>): Promise<void> {
  await eventually('the tool is called', () => requests.some(({ method }) => method === 'tools/call'));
}

describe('plenum: Ctrl-C', () => {
  it('cancels the running call, and the server is told', async () => {
    await using server = await serveHttp({ era: 'legacy', tools: [hanging] });
    const terminal = plenumOnTerminal(['call', server.url, 'hang']);
    await untilCalled(server);
    terminal.type(CTRL_C);
    await terminal.shows('Stopping');
    expect(await terminal.exitCode).toBe(130);
    await eventually('the server is told', () => server.cancelled.length === 1);
  });

  it.each(['legacy', 'modern'] as const)('leaves no process of a server in the %s era', async (era) => {
    const { env, expectNothingLeft } = marked();
    const server = stdioSpec({ era, tools: [hanging], faults: { grandchild: {} } });
    const terminal = plenumOnTerminal(['call', 'hang', ...inline(server)], { env });
    await terminal.shows(' hang');
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
    await expectNothingLeft();
  });

  it('twice leaves at once, and no process, however stubborn', async () => {
    const { env, expectNothingLeft } = marked();
    const server = stdioSpec({
      tools: [{ name: 'hang', does: { type: 'hang' } }],
      faults: { ignoreTermination: true },
    });
    const terminal = plenumOnTerminal(['call', 'hang', ...inline(server)], { env });
    await terminal.shows(' hang');
    terminal.type(CTRL_C);
    await terminal.shows('Stopping');
    const startedAt = Date.now();
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
    // In order, it would take 4 s until it is killed.
    expect(Date.now() - startedAt).toBeLessThan(3_900);
    await expectNothingLeft();
  });

  it('gives up while servers are still coming up', async () => {
    const { env, expectNothingLeft } = marked();
    const slow = stdioSpec({ faults: { neverInitialize: true } });
    const terminal = plenumOnTerminal(['tools', '-c', configFile({ slow, other: slow })], { env });
    await terminal.shows('Connecting to 2 servers');
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
    await expectNothingLeft();
  });

  it('ends watching', async () => {
    const { env, expectNothingLeft } = marked();
    const terminal = plenumOnTerminal(['watch', '-c', configFile({ one: stdioSpec() })], { env });
    await terminal.shows('one is ready');
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
    await expectNothingLeft();
  });
});

describe('plenum: other endings', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ] as const)('%s without a terminal ends in order', async (signal, exitCode) => {
    await using server = await serveHttp({ era: 'legacy', tools: [hanging] });
    const child = spawn(process.execPath, [MAIN, 'call', server.url, 'hang'], {
      cwd: newFolder(),
      env: environment(),
      stdio: 'ignore',
    });
    await untilCalled(server);
    child.kill(signal);
    const [code] = await once(child, 'exit');
    expect(code).toBe(exitCode);
    await eventually('the server is told', () => server.cancelled.length === 1);
  });

  it('a reader that has had enough ends it without a word', async () => {
    const { env, expectNothingLeft } = marked();
    const server = stdioSpec({ tools: [{ name: 'big', does: { type: 'big', bytes: 5_000_000 } }] });
    const child = spawn(process.execPath, [MAIN, 'call', 'big', ...inline(server)], {
      cwd: newFolder(),
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = await once(child, 'close');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expectNothingLeft();
  });

  it('all of a long result arrives at a slow reader', async () => {
    const server = stdioSpec({ tools: [{ name: 'big', does: { type: 'big', bytes: 3_000_000 } }] });
    const child = spawn(process.execPath, [MAIN, 'call', 'big', ...inline(server)], {
      cwd: newFolder(),
      env: environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let length = 0;
    child.stdout.on('data', (chunk: Buffer) => (length += chunk.length)).pause();
    setTimeout(() => child.stdout.resume(), 1_500);
    await once(child, 'close');
    expect(length).toBe(3_000_001);
  });
});
