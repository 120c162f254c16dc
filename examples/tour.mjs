// A tour of Plenum: seven servers in one session group. `npm start` runs it. Every ✓ is a check that could fail.
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { SessionGroup } from 'mcp-plenum';
import { createGateway } from 'mcp-plenum/gateway';
import { Report } from './tour/report.mjs';
import { runTour } from './tour/run-tour.mjs';
import { startSevenServers } from './tour/seven-servers.mjs';

const report = new Report();

await runTour(report, async ({ signal, part, atEnd }) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'plenum-tour-')));
  atEnd(() => rm(folder, { recursive: true }));
  const servers = await startSevenServers({ folder, signal, atEnd });

  report.line('Plenum: every MCP server in one session');
  const group = await SessionGroup.connect({ servers, strict: true, signal, onElicitation, onSampling });
  atEnd(() => group.close());
  signal.addEventListener('abort', () => void group.destroy(signal.reason));

  await part('Servers', () => showServers(group, servers));
  await part('Catalog', () => showCatalog(group));
  await part('A tool on each server, called through the group', () => callTools(group, folder));
  await part('Resources, a prompt, a completion', () => readAndComplete(group));
  await part('Progress of a long tool', () => showProgress(group));
  await part('Servers that ask back', () => answerServers(group));
  await part('The group, served as one server', () => serveGroup(group, atEnd));
});

function showServers(group, specs) {
  const reachedOver = (spec) => (spec.command ? 'stdio' : spec.url ? 'Streamable HTTP' : 'this process');
  report.table(
    ['server', 'reached over', 'state', 'era', 'protocol', 'connected in'],
    [...group.servers].map(([name, { state, era, protocolVersion, connectMs }]) => {
      return [name, reachedOver(specs[name]), state, era, protocolVersion, `${Math.round(connectMs)} ms`];
    }),
  );
  const statuses = [...group.servers.values()];
  const ready = statuses.filter(({ state }) => state === 'ready');
  report.check('group.servers', 'all seven are ready', ready.length, 7);
  const eras = new Set(statuses.map(({ era }) => era));
  report.check('both eras of the protocol', 'side by side', eras, new Set(['legacy', 'modern']));
}

function showCatalog(group) {
  const kinds = ['tools', 'resources', 'resourceTemplates', 'prompts'];
  const together = ['the group', ...kinds.map((kind) => group[kind].size)];
  const each = [...group.servers].map(([name, { counts }]) => [name, ...kinds.map((kind) => counts[kind])]);
  report.table(['server', 'tools', 'resources', 'templates', 'prompts'], [...each, together]);

  const odd = [...group.tools.keys()].filter((name) => !/^[a-zA-Z0-9_-]{1,64}$/.test(name));
  report.check('group.tools', 'every name is one that LLM providers take', odd, []);
  const { server, upstreamName } = group.tools.get('memory__search_nodes');
  report.check(
    'memory__search_nodes',
    'knows where it comes from',
    [server, upstreamName],
    ['memory', 'search_nodes'],
  );
}

async function callTools(group, folder) {
  const sum = await group.callTool('everything__get-sum', { a: 40, b: 2 });
  report.check('everything__get-sum', '40 and 2 are 42', textOf(sum), /\b42\b/);

  const echo = await group.callTool('everything-http__echo', { message: 'over HTTP' });
  report.check('everything-http__echo', 'came back over HTTP', textOf(echo), 'Echo: over HTTP');

  const path = join(folder, 'note.txt');
  const note = 'Many servers, one session.\n';
  await group.callTool('filesystem__write_file', { path, content: note });
  report.check('filesystem__write_file', 'the file is there', await readFile(path, 'utf8'), note);
  const read = await group.callTool('filesystem__read_text_file', { path });
  report.check('filesystem__read_text_file', 'reads what was written', textOf(read), note);

  const ada = { name: 'Ada Lovelace', entityType: 'person', observations: ['wrote the first program'] };
  const created = await group.callTool('memory__create_entities', { entities: [ada] });
  report.check('memory__create_entities', 'stores Ada Lovelace', created.structuredContent.entities, [ada]);
  const found = await group.callTool('memory__search_nodes', { query: 'first program' });
  report.check('memory__search_nodes', 'finds her again', found.structuredContent.entities, [ada]);

  const thought = {
    thought: 'So far, so good.',
    thoughtNumber: 1,
    totalThoughts: 1,
    nextThoughtNeeded: false,
  };
  const { structuredContent } = await group.callTool('thinking__sequentialthinking', thought);
  report.check(
    'thinking__sequentialthinking',
    'keeps one thought',
    structuredContent.thoughtHistoryLength,
    1,
  );

  const wave = await group.callTool('greeter__wave');
  report.check('greeter__wave', 'waves back', textOf(wave), 'o/');
  const product = await group.callTool('calculator__multiply', { a: 6, b: 7 });
  report.check('calculator__multiply', '6 by 7 is 42', textOf(product), '42');
}

