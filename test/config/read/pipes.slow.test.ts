import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { SessionGroup } from '../../../src/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { failureOf } from '../../support/failures.ts';
import { configFile, folderWith } from '../support/files.ts';

function pipe(): string {
  const path = join(folderWith(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

/** Writes into a pipe as another process, which waits until somebody reads. */
function writeInto(path: string, ...texts: string[]): void {
  const script = texts.map((text) => `printf '%s' '${text}'; sleep 0.3`).join('; ');
  const child = spawn('sh', ['-c', `sleep 0.3; { ${script}; } > '${path}'`], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
}

describe.skipIf(process.platform === 'win32')('a configuration that is a pipe', () => {
  it('is read when its writer comes later, and writes in pieces', async () => {
    const path = pipe();
    writeInto(path, '{"mcpServers": {"a": {"com', 'mand": "x"}}}');
    expect((await loadConfig(path)).servers).toMatchObject({ a: { command: 'x' } });
  });

  it('is an error after a while when nobody writes to it, and keeps no process running', async () => {
    const path = pipe();
    const error = await failureOf(loadConfig(path));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('it is a pipe or a device that gives nothing for 5000 ms');
    // More of them than the runtime has threads for files: other files are read all the same.
    const waiting = Array.from({ length: 6 }, () => failureOf(loadConfig(path)));
    expect((await loadConfig(configFile({ mcpServers: { a: { command: 'x' } } }))).servers).toHaveProperty(
      'a',
    );
    for (const each of await Promise.all(waiting)) expect(each.code).toBe('CONFIG_INVALID');
  });

  it('is at its end at once when it is /dev/null, and too large when it has no end', async () => {
    expect((await failureOf(loadConfig('/dev/null'))).message).not.toContain('gives nothing');
    expect((await failureOf(loadConfig('/dev/zero'))).message).toContain('it is larger than');
  });

  it('as envFile of one server: that server is reported, and the others are there', async () => {
    const { command, args } = stdioSpec({ tools: [{ name: 'echo' }] });
    const mcpServers = { odd: { command, args, envFile: pipe() }, other: { command, args } };
    const { servers, broken } = await loadConfig({ path: configFile({ mcpServers }), tolerant: true });
    expect(broken['odd']?.message).toContain('gives nothing');
    const group = await SessionGroup.connect({ servers });
    onTestFinished(() => group.close());
    expect(await group.callTool('other__echo', {})).toBeDefined();
  });
});
