// A program that is itself the server: besides serving a tool, it asks its clients and tells them things on its own.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { createGateway } from 'mcp-plenum/gateway';

function deployer() {
  const server = new McpServer({ name: 'deployer', version: '1.0.0' }, { capabilities: { logging: {} } });
  server.registerTool('version', { description: 'What is deployed' }, () => ({
    content: [{ type: 'text', text: '1.4.0' }],
  }));
  return server;
}

const gateway = await createGateway({ servers: { deployer: { server: deployer } }, naming: 'bare' });
const { url } = await gateway.listen({ port: 0 });

// A client of a revision before 2026-07-28, as most are. A real one would show its user a form.
const client = new Client(
  { name: 'editor', version: '1.0.0' },
  { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: 'legacy' } },
);
client.setRequestHandler('elicitation/create', ({ params }) => {
  console.log(`the user is asked: ${params.message}`);
  return { action: 'accept', content: { sure: true } };
});
const told = new Promise((resolve) => {
  client.setNotificationHandler('notifications/message', ({ params }) => {
    console.log(`${params.level}:`, params.data);
  });
  client.fallbackNotificationHandler = async ({ method, params }) => resolve([method, params]);
});
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const { content } = await client.callTool({ name: 'version', arguments: {} });
console.log(`deployed: ${content[0].text}`);

// From here on the server speaks first. A client can be reached once its stream is open, just after it connected.
const [[id, { info }]] = gateway.clients;
const editor = gateway.client(id);
while (
  !(await editor.ping().then(
    () => true,
    () => false,
  ))
)
  await new Promise((resolve) => setTimeout(resolve, 10));

const answer = await editor.elicit({
  message: 'Deploy 1.5.0 now?',
  requestedSchema: { type: 'object', properties: { sure: { type: 'boolean' } }, required: ['sure'] },
});
console.log(info.name, 'said', answer.action, answer.content);
await editor.log('notice', 'Deploying 1.5.0', 'deployer');
await editor.notify('com.example/deployed', { version: '1.5.0' });
console.log(...(await told));

await client.close();
await gateway.close();
