// A gateway over the seven servers of the tour, as a program: `node tour-gateway.mjs stdio`, or `http`, which prints its URL.
// The calculator has tools and a resource more, by which a client sees what reaches it. Run the build first.
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from 'mcp-plenum/gateway';
import { createCalculator } from '../../examples/tour/own-servers.mjs';
import { startSevenServers } from '../../examples/tour/seven-servers.mjs';

const say = (text) => ({ content: [{ type: 'text', text }] });

function createWatchedCalculator() {
  const calculator = createCalculator();
  let waiting = 0;
  calculator.registerTool('wait', { description: 'Waits until the call is cancelled' }, async (context) => {
    waiting++;
    await new Promise((resolve) => context.mcpReq.signal.addEventListener('abort', resolve));
    waiting--;
    return say('cancelled');
  });
  calculator.registerTool('waiting', { description: 'How many calls wait' }, () => say(String(waiting)));
  let goOn = () => {};
  calculator.registerTool(
    'climb',
    { description: 'Reports four steps, each after "step"' },
    async (context) => {
      const { progressToken } = context.mcpReq._meta ?? {};
      for (let progress = 1; progress <= 4; progress++) {
        const told = new Promise((resolve) => {
          goOn = resolve;
        });
        await context.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress },
        });
        await told;
      }
      return say('up');
    },
  );
  calculator.registerTool('step', { description: 'Lets "climb" go on' }, () => {
    goOn();
    return say('one more');
  });
  calculator.registerTool('learn', { description: 'Learns one more operation' }, () => {
    calculator.registerTool('halve', { description: 'Has been learned' }, () => say('½'));
    return say('learned');
  });
  calculator.registerTool('warn', { description: 'Logs at two levels' }, async (context) => {
    await context.mcpReq.log('info', 'just so');
    await context.mcpReq.log('error', 'careful');
    return say('logged');
  });
  const uri = 'calculator://memory';
  calculator.server.registerCapabilities({ logging: {}, resources: { subscribe: true, listChanged: true } });
  calculator.registerResource('memory', uri, {}, () => ({ contents: [{ uri, text: '42' }] }));
  for (const method of ['resources/subscribe', 'resources/unsubscribe'])
    calculator.server.setRequestHandler(method, () => ({}));
  calculator.registerTool('store', { description: 'Changes the memory' }, async () => {
    await calculator.server.sendResourceUpdated({ uri });
    return say('stored');
  });
  return calculator;
}

const [transport] = process.argv.slice(2);
const folder = await realpath(await mkdtemp(join(tmpdir(), 'plenum-gateway-')));
const endings = [() => rm(folder, { recursive: true, force: true })];
const servers = await startSevenServers({
  folder,
  signal: new AbortController().signal,
  atEnd: (ending) => endings.unshift(ending),
  calculator: createWatchedCalculator(),
});
const gateway = await createGateway({ servers });
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void gateway.close());
if (transport === 'stdio') {
  await gateway.serveStdio();
  await gateway.close();
} else {
  const { url } = await gateway.listen({ port: 0 });
  console.log(url);
  await gateway.closed;
}
for (const ending of endings) await ending();
