import type { ToolEntry } from '../../group/catalog/catalog.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { listCatalog } from '../servers/list-catalog.ts';

export const run: RunCommand = (invocation) =>
  listCatalog(invocation, ['tools'], async ({ group, matches, show }) => {
    const tools = [...group.tools].filter(([name, tool]) => matches(name, tool.upstreamName));
    const rows = tools.map(([name, { server, title, description }]) => [
      name,
      server,
      description ?? title ?? '',
    ]);
    await show(
      'tool',
      tools.map(([name, tool]) => facts(name, tool)),
      ['TOOL', 'SERVER', 'DESCRIPTION'],
      rows,
    );
  });

function facts(name: string, tool: ToolEntry): Record<string, unknown> {
  const { server, upstreamName, title, description, inputSchema, outputSchema, annotations } = tool;
  return { name, server, upstreamName, title, description, inputSchema, outputSchema, annotations };
}
