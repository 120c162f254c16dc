import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveHttp, stdioSpec } from '../../../src/testing/index.ts';
import { configFile, environment, MAIN } from '../support/run-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';

interface Line {
  time: string;
  type: string;
  server?: string;
  [key: string]: unknown;
}

function watch(args: readonly string[]): {
  lines: () => Line[];
  text: () => string;
  end: () => Promise<unknown>;
} {
  const child = spawn(process.execPath, [MAIN, 'watch', ...args], { cwd: newFolder(), env: environment() });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    text: () => stdout,
    lines: () =>
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    end: async () => {
      child.kill('SIGINT');
      const [code] = await once(child, 'exit');
      return code;
    },
  };
}

describe('plenum watch', () => {
  it('--json prints states and events as lines, as they happen', async () => {
    await using server = await serveHttp({ tools: [{ name: 'old' }] });
    const watching = watch([server.url, '--json']);
    const find = (type: string): Line | undefined => watching.lines().find((line) => line.type === type);
    await eventually('the state is shown', () => find('status') !== undefined);
    expect(find('status')).toMatchObject({
      server: '127.0.0.1',
      status: { state: 'ready', protocolVersion: expect.any(String) },
    });
    expect(Date.parse(find('status')?.time ?? '')).not.toBeNaN();
    // Whether its listening stream is up cannot be seen from here: the change is made until it is noticed.
    let number = 0;
    await eventually('the change is shown', () => {
      server.setTools([{ name: `new${number++}` }]);
      return find('catalog') !== undefined;
    });
    expect(find('catalog')).toMatchObject({ diff: { tools: { removed: ['old'] } } });
    expect(await watching.end()).toBe(130);
  });

  it('follows the configuration, and reports one that is broken', async () => {
    const path = configFile({ one: stdioSpec() });
    const watching = watch(['-c', path]);
    await eventually('the first server is shown', () => watching.text().includes('one is ready'));
    writeFileSync(path, JSON.stringify({ mcpServers: { one: stdioSpec(), two: stdioSpec() } }));
    await eventually('the second server is shown', () => watching.text().includes('two was added'));
    await eventually('the reading is shown', () => watching.text().includes('read again: added two'));
    writeFileSync(path, '{ broken');
    await eventually('the fault is shown', () => watching.text().includes('configuration cannot be used'));
    expect(await watching.end()).toBe(130);
  });

  it('shows a server that dies, comes back, logs and writes to standard error', async () => {
    const { command, args } = stdioSpec({ faults: { flap: { afterMs: 1_500 }, stderr: 'hello\n' } });
    const watching = watch(['--', command, ...args]);
    const shows = (text: string) =>
      eventually(
        () => `${text} is shown`,
        () => watching.text().includes(text),
      );
    await shows('is reconnecting, attempt 1');
    await shows('says on standard error: hello');
    await eventually('it is back', () => watching.text().split('is ready').length > 2);
    expect(await watching.end()).toBe(130);
  });

  it('a server that cannot be had is shown, and tried again', async () => {
    const { command, args } = stdioSpec({ faults: { exitAtStart: {} } });
    const watching = watch(['--', command, ...args]);
    await eventually('it is tried again', () => /is connecting, attempt [2-9]/.test(watching.text()));
    expect(watching.text()).not.toContain('reconnecting');
    expect(await watching.end()).toBe(130);
  });

  it('a server whose command does not exist has failed', async () => {
    const watching = watch(['--', 'no-such-command-here']);
    await eventually('it has failed', () => /is failed: .*no-such-command-here/.test(watching.text()));
    expect(await watching.end()).toBe(130);
  });

  it('each failed attempt is told once, with the time of the next one', async () => {
    const watching = watch(['-c', configFile({ broken: stdioSpec({ faults: { exitAtStart: {} } }) })]);
    await eventually('several attempts are shown', () => /attempt 4/.test(watching.text()));
    const [, ...attempts] = watching.text().trim().split('\n');
    const shown = attempts.map((line) => / attempt (\d+) in \d+\.\d s: /.exec(line)?.[1]);
    expect(shown).toEqual([...new Set(shown)]);
    expect(shown).not.toContain(undefined);
    await watching.end();
  });
});
