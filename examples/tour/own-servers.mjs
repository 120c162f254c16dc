// Two servers of our own, both from the official package: one in this process, one that speaks 2026-07-28 over HTTP.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import {
  acceptedContent,
  createMcpHandler,
  fromJsonSchema,
  inputRequired,
  McpServer,
} from '@modelcontextprotocol/server';

const say = (text) => ({ content: [{ type: 'text', text }] });

/** A schema of an object whose properties are all of one type. */
const objectOf = (type, ...names) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type }])),
  required: names,
});

/** Lives in this process: the group talks to it without a pipe or a socket. */
export function createCalculator() {
  const server = new McpServer({ name: 'calculator', version: '1.0.0' });
  server.registerTool(
    'multiply',
    { description: 'Multiplies two numbers', inputSchema: fromJsonSchema(objectOf('number', 'a', 'b')) },
    async ({ a, b }) => say(String(a * b)),
  );
  return server;
}

function greeter() {
  const server = new McpServer({ name: 'greeter', version: '1.0.0' });
  server.registerTool('greet', { description: 'Greets you; asks for your name first' }, async (context) => {
    const person = objectOf('string', 'name');
    const answer = acceptedContent(context.mcpReq.inputResponses, 'who', fromJsonSchema(person));
    if (answer) return say(`Hello, ${answer.name}!`);
    const who = inputRequired.elicit({ message: 'Who are you?', requestedSchema: person });
    return inputRequired({ inputRequests: { who } });
  });
  server.registerTool('wave', { description: 'Waves' }, async () => say('o/'));
  return server;
}

/** Serves the greeter on a free port of loopback. */
export async function startGreeter() {
  const handler = createMcpHandler(greeter);
  const handle = toNodeHandler(handler);
  const http = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const stop = async () => {
    await handler.close();
    http.close();
    http.closeAllConnections();
    await once(http, 'close');
  };
  return { url: `http://127.0.0.1:${http.address().port}/mcp`, stop };
}
