import { unknownName } from '../../errors/catalog.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type {
  PromptEntry,
  ResourceEntry,
  ResourceTemplateEntry,
  ToolEntry,
} from '../../group/catalog/catalog.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { EXIT } from '../exit-codes.ts';
import { explainUnknown, withOpenServers } from '../servers/open-servers.ts';
import { looksLikeUri, possibleOwners } from '../servers/possible-owners.ts';
import { schemaRows } from '../views/schema-rows.ts';
import type { Schema } from '../arguments/schema-types.ts';
import { findServers } from '../servers/server-set.ts';
import { table } from '../terminal/tables.ts';
import { bodyText, jsonText, lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Found =
  | { readonly kind: 'tool'; readonly entry: ToolEntry }
  | { readonly kind: 'prompt'; readonly entry: PromptEntry }
  | { readonly kind: 'resource'; readonly entry: ResourceEntry }
  | { readonly kind: 'resourceTemplate'; readonly entry: ResourceTemplateEntry };

export const run: RunCommand = async (invocation) => {
  const { operands, terminal } = invocation;
  const [name = ''] = operands;
  const set = await findServers(invocation);
  const owners = possibleOwners(set, name);
  const isUri = looksLikeUri(name);
  const work = async (opened: Parameters<typeof explainUnknown>[1]): Promise<number> => {
    const found = find(opened.group, name);
    if (found.length === 0)
      throw explainUnknown(notFound(opened.group, name), opened, isUri ? undefined : owners);
    if (terminal.json) {
      const [first] = found.map(({ kind, entry }) => ({ kind, ...entry, name: nameOf(kind, name, entry) }));
      terminal.jsonData(first);
    } else for (const each of found) await show(terminal, name, each);
    return EXIT.good;
  };
  return withOpenServers(
    invocation,
    set,
    work,
    isUri ? { uri: name } : owners.size > 0 ? { only: owners } : {},
  );
};

function find({ tools, prompts, resources, resourceTemplates }: SessionGroup, name: string): Found[] {
  const tool = tools.get(name);
  const prompt = prompts.get(name);
  const resource = resources.get(name);
  const template = resourceTemplates.get(name);
  return [
    ...(tool === undefined ? [] : [{ kind: 'tool' as const, entry: tool }]),
    ...(prompt === undefined ? [] : [{ kind: 'prompt' as const, entry: prompt }]),
    ...(resource === undefined ? [] : [{ kind: 'resource' as const, entry: resource }]),
    ...(template === undefined ? [] : [{ kind: 'resourceTemplate' as const, entry: template }]),
  ];
}

function notFound(group: SessionGroup, name: string): PlenumError {
  const { tools, prompts, resources, resourceTemplates } = group;
  const known = [tools, prompts, resources, resourceTemplates].flatMap((map) => [...map.keys()]);
  return unknownName('tool, resource or prompt', name, known);
}

/** Tools and prompts have exposed names; resources are keyed by URI and have a name beside it. */
function nameOf(kind: Found['kind'], exposed: string, entry: Found['entry']): string {
  return kind === 'tool' || kind === 'prompt' ? exposed : entry.name;
}

const KINDS = { tool: 'Tool', prompt: 'Prompt', resource: 'Resource', resourceTemplate: 'Resource template' };

async function show(terminal: Terminal, name: string, { kind, entry }: Found): Promise<void> {
  const title = entry.title === undefined ? '' : ` (${lineText(entry.title)})`;
  terminal.data(
    `${KINDS[kind]} ${terminal.paint('bold', lineText(name))}${title} of server ${lineText(entry.server)}`,
  );
  if (entry.description !== undefined) terminal.data(`\n${bodyText(entry.description.trim())}`);
  if (kind === 'tool') {
    const { inputSchema, outputSchema, annotations } = entry;
    await showSchema(terminal, 'ARGUMENT', inputSchema);
    if (outputSchema !== undefined) await showSchema(terminal, 'RESULT', outputSchema);
    if (annotations !== undefined) terminal.data(`\nAnnotations: ${jsonText(annotations, 0)}`);
  } else if (kind === 'prompt') {
    const rows = (entry.arguments ?? []).map((each) => [
      lineText(each.name),
      each.required === true ? 'yes' : '',
      lineText(each.description ?? ''),
    ]);
    if (rows.length > 0)
      terminal.data(`\n${await table(terminal, ['ARGUMENT', 'REQUIRED', 'DESCRIPTION'], rows)}`);
  } else if (entry.mimeType !== undefined) terminal.data(`\nType: ${lineText(entry.mimeType)}`);
}

async function showSchema(terminal: Terminal, what: string, schema: Schema): Promise<void> {
  const rows = schemaRows(schema);
  if (rows.length === 0) terminal.data(`\nNo ${what.toLowerCase()}s.`);
  else terminal.data(`\n${await table(terminal, [what, 'TYPE', 'REQUIRED', 'DESCRIPTION'], rows)}`);
}
