// How well and how fast a search finds the tool that somebody needs among 500, and what a model is shown with it and
// without. Goals: recall@5 of 0.9, 95 of 100 searches in under 2 ms. Run the build first.
import { performance } from 'node:perf_hooks';
import { SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';
import { searchToolkit, textTokens, tokenEstimate } from 'mcp-plenum/toolkit';
import { catalog } from './catalog/index.mjs';
import { practice } from './practice.mjs';
import { queries } from './queries.mjs';
import { requests } from './requests.mjs';

const ROUNDS = 30;

const asked = requests.map(({ text, wanted }) => ({ text: queries[text], wanted }));

const servers = Object.fromEntries(
  Object.entries(catalog).map(([name, tools]) => [name, { server: inProcess({ tools }) }]),
);
const group = await SessionGroup.connect({ servers, strict: true });
try {
  console.log(`${group.servers.size} servers, ${group.tools.size} tools, ${requests.length} requests\n`);
  await printRecall();
  await printTimes();
  await printTokens();
} finally {
  await group.close();
}

async function printRecall() {
  console.log('recall                                         @1     @5    @10');
  await printRow('requests as a model puts them (goal: 0.9 @5)', asked);
  await printRow('  the same without the names of servers', asked.map(withoutServers));
  await printRow('requests as people say them', requests);
  await printRow('practice, as people say them', practice);
  if (process.argv.includes('--misses')) await printMisses();
}

async function printRow(what, those) {
  const ranks = await Promise.all(those.map(rankOf));
  const within = (limit) => (ranks.filter((rank) => rank < limit).length / ranks.length).toFixed(2);
  console.log([what.padEnd(44), within(1), within(5), within(10)].join('   '));
}

/** A model may know a service by its name only because it is a famous one. */
function withoutServers({ text, wanted }) {
  const words = text.split(' ').filter((word) => !group.servers.has(word));
  return { text: words.join(' '), wanted };
}

/** Of the practice only: nobody tunes a ranking to what nobody sees. */
async function printMisses() {
  for (const request of practice) {
    const { text, wanted } = request;
    if ((await rankOf(request)) >= 5) console.log(`  missed: ${text} → ${wanted.join(', ')}`);
  }
}

/** Where the first tool that would do stands, from 0. */
async function rankOf({ text, wanted }) {
  const hits = await group.search(text, { kinds: ['tools'], limit: 500 });
  const at = hits.findIndex(({ entry }) => wanted.includes(`${entry.server}/${entry.upstreamName}`));
  return at < 0 ? Infinity : at;
}

async function printTimes() {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const { text } of asked) {
      const start = performance.now();
      await group.search(text, { kinds: ['tools'], limit: 5 });
      // The first rounds are for the compiler.
      if (round >= ROUNDS / 3) times.push(performance.now() - start);
    }
  }
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.floor(times.length * part)].toFixed(2);
  console.log(`\none search: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms (goal: p95 under 2 ms)\n`);
}

async function printTokens() {
  const toolkit = searchToolkit(group);
  const without = tokenEstimate(group).total;
  const shown = tokenEstimate(toolkit).total;
  const answers = await Promise.all(
    asked.map(async ({ text }) => {
      const { content } = await toolkit.callTool('search_tools', { query: text });
      return textTokens(content.map((block) => (block.type === 'text' ? block.text : '')).join('\n'));
    }),
  );
  const answer = Math.round(answers.reduce((sum, tokens) => sum + tokens, 0) / answers.length);
  console.log(`tokens shown in every turn: ${without} without search, ${shown} with it`);
  console.log(`tokens of one search's answer: ${answer} on average`);
}
