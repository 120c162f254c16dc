import type { ScriptedInProcessServer, ScriptedTool, ServerScript } from '../../../src/testing/index.ts';
import { local } from '../../support/servers.ts';

const FORM = { type: 'object', properties: {} };

/** Tools that do what the rows are about. */
export const TOOLS: ScriptedTool[] = [
  { name: 'echo' },
  { name: 'steps', does: { type: 'progress', steps: 2, everyMs: 100 } },
  { name: 'hang', does: { type: 'hang' } },
  { name: 'fail', does: { type: 'error', message: 'out of ink' } },
  { name: 'refuse', does: { type: 'rpcError', code: -32_000, message: 'no', data: { why: 'because' } } },
  { name: 'whoami', does: { type: 'whoami' } },
  { name: 'log', does: { type: 'log', level: 'warning', data: 'careful' } },
  { name: 'ask', does: { type: 'elicit', params: { message: 'Sure?', requestedSchema: FORM } } },
  {
    name: 'think',
    does: { type: 'sample', params: { messages: [], maxTokens: 10 } },
  },
  { name: 'roots', does: { type: 'roots' } },
];

/** A server that has something of each kind. */
export function desk(more: ServerScript = {}): ScriptedInProcessServer {
  return local({
    name: 'desk',
    instructions: 'Knock first.',
    tools: TOOLS,
    resources: [{ uri: 'note:///1', name: 'first', text: 'one' }],
    resourceTemplates: [{ uriTemplate: 'note:///{id}', text: 'any' }],
    prompts: [{ name: 'greet', arguments: [{ name: 'whom' }] }],
    completions: [{ ref: 'greet', argument: 'whom', values: ['Ada'] }],
    ...more,
  });
}

/** The tool calls that a server has got, by name and arguments. */
export function callsOf(server: ScriptedInProcessServer): unknown[] {
  return server.requests
    .filter(({ method }) => method === 'tools/call')
    .map(({ params }) => [params['name'], params['arguments']]);
}
