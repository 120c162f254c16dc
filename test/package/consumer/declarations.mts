// What a library exports that is made with Plenum: the compiler writes the types of all this into its declarations.
import { SessionGroup, SessionManager, loadConfig, openSession, type Handlers } from 'mcp-plenum';
import { oauth } from 'mcp-plenum/auth';

export const group = await SessionGroup.connect({ servers: {} });
export const entry = [...group.tools.values()][0];
export const result = await group.callTool('desk__greet');
export const groupEvents = group.events();

export const session = await openSession('https://mcp.example/mcp');
export const client = session.client;
export const capabilities = session.capabilities;
export const listedTools = await session.listTools();
export const listedResources = await session.listResources();
export const listedTemplates = await session.listResourceTemplates();
export const listedPrompts = await session.listPrompts();
export const prompt = await session.getPrompt('greet');
export const resource = await session.readResource('file:///a');
export const completion = await session.complete(
  { type: 'ref/prompt', name: 'greet' },
  { name: 'a', value: 'b' },
);

export const manager = new SessionManager({ servers: {} });
export const stats = manager.stats();
export const config = await loadConfig();
export const signIn = oauth().forServer('https://mcp.example/mcp');

export const onSampling = (
  ...[{ server, requestId }, params]: Parameters<NonNullable<Handlers['onSampling']>>
) => ({
  server,
  requestId,
  params,
});
