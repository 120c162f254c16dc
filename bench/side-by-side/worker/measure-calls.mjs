import { profiled } from './profile.mjs';

/**
 * Calls one tool of every server in turn, `concurrency` at a time, for about `ms`.
 * @param {import('../types.d.ts').Opened} opened
 */
export async function measureCalls(opened, task) {
  const { servers, processes, tool, bytes, concurrency, warmMs, ms, profile } = task;
  const args = { text: 'x'.repeat(bytes) };
  const calls = servers.map((server) => opened.bind(server, tool));
  const meters = processes.map((server) => opened.bind(server, 'cpu'));

  await callFor(warmMs);
  const serversBefore = await readAll(meters);
  const clientBefore = process.cpuUsage();
  const measure = () => callFor(ms);
  const { count, elapsed } = await (profile === undefined ? measure() : profiled(profile, measure));
  const { user, system } = process.cpuUsage(clientBefore);
  const serversAfter = await readAll(meters);

  const shares = serversAfter.map((after, index) => (after - serversBefore[index]) / 1_000 / elapsed);
  return {
    microseconds: (elapsed * 1_000) / count,
    /** Cores kept busy: by this process, by all servers, by the busiest of them. */
    client: (user + system) / 1_000 / elapsed,
    servers: shares.reduce((sum, share) => sum + share, 0),
    busiest: Math.max(...shares),
  };

  async function callFor(duration) {
    const startedAt = performance.now();
    const endsAt = startedAt + duration;
    let count = 0;
    const callAgain = async () => {
      do await calls[count++ % calls.length](args);
      while (performance.now() < endsAt);
    };
    await Promise.all(Array.from({ length: concurrency }, callAgain));
    return { count, elapsed: performance.now() - startedAt };
  }
}

async function readAll(meters) {
  return Promise.all(
    meters.map(async (read) => Number(/cpu=(\d+)/.exec(JSON.stringify(await read({})))?.[1])),
  );
}

/**
 * Whether an answer is what it should be, and whether one that breaks its schema is refused.
 * @param {import('../types.d.ts').Opened} opened
 */
export async function probe(opened, { servers }) {
  const text = `probe ${Math.random()}`;
  const answers = await Promise.all(servers.map((server) => opened.bind(server, 'echo')({ text })));
  for (const answer of answers) {
    if (!JSON.stringify(answer).includes(text)) throw new Error('an echo came back changed');
  }
  const wrong = opened.bind(servers[0], 'misforecast')({});
  const validates = await wrong.then(
    (answer) => /valid|schema/i.test(JSON.stringify(answer)),
    () => true,
  );
  return { validates };
}
