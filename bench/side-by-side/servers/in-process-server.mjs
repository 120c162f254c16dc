import { createServer, toolList } from './answer.mjs';

/** A server in this process: `connect` takes its end of a linked pair. It weighs next to nothing. */
export function createInProcessServer({ count = 10 } = {}) {
  const server = createServer({ count });
  let transport;
  /** @type {{ name: string, description: string, inputSchema: object }[]} */
  let tools = toolList(count);
  return {
    async connect(linked) {
      transport = linked;
      linked.onmessage = (message) => {
        const answer = message.method === 'tools/list' ? listed(message) : parsed(server, message);
        if (answer !== undefined) void linked.send(answer);
      };
      await linked.start();
    },
    async close() {
      await transport?.close();
    },
    /** Gives the first tool another description, and says so. */
    change(round) {
      const [first, ...others] = tools;
      if (first !== undefined) tools = [{ ...first, description: `Version ${round}.` }, ...others];
      void transport.send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    },
  };

  function listed({ id }) {
    return { jsonrpc: '2.0', id, result: { tools: structuredClone(tools) } };
  }
}

function parsed(server, message) {
  const bytes = server.answer(Buffer.from(JSON.stringify(message)));
  if (bytes === undefined) return undefined;
  const answer = JSON.parse(bytes.toString());
  if (answer.result?.capabilities !== undefined)
    answer.result.capabilities = { tools: { listChanged: true } };
  return answer;
}
