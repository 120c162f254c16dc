import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const kit = pathToFileURL(resolve(import.meta.dirname, '../../dist/testing/index.js')).href;

/** Runs a program in a process of its own, which must come to its end by itself. */
async function run(program: string): Promise<{ code: number; output: string }> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', `import * as kit from '${kit}';\n${program}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const stop = setTimeout(() => child.kill('SIGKILL'), 15_000);
  const [code] = await once(child, 'close');
  clearTimeout(stop);
  return { code, output };
}

const post = `
  const post = (url, id, method, params) => fetch(url, {
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
  });`;

describe('testing kit: a program that closes what it opened comes to its end', () => {
  it.each([
    ['nothing at all', ''],
    ['a server in this process', `const s = kit.inProcess({ startDelayMs: 1e6 }); await s.close();`],
    ['HTTP', `const s = await kit.serveHttp(); await s.close();`],
    [
      'HTTP with calls and timers under way',
      `${post}
      const s = await kit.serveHttp(
        { tools: [{ name: 'slow', does: { type: 'slow', ms: 1e8, ignoreCancel: true } }], faults: { flap: { afterMs: 1e8 } } },
        { sessions: false },
      );
      const call = post(s.url, 1, 'tools/call', { name: 'slow' });
      while (s.running === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      s.hang(1e8);
      await s.close();
      await call.catch(() => {});`,
    ],
    [
      'SSE',
      `const s = await kit.serveSse(); const r = await fetch(s.url); await s.close(); await r.text().catch(() => {});`,
    ],
    ['WebSocket', `const s = await kit.serveWebSocket(); await s.close();`],
    ['an HTTP process', `const s = await kit.httpProcess(); await s.restart(); await s.close();`],
    [
      'a proxy',
      `const s = await kit.serveHttp();
      const p = await kit.TcpProxy.listen({ target: s.url });
      p.stall();
      const { connect } = await import('node:net');
      const socket = connect(p.port).on('error', () => {});
      const closed = new Promise((resolve) => socket.once('close', resolve));
      while (p.connections === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await p.close();
      await s.close();
      await closed;`,
    ],
  ])('%s', async (_, program) => {
    expect(await run(program)).toEqual({ code: 0, output: '' });
  });

  it('an HTTP process ends with the program that started it, however that ends', async () => {
    const program = `
      const s = await kit.httpProcess({ faults: { ignoreTermination: true } });
      process.stdout.write(String(s.pid), () => process.kill(process.pid, 'SIGKILL'));`;
    const { output } = await run(program);
    const pid = Number(output);
    expect(pid).toBeGreaterThan(0);
    const gone = () => {
      try {
        return process.kill(pid, 0) && false;
      } catch {
        return true;
      }
    };
    await expect.poll(gone).toBe(true);
  });
});
