import type { CallToolResult } from '@modelcontextprotocol/client';
import { argumentInvalid } from '../../errors/toolkit.ts';
import { unknownName } from '../../errors/catalog.ts';
import { isRecord } from '../../internal/checks.ts';
import { expectText } from '../arguments/expect-text.ts';
import type { OwnTool } from '../own-tools.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';

type Args = Readonly<Record<string, unknown>>;

/**
 * The tool that calls any tool of a source by its name. It calls only tools that the source lists.
 *
 * @param howToFind A sentence that tells the model how to find names.
 */
export function callByNameTool(source: ToolSource, howToFind: string): OwnTool {
  return {
    id: 'call_tool',
    wantedName: 'call_tool',
    definition: {
      title: 'Call a tool',
      description: `Calls a tool by its exact name. ${howToFind}`,
      inputSchema: {
        type: 'object',
        properties: {
          name: { type: 'string', description: 'Exact name of the tool.' },
          arguments: {
            type: 'object',
            description: "The tool's arguments, by the names of its parameters.",
            additionalProperties: true,
          },
        },
        required: ['name'],
        additionalProperties: false,
      },
    },
    call: async (args, options) => {
      const name = expectText(args, 'name');
      findTool(source, name, howToFind);
      return source.callTool(name, readArguments(args['arguments']), options);
    },
  };
}

/** Throws `UNKNOWN_TOOL` for a name that the source does not list. */
export function findTool(source: ToolSource, name: string, howToFind: string): ToolDefinition {
  const { tools } = source;
  const tool = tools.get(name);
  if (tool !== undefined) return tool;
  throw unknownName('tool', name, tools.keys(), howToFind);
}

export function textResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}

/** Models often send nested arguments as JSON text. */
export function readArguments(given: unknown): Args {
  if (given === undefined || given === null || given === '') return {};
  const args = typeof given === 'string' ? parse(given) : given;
  if (isRecord(args)) return args;
  throw argumentInvalid('arguments', 'must be an object');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
