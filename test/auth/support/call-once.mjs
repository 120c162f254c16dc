// `node call-once.mjs <url> <token file>`: calls a tool with tokens from a file, and prints what it answers.
import { openSession } from 'mcp-plenum';
import { fileTokenStore, oauth } from 'mcp-plenum/auth';

const [url, path] = process.argv.slice(2);
const auth = oauth({ store: fileTokenStore(path), interactive: false });
const session = await openSession({ url, auth });
const { content } = await session.callTool('read');
console.log(content[0].text);
await session.close();