async function readAndComplete(group) {
  const graph = await group.readResource('memory://knowledge-graph');
  report.check('memory://knowledge-graph', 'holds Ada Lovelace', graph.contents[0].text, /Ada Lovelace/);

  // Two servers have this one. The group does not guess: the call says whose it wants.
  const uri = 'demo://resource/dynamic/text/7';
  const { code } = await group.readResource(uri).catch((error) => error);
  report.check(uri, 'is refused while nobody says whose', code, 'AMBIGUOUS_RESOURCE');
  const templated = await group.readResource(uri, { server: 'everything-http' });
  report.check(uri, 'is read from everything-http', templated.contents[0].text, /^Resource 7:/);

  const prompt = await group.getPrompt('everything__args-prompt', { city: 'Paris' });
  const question = prompt.messages[0].content.text;
  report.check('everything__args-prompt', `says “${question}”`, question, "What's weather in Paris?");

  const ref = { type: 'ref/prompt', name: 'everything__completable-prompt' };
  const known = { arguments: { department: 'Sales' } };
  const { completion } = await group.complete(ref, { name: 'name', value: 'D' }, known);
  report.check(ref.name, 'in Sales, completes D to David', completion.values, ['David']);
}

async function showProgress(group) {
  const bar = report.progressBar();
  const steps = [];
  const onProgress = (progress) => {
    steps.push(progress.progress);
    bar.draw(progress);
  };
  const name = 'everything__trigger-long-running-operation';
  const result = await group.callTool(name, { duration: 2, steps: 5 }, { onProgress });
  bar.end();
  report.check(name, 'completed', textOf(result), /completed/);
  report.check('onProgress', 'saw every step, in order', steps, [1, 2, 3, 4, 5]);
}

async function answerServers(group) {
  // In the legacy era a server sends its question; in the modern one its answer is a question. Same handler.
  const form = await group.callTool('everything__trigger-elicitation-request');
  report.check('onElicitation, legacy era', 'everything got the name', textOf(form), /Name: Ada Lovelace/);
  const greeting = await group.callTool('greeter__greet');
  report.check('onElicitation, modern era', 'greeter got it too', textOf(greeting), 'Hello, Ada Lovelace!');

  const sampled = await group.callTool('everything__trigger-sampling-request', { prompt: '6 by 7?' });
  report.check('onSampling', 'everything got an answer', textOf(sampled), /The answer is 42\./);
}

async function serveGroup(group, atEnd) {
  const gateway = await createGateway({ group });
  atEnd(() => gateway.close());
  const { url } = await gateway.listen({ port: 0 });
  const client = new Client({ name: 'tour', version: '1.0.0' });
  atEnd(() => client.close());
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  report.line(`    ${url}`);

  const { tools } = await client.listTools();
  report.check('client.listTools', 'has the tools of all seven', tools.length, group.tools.size);
  const product = await client.callTool({ name: 'calculator__multiply', arguments: { a: 6, b: 7 } });
  report.check('calculator__multiply', 'through the gateway, too', textOf(product), '42');
  const uri = 'memory://knowledge-graph';
  const graph = await client.readResource({ uri });
  report.check(uri, 'still holds Ada Lovelace', graph.contents[0].text, /Ada Lovelace/);
}

/** Stands in for the user, to whom a real program would show a form. */
function onElicitation({ server }, { message }) {
  report.line(`    ${server} asks: ${message}`);
  return { action: 'accept', content: { name: 'Ada Lovelace' } };
}

/** Stands in for the model. */
function onSampling({ server }, { messages }) {
  report.line(`    ${server} prompts: ${messages[0].content.text}`);
  return { role: 'assistant', model: 'scripted', content: { type: 'text', text: 'The answer is 42.' } };
}

function textOf({ content }) {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
}
