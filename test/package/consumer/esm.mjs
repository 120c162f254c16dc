import { PlenumError, SessionGroup, openSession } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

const script = { tools: [{ name: 'greet', does: { type: 'text', text: 'hello' } }] };

const session = await openSession({ server: inProcess(script) });
const direct = await session.callTool('greet', {});
await session.close();

const group = await SessionGroup.connect({ servers: { desk: { server: inProcess(script) } } });
const routed = await group.callTool('desk__greet', {});
const refused = await group.callTool('desk__gret', {}).catch((error) => error);
await group.close();

console.log(
  JSON.stringify({
    direct: direct.content,
    routed: routed.content,
    refused: refused instanceof PlenumError && refused.code,
  }),
);
