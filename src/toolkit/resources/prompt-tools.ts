import type { CallToolResult, ContentBlock, GetPromptResult } from '@modelcontextprotocol/client';
import type { Catalog, PromptEntry } from '../../group/catalog/catalog.ts';
import { expectText, optionalText } from '../arguments/expect-text.ts';
import type { CatalogSource, OwnNaming } from '../tool-source.ts';
import type { OwnTool } from '../own-tools.ts';

/** Makes a tool for each prompt, which returns the prompt's messages. */
export function createPromptTools(source: CatalogSource, naming: OwnNaming): (catalog: Catalog) => OwnTool[] {
  return ({ prompts }) => [...prompts].map(([key, prompt]) => promptTool(source, naming, key, prompt));
}

function promptTool(source: CatalogSource, naming: OwnNaming, key: string, prompt: PromptEntry): OwnTool {
  const { server, upstreamName, title, description, arguments: parameters = [] } = prompt;
  const about = `Gets the prompt "${upstreamName}" of server "${server}".`;
  return {
    id: JSON.stringify(['prompt', server, upstreamName]),
    wantedName: naming(server, `prompt_${upstreamName}`),
    definition: {
      server,
      alsoNamed: [`${server}__prompt_${upstreamName}`],
      title,
      description: description === undefined ? about : `${description}\n${about}`,
      inputSchema: {
        type: 'object',
        properties: Object.fromEntries(
          parameters.map((each) => [
            each.name,
            { type: 'string', ...(each.description !== undefined && { description: each.description }) },
          ]),
        ),
        required: parameters.filter(({ required }) => required === true).map(({ name }) => name),
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true },
    },
    call: async (args, options) => {
      const values = parameters.flatMap(({ name, required }): [string, string][] => {
        const value = required === true ? expectText(args, name) : optionalText(args, name);
        return value === undefined ? [] : [[name, value]];
      });
      return toResult(await source.getPrompt(key, Object.fromEntries(values), options));
    },
  };
}

/** The roles are shown only when there are several. */
function toResult({ messages }: GetPromptResult): CallToolResult {
  if (messages.length === 0) return { content: [{ type: 'text', text: 'The prompt is empty.' }] };
  const isTalk = messages.some(({ role }) => role !== 'user');
  const content = messages.flatMap(({ role, content: said }): ContentBlock[] => {
    if (!isTalk) return [said];
    return said.type === 'text'
      ? [{ ...said, text: `${role}: ${said.text}` }]
      : [{ type: 'text', text: `${role}:` }, said];
  });
  return { content };
}
