// How long a session is without its server: a stdio server that starts in 50 ms is killed, again and again.
// Goal: ready again in under 300 ms. Run the build first.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const START_MS = 50;
const ROUNDS = 30;

if (process.argv[2] === 'server') serve(process.argv[3]);
else await measure();

async function measure() {
  const { openSession } = await import('mcp-plenum');
  console.log(`A stdio server that starts in ${START_MS} ms is killed ${ROUNDS} times (goal: under 300 ms)`);
  for (const era of ['legacy', 'modern']) {
    const session = await openSession(
      { command: process.execPath, args: [fileURLToPath(import.meta.url), 'server', era] },
      // Each round is a new loss, not the next of a series: the first attempt comes at once.
      { reconnect: { resetAfterMs: 0 } },
    );
    const starts = [];
    const recoveries = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { pid } = await session.request({ method: 'bench/pid' });
      const ready = untilReady(session);
      const killedAt = performance.now();
      process.kill(Number(pid), 'SIGKILL');
      const status = await ready;
      recoveries.push(performance.now() - killedAt);
      starts.push(status.connectMs);
    }
    await session.close();
    console.log(
      `  ${era}: ready again ${summary(recoveries)}; of that, process and handshake ${summary(starts)}`,
    );
  }
}

async function untilReady(session) {
  for await (const event of session.events()) {
    if (event.type === 'status' && event.status.state === 'ready') return event.status;
  }
  throw new Error('The session ended.');
}

function summary(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => `${sorted[Math.ceil(sorted.length * share) - 1].toFixed(0)} ms`;
  return `p50 ${at(0.5)}, max ${at(1)}`;
}

/** A server of a few lines, which answers nothing until it is old enough. */
function serve(era) {
  const serverInfo = { name: 'bench', version: '1.0.0' };
  const answers = {
    initialize: ({ protocolVersion }) => ({ protocolVersion, serverInfo, capabilities: {} }),
    'server/discover': () => ({
      supportedVersions: ['2026-07-28'],
      capabilities: {},
      ttlMs: 0,
      cacheScope: 'private',
    }),
    'bench/pid': () => ({ pid: process.pid }),
  };
  delete answers[era === 'legacy' ? 'server/discover' : 'initialize'];
  const answer = (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) return;
    const outcome =
      answers[method] === undefined
        ? { error: { code: -32601, message: 'Method not found' } }
        : { result: { ...answers[method](params), ...(era === 'modern' && modernResult) } };
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...outcome })}\n`);
  };
  const modernResult = {
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
  };
  setTimeout(
    () => createInterface({ input: process.stdin }).on('line', answer),
    START_MS - performance.now(),
  );
}
