// What no gateway can do without: `node floor.mjs http <port>` answers what is posted, `node floor.mjs pipe` calls a server over a
// bare pipe when its parent says so.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createLineSplitter } from '../side-by-side/servers/lines.mjs';

const [mode, ...rest] = process.argv.slice(2);
if (mode === 'http') listen(Number(rest[0]));
else callOverPipe(rest);

/** Reads and parses what is posted, and answers with a message of the same size. */
function listen(port) {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { id, params } = body === '' ? {} : JSON.parse(body);
      const result = { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
  });
  server.listen(port, '127.0.0.1');
}

/** @param {string[]} server */
function callOverPipe([command = '', ...args]) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map();
  let nextId = 0;
  child.stdout.on(
    'data',
    createLineSplitter((line) => {
      const { id } = JSON.parse(line.toString());
      waiting.get(id)();
      waiting.delete(id);
    }),
  );
  const call = (text) =>
    new Promise((resolve) => {
      const id = nextId++;
      waiting.set(id, resolve);
      const params = { name: 'echo', arguments: { text } };
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n`);
    });
  const callFor = async (concurrency, ms, text) => {
    const startedAt = performance.now();
    const before = process.cpuUsage();
    let count = 0;
    const callAgain = async () => {
      for (; performance.now() - startedAt < ms; count++) await call(text);
    };
    await Promise.all(Array.from({ length: concurrency }, callAgain));
    const { user, system } = process.cpuUsage(before);
    process.send?.({ wall: ((performance.now() - startedAt) * 1_000) / count, cpu: (user + system) / count });
  };
  process.on('message', ({ concurrency, ms, text }) => void callFor(concurrency, ms, text));
  process.once('disconnect', () => child.stdin.end());
}
