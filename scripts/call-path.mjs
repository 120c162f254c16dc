// Prints which files of dist/ run during one usual `SessionGroup.callTool`, over stdio and over HTTP. Build first.
// usage: node scripts/call-path.mjs [--json] [stdio | http-json | http-sse]…
import { Session } from 'node:inspector/promises';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SessionGroup } from '../dist/index.js';
import { httpProcess, stdioSpec } from '../dist/testing/index.js';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
// What runs once a call runs as often as the calls; timers and late loading run less often.
const CALLS = 20;
const WARM_UP_CALLS = 20;

const script = { era: 'legacy', tools: [{ name: 'echo' }] };

/** The ways of a call that are measured: each opens its server and says how to reach it. */
const WAYS = {
  stdio: async () => ({ spec: stdioSpec(script), close: async () => {} }),
  'http-json': () => openHttp({ answers: 'json' }),
  // Without a session, as events that can be resumed are left to the official transport.
  'http-sse': () => openHttp({ answers: 'sse', sessions: false }),
};

const args = process.argv.slice(2);
const asJson = args.includes('--json');
const names = args.filter((arg) => arg !== '--json');
const paths = {};
for (const name of names.length > 0 ? names : Object.keys(WAYS))
  paths[name] = await filesOfOneCall(WAYS[name]);

if (asJson) process.stdout.write(`${JSON.stringify(paths, null, 2)}\n`);
else for (const [name, files] of Object.entries(paths)) print(name, files);

/** The server runs in a process of its own, so that none of its code is counted. */
async function openHttp(options) {
  const server = await httpProcess(script, options);
  return { spec: { url: server.url, type: 'http' }, close: () => server.close() };
}

async function filesOfOneCall(open) {
  const server = await open();
  const group = await SessionGroup.connect({ servers: { peer: server.spec }, strict: true });
  const inspector = new Session();
  inspector.connect();
  try {
    const [tool] = group.tools.keys();
    const call = (times) => callOneByOne(group, tool, times);
    await call(WARM_UP_CALLS);
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await call(WARM_UP_CALLS);
    // Taking it sets all counters to zero.
    await inspector.post('Profiler.takePreciseCoverage');
    await call(CALLS);
    const { result } = await inspector.post('Profiler.takePreciseCoverage');
    await inspector.post('Profiler.stopPreciseCoverage');
    return enteredFiles(result);
  } finally {
    inspector.disconnect();
    await group.close();
    await server.close();
  }
}

async function callOneByOne(group, tool, times) {
  for (let call = 0; call < times; call++) {
    const { content } = await group.callTool(tool, { call });
    if (content[0]?.text !== JSON.stringify({ call }))
      throw new Error(`Not an echo: ${JSON.stringify(content)}`);
  }
}

function enteredFiles(scripts) {
  const files = [];
  for (const { url, functions } of scripts) {
    if (!url.startsWith('file:') || !fileURLToPath(url).startsWith(DIST)) continue;
    const ran = functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) >= CALLS);
    if (ran.length === 0) continue;
    const file = relative(DIST, fileURLToPath(url)).split(sep).join('/');
    files.push({ file, functions: ran.map(({ functionName }) => functionName || '(anonymous)') });
  }
  return files.toSorted((a, b) => a.file.localeCompare(b.file));
}

function print(name, files) {
  process.stdout.write(`\n${name}: ${files.length} files\n`);
  for (const { file, functions } of files) {
    process.stdout.write(`  ${file.replace(/\.js$/, '')}  (${functions.join(', ')})\n`);
  }
}
