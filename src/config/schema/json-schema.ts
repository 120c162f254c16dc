import { jsonSchemaOf, objectSchemaOf } from '../../options/json-schema.ts';
import { flag, listOf, oneOf, optionsOf, string, either, type OptionTable } from '../../options/kinds.ts';
import { gatewayInFile, groupInFile, stdioInFile, urlInFile } from '../../options/tables/file.ts';

const input = {
  id: { kind: string, required: true, about: 'What ${input:id} refers to.' },
  type: {
    kind: oneOf('promptString', 'pickString', 'command'),
    required: true,
    about: 'How it is asked for.',
  },
  description: { kind: string, about: 'What is asked.' },
  password: { kind: flag, about: 'Whether what is typed is hidden.' },
  default: { kind: string, about: 'What holds when nothing is answered.' },
  options: {
    kind: listOf(
      either(
        string,
        optionsOf({
          label: { kind: string, required: true, about: 'What is shown.' },
          value: { kind: string, required: true, about: 'What it stands for.' },
        }),
      ),
      'an array',
    ),
    about: 'On pickString: what to choose from.',
  },
} satisfies OptionTable;

/** The JSON Schema of a configuration, for editors; `schema/plenum.schema.json` is this. */
export function configJsonSchema(): Record<string, unknown> {
  const spelledOtherwise = (name: string, whose: string): Record<string, unknown> => ({
    title: `A server behind a URL, as ${whose} has it`,
    type: 'object',
    properties: { [name]: { type: 'string' } },
    required: [name],
  });
  const servers = { type: 'object', additionalProperties: { $ref: '#/definitions/server' } };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Plenum configuration',
    description:
      'MCP servers for mcp-plenum. Comments and trailing commas are allowed; keys of editors are, too. In every text, ${VAR}, ${VAR:-default}, ${env:VAR}, ${input:id}, ${workspaceFolder} and ${userHome} are expanded.',
    allowComments: true,
    allowTrailingCommas: true,
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      mcpServers: { description: 'The servers by name.', ...servers },
      servers: { description: 'The servers by name, as VS Code has it.', ...servers },
      inputs: {
        description: 'Values that ${input:id} asks for.',
        ...jsonSchemaOf(listOf(optionsOf(input), 'an array')),
      },
      plenum: { description: 'What holds for all servers together.', ...objectSchemaOf(groupInFile) },
      gateway: {
        description: 'How "plenum serve" serves the servers.',
        ...objectSchemaOf(gatewayInFile),
      },
    },
    definitions: {
      server: {
        anyOf: [
          {
            title: 'A process that speaks MCP on its standard input and output',
            ...objectSchemaOf(stdioInFile),
          },
          { title: 'A server behind a URL', ...objectSchemaOf(urlInFile) },
          spelledOtherwise('serverUrl', 'Windsurf'),
          spelledOtherwise('httpUrl', 'Gemini CLI'),
        ],
      },
    },
  };
}
