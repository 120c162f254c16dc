// What it costs a group of 100 servers with 100 tools each when one of them changes its list.
// Goal: the new snapshot commits in under 2 ms of our own time. Run the build first.
import { SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

// No entry of the package has it: the sources say what is in the build.
/** @type {typeof import('../src/group/catalog/catalog-index.ts')} */
const { CatalogIndex } = await import(
  new URL('../dist/group/catalog/catalog-index.js', import.meta.url).href
);

const SERVERS = 100;
const TOOLS = 100;
const ROUNDS = 200;

const inputSchema = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    limit: { type: 'number' },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['path'],
};

/** A server's tools, of which `changed` have another description than in any round before. */
function toolsOf(server, changed, round) {
  return Array.from({ length: TOOLS }, (_, index) => ({
    name: `tool_${index}`,
    description: `Does thing ${index} of server ${server}${index < changed ? `, version ${round}` : ''}.`,
    inputSchema: structuredClone(inputSchema),
  }));
}

console.log(
  `${SERVERS} × ${TOOLS} tools, one server changes its list ${ROUNDS} times (goal: commit under 2 ms)`,
);
for (const changed of [1, TOOLS]) measureCommit(changed);
await measureWhole();

/** Naming, comparing and swapping: what is done in one turn once the list is there. */
function measureCommit(changed) {
  const index = new CatalogIndex();
  /** @type {Parameters<typeof index.claim>[2]} */
  const exposure = { naming: 'prefixed', offersTool: () => true };
  const commit = (server, tools) =>
    index.commit(index.claim(`server_${server}`, undefined, exposure, { tools }));
  for (let server = 0; server < SERVERS; server++) commit(server, toolsOf(server, 0, 0));
  const commits = [];
  const reads = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const tools = toolsOf(42, changed, round);
    commits.push(timed(() => commit(42, tools)));
    reads.push(timed(() => index.tools.snapshot()));
  }
  console.log(
    `  ${changed} of ${TOOLS} tools changed: commit ${summary(commits)}; first reading of all ${SERVERS * TOOLS} ${summary(reads)}`,
  );
}

/** From the server's announcement to the event, with the pause for more, the request and the checking of its answer. */
async function measureWhole() {
  const fleet = Array.from({ length: SERVERS }, (_, server) => inProcess({ tools: toolsOf(server, 0, 0) }));
  const servers = Object.fromEntries(fleet.map((server, index) => [`server_${index}`, { server }]));
  const group = await SessionGroup.connect({ servers, strict: true });
  const events = group.events();
  // Servers in this process keep no program alive.
  const alive = setInterval(() => {}, 1_000);
  const times = [];
  for (let round = 1; round <= ROUNDS / 10; round++) {
    const startedAt = performance.now();
    fleet[42]?.setTools(toolsOf(42, 1, round));
    for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }) {
      if (event.type === 'catalog') break;
    }
    times.push(performance.now() - startedAt);
    // Changes close upon each other are fetched with ever longer pauses.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  console.log(`  from the announcement to the event, all included: ${summary(times)}`);
  await group.close();
  clearInterval(alive);
}

function timed(act) {
  const startedAt = performance.now();
  act();
  return performance.now() - startedAt;
}

function summary(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => `${sorted[Math.ceil(sorted.length * share) - 1].toFixed(2)} ms`;
  return `p50 ${at(0.5)}, p90 ${at(0.9)}`;
}
