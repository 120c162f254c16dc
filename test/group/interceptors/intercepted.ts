import type { GroupServerSpec, SessionGroup } from '../../../src/index.ts';
import type { ToolInterceptor } from '../../../src/group/interceptors/interceptors.ts';
import type { ScriptedInProcessServer, ScriptedTool } from '../../../src/testing/index.ts';
import { connectGroup } from '../../support/groups.ts';
import { local } from '../../support/servers.ts';

export const TOOLS: ScriptedTool[] = [
  { name: 'echo', annotations: { readOnlyHint: true } },
  { name: 'count', does: { type: 'count' } },
  { name: 'slow', does: { type: 'slow', ms: 300 } },
  { name: 'hang', does: { type: 'sleepUntilCancelled' } },
  { name: 'fails', does: { type: 'error', message: 'disk full' } },
  { name: 'refuses', does: { type: 'rpcError', code: -32_050, message: 'not today' } },
  { name: 'progress', does: { type: 'progress', steps: 3 } },
];

/** A group of a server "files", and of others if need be, with these interceptors. */
export async function intercepted(
  interceptors: readonly ToolInterceptor[],
  others: Record<string, GroupServerSpec> = {},
): Promise<{ group: SessionGroup; server: ScriptedInProcessServer }> {
  const server = local({ tools: TOOLS });
  const group = await connectGroup({ servers: { files: { server }, ...others }, interceptors });
  return { group, server };
}

/** A result with one text. */
export function text(said: string): { content: [{ type: 'text'; text: string }] } {
  return { content: [{ type: 'text', text: said }] };
}

/** The arguments of every `tools/call` that arrived. */
export function argumentsOf({ requests }: ScriptedInProcessServer): unknown[] {
  return requests.filter(({ method }) => method === 'tools/call').map(({ params }) => params['arguments']);
}
