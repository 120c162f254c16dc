// Visits servers of every kind, and prints what came of it. Without `await` at the top, for bundles in CommonJS.
import { join } from 'node:path';
import { SessionGroup, fileCatalogCache, openSession } from 'mcp-plenum';
import { bearer, fileTokenStore } from 'mcp-plenum/auth';
import { createGateway } from 'mcp-plenum/gateway';
import { inProcess } from 'mcp-plenum/testing';
import { openaiToolkit } from 'mcp-plenum/toolkit/openai';

const { servers, nowhere, token, folder } = JSON.parse(process.env.VISIT);
const report = { answers: {}, grown: [] };

const outcomeOf = (promise) =>
  promise.then(
    () => 'settled',
    ({ code, maybeExecuted }) => ({ code, maybeExecuted }),
  );

async function visit() {
  const specs = Object.fromEntries(
    Object.entries(servers).map(([name, spec]) => [
      name,
      name.startsWith('guarded') ? { ...spec, auth: bearer(token) } : spec,
    ]),
  );
  const here = { server: inProcess({ tools: [{ name: 'echo' }] }) };
  const group = await SessionGroup.connect({
    servers: { ...specs, here },
    catalogCache: fileCatalogCache(join(folder, 'catalogs.json')),
  });
  report.notReady = [...group.servers].flatMap(([name, { state, error }]) =>
    state === 'ready' ? [] : [`${name}: ${state}: ${error}`],
  );

  report.shown = openaiToolkit(group).tools.length > 0;
  for (const name of group.servers.keys()) {
    let progress = 0;
    const onProgress = () => (progress += 1);
    const result = await group.callTool(`${name}__echo`, { text: name }, { onProgress });
    report.answers[name] = [JSON.parse(result.content[0].text).text, progress];
  }

  // What changes later comes over a stream that stays open.
  for (const name of Object.keys(servers)) {
    await group.callTool(`${name}__grow`, {});
    for (let tries = 0; tries < 6_000 && !group.tools.has(`${name}__grown`); tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    if (group.tools.has(`${name}__grown`)) report.grown.push(name);
  }

  // A process that dies is started anew; a call that lasts too long, or that is under way at the end, is settled.
  report.died = await outcomeOf(group.callTool('stdio__die'));
  await group.callTool('stdio__echo', { text: 'again' });
  report.late = [];
  const atTheEnd = [];
  for (const name of ['stdio', 'json', 'socket']) {
    report.late.push(await outcomeOf(group.callTool(`${name}__hang`, {}, { timeoutMs: 200 })));
    atTheEnd.push(outcomeOf(group.callTool(`${name}__hang`)));
  }
  report.nowhere = await outcomeOf(openSession(nowhere, { reconnect: false }));

  const gateway = await createGateway({ group });
  const { url } = await gateway.listen({ port: 0 });
  const client = await openSession(url);
  const served = await client.callTool('json__echo', { text: 'through the gateway' });
  report.served = JSON.parse(served.content[0].text).text;
  await client.close();
  await gateway.close();

  const store = fileTokenStore(join(folder, 'tokens.json'));
  await store.set('key', { kept: true });
  report.stored = await store.get('key');

  await group.destroy('The visit is over.');
  report.atTheEnd = await Promise.all(atTheEnd);
  console.log(JSON.stringify(report));
}

void visit();
