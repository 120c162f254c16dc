import { unknownName } from '../../errors/catalog.ts';
import type { ToolSource } from '../tool-source.ts';

/** The names of the tools of each server in a source. */
export type ToolsByServer = ReadonlyMap<string, readonly string[]>;

export function toolsByServer(tools: ToolSource['tools']): ToolsByServer {
  const servers = new Map<string, string[]>();
  for (const [name, { server }] of tools) {
    if (server === undefined) continue;
    const known = servers.get(server);
    if (known === undefined) servers.set(server, [name]);
    else known.push(name);
  }
  return servers;
}

/** The names of a server's tools. Throws `UNKNOWN_SERVER` when the source has none. */
export function expectServer(servers: ToolsByServer, server: string): readonly string[] {
  const tools = servers.get(server);
  if (tools !== undefined) return tools;
  throw unknownName('server', server, servers.keys());
}
