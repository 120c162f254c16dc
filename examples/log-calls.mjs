// Log every tool call: which tool, how it went and how long it took. Of the arguments the names only: the values may be
// private.
import { SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

/** An interceptor. `write` is given one line for each call; here the logger of your program goes. */
function logCalls(write) {
  return async ({ server, tool, args }, next) => {
    const startedAt = performance.now();
    const log = (outcome) => {
      const ms = Math.round(performance.now() - startedAt);
      write(`${server} ${tool}(${Object.keys(args).join(', ')}): ${outcome} after ${ms} ms`);
    };
    try {
      const result = await next();
      log(result.isError ? 'failed' : 'ok');
      return result;
    } catch (error) {
      log(error.code ?? error.name);
      throw error;
    }
  };
}

const files = inProcess({
  tools: [
    { name: 'read', does: { type: 'text', text: 'Milk, eggs.' } },
    { name: 'write', does: { type: 'error', message: 'The disk is full.' } },
    { name: 'wait', does: { type: 'hang' } },
  ],
});
const group = await SessionGroup.connect({
  servers: { files: { server: files } },
  interceptors: [logCalls(console.log)],
});

await group.callTool('files__read', { path: 'shopping.txt' });
await group.callTool('files__write', { path: 'shopping.txt', content: 'Milk.' });
await group.callTool('files__wait', {}, { timeoutMs: 50 }).catch(() => {});
await group.close();
