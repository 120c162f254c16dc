import { argumentInvalid } from '../../errors/toolkit.ts';
import { printable } from '../../internal/text.ts';
import { expectText, optionalText } from '../arguments/expect-text.ts';
import type { OwnTool } from '../own-tools.ts';
import type { ToolSource } from '../tool-source.ts';
import { textResult } from './call-by-name.ts';
import { expectServer, toolsByServer, type ToolsByServer } from './tools-by-server.ts';
import { toolLines } from './signature.ts';
import type { FindTools } from './tool-finder.ts';

/** How many servers the description of the tool names. */
const MAX_NAMED_SERVERS = 40;
const MAX_LIMIT = 20;

/** A search compares words, and the model knows the usual words of tools better than its user. */
const HOW_TO_ASK =
  'A few words, not the request itself: what is to be done (verb), to what (noun), in which service if you know it, ' +
  'and words that a description may use, such as "create return refund for order".';

export interface SearchToolNames {
  readonly describe: string;
  readonly call: string;
}

/** The tool that finds other tools. `names` has the names of `describe_tools` and `call_tool`. */
export function searchTool(
  source: ToolSource,
  find: FindTools,
  defaultLimit: number,
  names: () => SearchToolNames,
): OwnTool {
  const servers = toolsByServer(source.tools);
  return {
    id: 'search_tools',
    wantedName: 'search_tools',
    definition: {
      title: 'Search tools',
      description:
        'Finds tools by what they do. Most tools are not shown to you: search before you say that something ' +
        `cannot be done, and once more in other words when nothing fits.${told(servers)}`,
      inputSchema: {
        type: 'object',
        properties: {
          query: { type: 'string', description: HOW_TO_ASK },
          server: { type: 'string', description: 'Only tools of this server.' },
          limit: {
            type: 'integer',
            minimum: 1,
            maximum: MAX_LIMIT,
            description: `How many tools, ${defaultLimit} if left out.`,
          },
        },
        required: ['query'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    call: async (args) => {
      const query = expectText(args, 'query');
      const server = optionalText(args, 'server') || undefined;
      const limit = readLimit(args['limit']) ?? defaultLimit;
      if (server !== undefined) expectServer(toolsByServer(source.tools), server);
      const found = await find(query, limit, server);
      // Read after the search, during which a tool may have been removed.
      const { tools } = source;
      const lines = found.flatMap((name) => {
        const tool = tools.get(name);
        return tool === undefined ? [] : [toolLines(name, tool)];
      });
      if (lines.length === 0) return textResult(nothing(query, toolsByServer(tools)));
      const { describe, call } = names();
      return textResult(
        `${lines.join('\n')}\n\nCall one with ${call}; for its full description, use ${describe}.`,
      );
    },
  };
}

function nothing(query: string, servers: ToolsByServer): string {
  return `No tool fits "${printable(query, 80)}". Try other words.${told(servers)}`;
}

function told(servers: ToolsByServer): string {
  if (servers.size === 0) return '';
  const names = [...servers.keys()].toSorted();
  const shown = names.slice(0, MAX_NAMED_SERVERS).map((name) => printable(name, 80));
  const more = names.length - shown.length;
  return ` There are tools of these servers: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}

function readLimit(given: unknown): number | undefined {
  if (given === undefined || given === null) return undefined;
  const limit = Number(given);
  if (Number.isInteger(limit) && limit >= 1) return Math.min(limit, MAX_LIMIT);
  throw argumentInvalid('limit', 'must be a whole number, 1 or more');
}
