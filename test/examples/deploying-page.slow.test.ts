import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runNode } from '../package/run.ts';
import { eventually } from '../support/eventually.ts';
import { ledgerFile } from '../support/folders.ts';
import { runningPids } from '../support/processes.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/deploying.md'), 'utf8');
const [shutDown = ''] = [...page.matchAll(/```js\n(.*?)```/gs)]
  .map(([, code = '']) => code)
  .filter((code) => code.includes('SIGTERM'));

describe('docs/deploying.md', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('shuts down on %s, also while a call goes on', async (signal) => {
    const ledger = ledgerFile();
    const program = `
      import { SessionGroup } from 'mcp-plenum';
      import { stdioSpec } from 'mcp-plenum/testing';
      const tools = [{ name: 'hang', does: { type: 'hang' } }];
      const desk = stdioSpec({ tools, ledgerFile: ${JSON.stringify(ledger)} });
      const group = await SessionGroup.connect({ servers: { desk } });
      ${shutDown}
      console.error('ready');
      console.log(await group.callTool('desk__hang').catch(({ code }) => code));
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = new Promise<number | null>((done) => child.once('exit', done));
    const printed = text(child.stdout);
    let ready = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (ready += chunk));
    await eventually('the program is ready', () => ready === 'ready\n');
    child.kill(signal);
    expect({ exitCode: await exited, printed: await printed }).toEqual({
      exitCode: 0,
      printed: 'SESSION_CLOSED\n',
    });
    expect(runningPids(ledger)).toEqual([]);
  });

  // Only Linux shows what a process has open.
  it.runIf(process.platform === 'linux')('counts the file descriptors of a server', async () => {
    const program = `
      import { readdirSync } from 'node:fs';
      import { SessionGroup } from 'mcp-plenum';
      import { inProcess, httpProcess, stdioSpec } from 'mcp-plenum/testing';
      const script = { era: 'modern', tools: [{ name: 'echo' }] };
      const http = await httpProcess(script);
      const group = new SessionGroup();
      const open = () => readdirSync('/proc/self/fd').length;
      const taken = async (name, spec) => {
        const before = open();
        await group.add(name, spec);
        return open() - before;
      };
      await group.add('first', stdioSpec(script)); // opens what the process itself needs
      const counts = {
        process: await taken('process', stdioSpec(script)),
        url: await taken('url', { url: http.url, type: 'http' }),
        here: await taken('here', { server: inProcess(script) }),
      };
      await group.close();
      await http.close();
      console.log(JSON.stringify(counts));
    `;
    const counts: unknown = JSON.parse(await runNode(['--input-type=module', '-e', program], root));
    // A URL: the stream of notifications, and the socket of the last request, which stays open for a while.
    expect(counts).toEqual({ process: 3, url: 2, here: 0 });
  });
});
