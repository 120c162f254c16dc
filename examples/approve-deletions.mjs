// Nothing is destroyed unasked: before a tool that may destroy, a person is shown the call, and says yes, says no and
// why, or says yes to something else.
import { SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';
import { createToolkit } from 'mcp-plenum/toolkit';
import { openaiToolkit } from 'mcp-plenum/toolkit/openai';
import { converse } from './agent/converse.mjs';
import { scriptedModel } from './agent/scripted-model.mjs'; // in a real program: new OpenAI()

const path = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };
const files = inProcess({
  tools: [
    {
      name: 'list',
      annotations: { readOnlyHint: true },
      does: { type: 'text', text: 'a.log b.log plan.md' },
    },
    { name: 'delete', inputSchema: path, annotations: { destructiveHint: true } },
  ],
});
const group = await SessionGroup.connect({ servers: { files: { server: files } } });

/** Stands in for a person. A real program shows the call and waits, until `signal` says that nobody wants it any more. */
async function approve({ name, tool, args }) {
  if (tool.annotations?.readOnlyHint === true) return true;
  const decisions = new Map([
    ['a.log', true],
    ['plan.md', { refuse: 'The plan is still needed. Delete logs only.' }],
    ['*', { args: { path: 'b.log' } }],
  ]);
  const decision = decisions.get(args.path) ?? false;
  console.log(`  Person, asked about ${name} ${args.path}: ${JSON.stringify(decision)}`);
  return decision;
}

const model = scriptedModel(
  [['files__list', {}]],
  [
    ['files__delete', { path: 'a.log' }],
    ['files__delete', { path: 'plan.md' }],
  ],
  [['files__delete', { path: '*' }]],
  'Both logs are gone; the plan is still there, as you wished.',
);
const toolkit = createToolkit(group, { policy: { approve } });
await converse(model, openaiToolkit(toolkit), 'Make room in my folder.');

const calls = files.requests.filter(
  ({ method, params }) => method === 'tools/call' && params.name === 'delete',
);
console.log(`The server was asked to delete: ${calls.map(({ params }) => params.arguments.path).join(', ')}`);
await toolkit.close();
await group.close();
