import { z } from 'zod';
import { groupOptions, stdioServer, urlServer } from './schema.ts';

/** The JSON Schema of a configuration, for editors. It is published as `schema/plenum.schema.json`. */
export function configJsonSchema(): Record<string, unknown> {
  const server = z
    .union([
      stdioServer.meta({ title: 'A process that speaks MCP on its standard input and output' }),
      urlServer.meta({ title: 'A server behind a URL' }),
      z.object({ serverUrl: z.string() }).meta({ title: 'A server behind a URL, as Windsurf has it' }),
      z.object({ httpUrl: z.string() }).meta({ title: 'A server behind a URL, as Gemini CLI has it' }),
    ])
    .meta({ id: 'server' });
  const servers = z.record(z.string(), server);
  const input = z.object({
    id: z.string().meta({ description: 'What ${input:id} refers to.' }),
    type: z.enum(['promptString', 'pickString', 'command']),
    description: z.string().meta({ description: 'What is asked.' }).optional(),
    password: z.boolean().meta({ description: 'Whether what is typed is hidden.' }).optional(),
    default: z.string().optional(),
    options: z
      .array(z.union([z.string(), z.object({ label: z.string(), value: z.string() })]))
      .meta({ description: 'On pickString: what to choose from.' })
      .optional(),
  });
  const file = z.object({
    $schema: z.string().optional(),
    mcpServers: servers.meta({ description: 'The servers by name.' }).optional(),
    servers: servers.meta({ description: 'The servers by name, as VS Code has it.' }).optional(),
    inputs: z.array(input).meta({ description: 'Values that ${input:id} asks for.' }).optional(),
    plenum: groupOptions.meta({ description: 'What holds for all servers together.' }).optional(),
  });
  return {
    ...z.toJSONSchema(file, { target: 'draft-7', io: 'input', reused: 'inline' }),
    title: 'Plenum configuration',
    description:
      'MCP servers for mcp-plenum. Comments and trailing commas are allowed; keys of editors are, too. In every text, ${VAR}, ${VAR:-default}, ${env:VAR}, ${input:id}, ${workspaceFolder} and ${userHome} are expanded.',
    allowComments: true,
    allowTrailingCommas: true,
  };
}
