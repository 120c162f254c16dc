// Take in an official client that your program has connected already. It stays yours: the group does not close it.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { SessionGroup } from 'mcp-plenum';

const client = new Client({ name: 'my-program', version: '1.0.0' });
await client.connect(
  new StdioClientTransport({
    command: 'npx',
    args: ['-y', '@modelcontextprotocol/server-everything'],
    stderr: 'ignore',
  }),
);

const group = new SessionGroup();
await group.adopt('mine', client);
const sum = await group.callTool('mine__get-sum', { a: 40, b: 2 });
console.log(`Through the group: ${sum.content[0].text}`);
await group.close();

const echo = await client.callTool({ name: 'echo', arguments: { message: 'still connected' } });
console.log(`After the group has closed: ${echo.content[0].text}`);
await client.close();
