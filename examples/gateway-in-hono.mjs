// A gateway inside a web app: Hono answers what is the app's own, and hands the rest to the gateway.
import { createServer } from 'node:http';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { Hono } from 'hono';
import { createGateway } from 'mcp-plenum/gateway';

const gateway = await createGateway({
  servers: {
    everything: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'] },
  },
  hosts: ['127.0.0.1'], // the names under which this app is reached
  auth: {
    // Whatever the app knows its users by. Undefined refuses the request.
    verify(request) {
      const user = request.headers.get('x-user');
      return user ? { principal: user } : undefined;
    },
  },
});

const app = new Hono();
app.get('/', (context) => context.text('This is the app.'));
app.all('/mcp', (context) => gateway.fetch(context.req.raw));

const handle = toNodeHandler(app);
const http = createServer((request, response) => void handle(request, response));
await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${http.address().port}`;

// Any client can use it now; here is one.
console.log(await (await fetch(origin)).text());
const client = new Client({ name: 'example', version: '1.0.0' });
const requestInit = { headers: { 'x-user': 'ada' } };
await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', origin), { requestInit }));
const result = await client.callTool({ name: 'everything__echo', arguments: { message: 'through Hono' } });
console.log(result.content[0].text);

const stranger = await fetch(new URL('/mcp', origin), {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
});
console.log(`a stranger gets ${stranger.status}`);

await client.close();
await gateway.close();
http.close();
