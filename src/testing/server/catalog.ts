import { INVALID_PARAMS, type JsonObject } from './json-rpc.ts';
import { failure, success, type Outcome } from './call.ts';
import type { ListKind, ScriptedResourceTemplate, ScriptedTool, ServerScript } from '../script/script.ts';

/** The tools of a script, with the filler tools. */
function allTools(script: ServerScript): ScriptedTool[] | undefined {
  const { tools, fillerTools } = script;
  if (fillerTools === undefined) return tools;
  return [...(tools ?? []), ...Array.from({ length: fillerTools }, (_, index) => filler(index))];
}

/** Finds a tool by name, without building all filler tools. */
export function findTool({ tools, fillerTools = 0 }: ServerScript, name: unknown): ScriptedTool | undefined {
  const tool = tools?.find((each) => each.name === name);
  if (tool !== undefined || typeof name !== 'string') return tool;
  const index = Number(/^filler_(\d+)$/.exec(name)?.[1] ?? Infinity);
  return index < fillerTools ? filler(index) : undefined;
}

function filler(index: number): ScriptedTool {
  return { name: `filler_${index}` };
}

/** The entries of one list as they are sent; undefined when the script has none of that kind. */
export function entriesOf(script: ServerScript, kind: ListKind): JsonObject[] | undefined {
  switch (kind) {
    case 'tools':
      return allTools(script)?.map(({ does: _, wire, ...tool }) => ({
        inputSchema: { type: 'object' },
        ...tool,
        ...wire,
      }));
    case 'resources':
      return (script.resources ?? (script.resourceTemplates && []))?.map(
        ({ text: _, blob: __, wire, ...resource }) => ({ name: resource.uri, ...resource, ...wire }),
      );
    case 'resourceTemplates':
      return (script.resourceTemplates ?? (script.resources && []))?.map(
        ({ text: _, wire, ...template }) => ({
          name: template.uriTemplate,
          ...template,
          ...wire,
        }),
      );
    case 'prompts':
      return script.prompts?.map(({ messages: _, wire, ...prompt }) => ({ ...prompt, ...wire }));
  }
}

/** One page of a list, by the script's rules for pages. */
export function pageOf(
  script: ServerScript,
  kind: ListKind,
  entries: JsonObject[],
  cursor: unknown,
): Outcome {
  const size = script.pageSize ?? Math.max(entries.length, 1);
  if (script.repeatCursor === true) return success({ [kind]: entries.slice(0, size), nextCursor: 'again' });
  const start = cursor === undefined ? 0 : startOf(cursor);
  if (start === undefined) return failure(INVALID_PARAMS, `Unknown cursor: ${JSON.stringify(cursor)}`);
  const next = start + size;
  const more = next < entries.length || script.endlessPages === true;
  return success({ [kind]: entries.slice(start, next), ...(more && { nextCursor: `from-${next}` }) });
}

function startOf(cursor: unknown): number | undefined {
  const digits = typeof cursor === 'string' ? /^from-(\d+)$/.exec(cursor)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** Reads a resource, or a URI that a template matches. */
export function readResource(script: ServerScript, uri: unknown): JsonObject | undefined {
  if (typeof uri !== 'string') return undefined;
  const resource = script.resources?.find((each) => each.uri === uri);
  const source = resource ?? script.resourceTemplates?.find((each) => matches(each, uri));
  if (source === undefined) return undefined;
  const body = resource?.blob === undefined ? { text: source.text ?? uri } : { blob: resource.blob };
  return {
    contents: [{ uri, ...(source.mimeType !== undefined && { mimeType: source.mimeType }), ...body }],
  };
}

function matches({ uriTemplate }: ScriptedResourceTemplate, uri: string): boolean {
  const pattern = uriTemplate
    .split(/(\{[^}]*\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return part.startsWith('{+') ? '.+' : '[^/]+';
    })
    .join('');
  return new RegExp(`^${pattern}$`).test(uri);
}

/** The capabilities of the script, else those that fit what it has. */
export function capabilitiesOf(script: ServerScript): JsonObject {
  if (script.capabilities !== undefined) return script.capabilities;
  return {
    logging: {},
    ...((script.tools ?? script.fillerTools) !== undefined && { tools: { listChanged: true } }),
    ...((script.resources ?? script.resourceTemplates) && {
      resources: { listChanged: true, subscribe: true },
    }),
    ...(script.prompts && { prompts: { listChanged: true } }),
    ...(script.completions && { completions: {} }),
  };
}
