import { PlenumError, SessionGroup, openSession, type ServerSpec, type Session } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

const desk: ServerSpec = { server: inProcess({ tools: [{ name: 'greet' }] }) };

const session: Session = await openSession(desk, { timeoutMs: 5_000 });
const group = await SessionGroup.connect({
  servers: { desk, files: { command: 'files-server', args: ['.'] }, far: { url: 'https://mcp.example/mcp' } },
  naming: (upstreamName, { server }) => `${server}_${upstreamName}`,
});
const adopted: Session = await group.add('late', { url: new URL('ws://mcp.example') });
const owner: string | undefined = group.tools.get('desk__greet')?.server;
const result = await group.callTool('desk__greet', { name: owner }, { timeoutMs: 1_000 });
if (result.isError) throw new PlenumError('PROTOCOL', 'never', { server: adopted.name });

// @ts-expect-error: the declarations are really read, so that a spec with neither shape is refused
const wrong: ServerSpec = { comand: 'files-server' };
// @ts-expect-error: and so is a code that does not exist
const unknownCode = new PlenumError('NO_SUCH_CODE', JSON.stringify(wrong));

await session.close();
await session.destroy(unknownCode);
await group.close();
