// The public servers, as they are installed beside this file: nothing is downloaded.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const KILL_AFTER_MS = 3_000;

const pathOf = (name) =>
  fileURLToPath(import.meta.resolve(`@modelcontextprotocol/server-${name}/dist/index.js`));

/** What a user would write as `{ command: 'npx', args: ['-y', '@modelcontextprotocol/server-…', …] }`. */
export function publicServer(name, args = [], env = {}) {
  return { command: process.execPath, args: [pathOf(name), ...args], env };
}

/** Runs server-everything over Streamable HTTP in a process of its own, on a free port of loopback. */
export async function startEverythingOverHttp(signal) {
  // It has a tool that tells its environment: it gets no more of ours than it needs.
  const { PATH, SystemRoot } = process.env;
  const child = fork(pathOf('everything'), ['streamableHttp'], {
    execArgv: ['--import', import.meta.resolve('./listen-on-loopback.mjs')],
    env: { PATH, SystemRoot },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (complaint = (complaint + text).slice(-2_000)));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    child.kill('SIGINT');
    await exited;
    clearTimeout(timer);
  };
  const failure = exited.then((code) => {
    throw new Error(`server-everything ended with exit code ${code} before it listened.\n${complaint}`);
  });
  failure.catch(() => {}); // Later on, its end is what `stop` asks for.
  try {
    const [{ port }] = await Promise.race([once(child, 'message', { signal }), failure]);
    return { url: `http://127.0.0.1:${port}/mcp`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
