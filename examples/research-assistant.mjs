// A research assistant over two servers, a process and one reached over HTTP: it asks both at once, then reads a resource.
import { SessionGroup } from 'mcp-plenum';
import { serveHttp, stdioSpec } from 'mcp-plenum/testing';
import { createToolkit } from 'mcp-plenum/toolkit';
import { openaiToolkit } from 'mcp-plenum/toolkit/openai';
import { converse } from './agent/converse.mjs';
import { scriptedModel } from './agent/scripted-model.mjs'; // in a real program: new OpenAI()

const readOnly = { readOnlyHint: true };
const query = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] };

const encyclopedia = await serveHttp({
  tools: [
    {
      name: 'look_up',
      description: 'Looks up what is generally known.',
      inputSchema: query,
      annotations: readOnly,
      does: { type: 'text', text: 'Ada Lovelace (1815 to 1852), English mathematician.' },
    },
  ],
});
const group = await SessionGroup.connect({
  servers: {
    encyclopedia: { url: encyclopedia.url },
    papers: stdioSpec({
      tools: [
        {
          name: 'search',
          description: 'Finds papers, and says where to read them.',
          inputSchema: query,
          annotations: readOnly,
          does: { type: 'text', text: '1 paper: Notes on the Analytical Engine (1843), paper://1843/notes' },
        },
      ],
      resources: [{ uri: 'paper://1843/notes', text: 'Note G: how the engine computes Bernoulli numbers.' }],
    }),
  },
});

const model = scriptedModel(
  [
    ['encyclopedia__look_up', { query: 'Ada Lovelace' }],
    ['papers__search', { query: 'Lovelace engine' }],
  ],
  ([, found]) => [['papers__read_resource', { uri: /paper:\S+/.exec(found)[0] }]],
  ([paper]) => `Notes on the Analytical Engine, in 1843. ${paper.split('\n').at(-1)}`,
);

// Resources become tools, which a model can call; and nothing but reading is allowed.
const toolkit = createToolkit(group, { resources: true, policy: { allow: [{ readOnlyHint: true }] } });
await converse(model, openaiToolkit(toolkit), 'What did Ada Lovelace publish?');

await toolkit.close();
await group.close();
await encyclopedia.close();
