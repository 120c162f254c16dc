import { runTool } from './behaviours.ts';
import { type Call, type ServerContext, failure, success, type Outcome } from './call.ts';
import { capabilitiesOf, findTool, entriesOf, pageOf, readResource } from './catalog.ts';
import { parseCommand } from '../script/check-script.ts';
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  RESOURCE_NOT_FOUND,
  isObject,
  type JsonObject,
} from './json-rpc.ts';
import type { ListKind, ServerScript } from '../script/script.ts';

export type Handler = (call: Call) => Outcome | Promise<Outcome>;
export type Handlers = Readonly<Record<string, Handler>>;

/** Methods that mean the same in both eras. */
export const sharedMethods: Handlers = {
  'tools/list': (call) => list(call, 'tools'),
  'resources/list': (call) => list(call, 'resources'),
  'resources/templates/list': (call) => list(call, 'resourceTemplates'),
  'prompts/list': (call) => list(call, 'prompts'),

  'tools/call'(call) {
    const { script } = call.context;
    const tool = findTool(script, call.params['name']);
    if (tool !== undefined) return runTool(call, tool);
    if (script.tools === undefined && script.fillerTools === undefined) return unknownMethod(call);
    return failure(INVALID_PARAMS, `Unknown tool: ${String(call.params['name'])}`);
  },

  'resources/read'(call) {
    const { script } = call.context;
    if (entriesOf(script, 'resources') === undefined) return unknownMethod(call);
    const { uri } = call.params;
    const result = readResource(script, uri);
    if (result !== undefined) return success(result);
    const code = call.era === 'legacy' ? RESOURCE_NOT_FOUND : INVALID_PARAMS;
    return failure(code, 'Resource not found', { uri });
  },

  'prompts/get'(call) {
    const { prompts } = call.context.script;
    if (prompts === undefined) return unknownMethod(call);
    const { name, arguments: args } = call.params;
    const prompt = prompts.find((each) => each.name === name);
    if (prompt === undefined) return failure(INVALID_PARAMS, `Unknown prompt: ${String(name)}`);
    const missing = prompt.arguments?.find(
      (each) => each.required === true && !(isObject(args) && each.name in args),
    );
    if (missing !== undefined) return failure(INVALID_PARAMS, `Missing argument: ${missing.name}`);
    const content = { type: 'text', text: JSON.stringify({ prompt: name, arguments: args ?? {} }) };
    return success({
      ...(prompt.description !== undefined && { description: prompt.description }),
      messages: prompt.messages ?? [{ role: 'user', content }],
    });
  },

  'completion/complete'(call) {
    const { completions } = call.context.script;
    if (completions === undefined) return unknownMethod(call);
    const { ref, argument } = call.params;
    if (!isObject(ref) || !isObject(argument))
      return failure(INVALID_PARAMS, 'A ref and an argument are needed');
    const known = completions.find(
      (each) => each.argument === argument['name'] && (each.ref === ref['name'] || each.ref === ref['uri']),
    );
    const typed = typeof argument['value'] === 'string' ? argument['value'] : '';
    const values = known?.values.filter((each) => each.startsWith(typed)) ?? [];
    return success({
      completion: { values: values.slice(0, 100), total: values.length, hasMore: values.length > 100 },
    });
  },

  'testing/control'(call) {
    const command = parseCommand(call.params);
    if (typeof command === 'string') return failure(INVALID_PARAMS, command);
    return { kind: 'result', result: {}, afterwards: () => call.context.control(command) };
  },

  'testing/inspect': (call) => success(call.context.inspect()),
};

export function unknownMethod(call: Call): Outcome {
  return failure(METHOD_NOT_FOUND, `Method not found: ${call.method}`);
}

function list(call: Call, kind: ListKind): Outcome {
  const { script, faults } = call.context;
  const entries = entriesOf(script, kind);
  if (entries === undefined) return unknownMethod(call);
  if (script.failLists?.includes(kind) === true)
    return failure(INTERNAL_ERROR, `The list of ${kind} is broken`);
  const { cursor } = call.params;
  if (kind !== 'tools' || faults.listStorm !== true || cursor !== undefined) {
    return pageOf(script, kind, entries, cursor);
  }
  return storm(call.context, entries);
}

/** The `listStorm` fault: each list differs from the one before, and `list_changed` follows it. */
function storm(context: ServerContext, entries: JsonObject[]): Outcome {
  const newest = { name: `storm_${context.count('tools/list')}`, inputSchema: { type: 'object' } };
  const page = pageOf(context.script, 'tools', [newest, ...entries], undefined);
  return page.kind === 'result' ? { ...page, afterwards: () => context.announce('tools') } : page;
}

/** The name and version of the server. */
export function implementation(script: ServerScript): JsonObject {
  return {
    name: script.name ?? 'scripted',
    version: script.version ?? '1.0.0',
    ...(script.title !== undefined && { title: script.title }),
  };
}

/** The part that the answers to `initialize` and `server/discover` share. */
export function introduction(script: ServerScript): JsonObject {
  return {
    capabilities: capabilitiesOf(script),
    ...(script.instructions !== undefined && { instructions: script.instructions }),
  };
}
