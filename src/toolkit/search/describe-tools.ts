import { jsonText } from '../../internal/json/json-copy.ts';
import { argumentInvalid } from '../../errors/toolkit.ts';
import type { OwnTool } from '../own-tools.ts';
import { cleanDefinition } from '../sanitize.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';
import { findTool, textResult } from './call-by-name.ts';

const MAX_NAMES = 10;

/** The tool that returns the whole definitions of some tools of a source. */
export function describeTool(source: ToolSource, howToFind: string): OwnTool {
  return {
    id: 'describe_tools',
    wantedName: 'describe_tools',
    definition: {
      title: 'Describe tools',
      description: `Shows the full description and input schema of tools. ${howToFind}`,
      inputSchema: {
        type: 'object',
        properties: {
          names: {
            type: 'array',
            items: { type: 'string' },
            description: `Exact names of the tools, ${MAX_NAMES} at most.`,
          },
        },
        required: ['names'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    call: async (args) => {
      const described = readNames(args['names']).map((name) =>
        fullDescription(name, findTool(source, name, howToFind)),
      );
      return textResult(described.join('\n'));
    },
  };
}

/** A tool as JSON on one line. */
export function fullDescription(name: string, tool: ToolDefinition): string {
  const { title, description, inputSchema } = cleanDefinition(tool).definition;
  const whole = jsonText({ name, title, description, inputSchema });
  if (whole !== undefined) return whole;
  const problem = 'Its input schema is nested too deeply to be shown.';
  return JSON.stringify({ name, title, description, problem });
}

function readNames(given: unknown): string[] {
  const names: unknown[] = Array.isArray(given) ? given : [given];
  const texts = names.filter((name) => typeof name === 'string');
  if (texts.length > 0 && texts.length === names.length && names.length <= MAX_NAMES) return texts;
  throw argumentInvalid('names', `must be an array of 1 to ${MAX_NAMES} names of tools`);
}
