import { printable } from '../../internal/text.ts';
import { expectText } from '../arguments/expect-text.ts';
import type { OwnTool } from '../own-tools.ts';
import { textResult } from './call-by-name.ts';

const MAX_SAMPLE = 6;

/** What the model is told about a server. */
interface ServerIntroduction {
  readonly name: string;
  readonly description: string;
  readonly tools: readonly string[];
  readonly isInUse: boolean;
}

/** The tool that lists the servers. */
export function listServersTool(list: () => readonly ServerIntroduction[], useServer: () => string): OwnTool {
  return {
    id: 'list_servers',
    wantedName: 'list_servers',
    definition: {
      title: 'List servers',
      description:
        'Lists the servers that have tools, and what each is for. Their tools are not shown until you use the server.',
      inputSchema: { type: 'object', properties: {}, additionalProperties: false },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    call: async () => {
      const servers = list();
      if (servers.length === 0) return textResult('No server offers tools now.');
      return textResult(`${servers.map(line).join('\n')}\n\nCall ${useServer()} with the name of one.`);
    },
  };
}

/** The tool that chooses a server. */
export function useServerTool(description: string, use: (server: string) => string): OwnTool {
  return {
    id: 'use_server',
    wantedName: 'use_server',
    definition: {
      title: 'Use a server',
      description,
      inputSchema: {
        type: 'object',
        properties: { server: { type: 'string', description: 'Exact name of the server.' } },
        required: ['server'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    call: async (args) => textResult(use(expectText(args, 'server'))),
  };
}

function line({ name, description, tools, isInUse }: ServerIntroduction): string {
  const sample = tools.slice(0, MAX_SAMPLE).map((tool) => printable(tool, 80));
  const more = tools.length > sample.length ? ', …' : '';
  const about = description === '' ? '' : `: ${description}`;
  const mark = isInUse ? ', in use' : '';
  const count = `${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}`;
  return `${printable(name, 80)} (${count}${mark})${about}\n  ${sample.join(', ')}${more}`;
}
