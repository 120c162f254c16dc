// Routing by query: the model looks which servers there are, chooses one for the question, and only then sees its tools.
import { SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';
import { serverChoiceToolkit } from 'mcp-plenum/toolkit';
import { openaiToolkit } from 'mcp-plenum/toolkit/openai';
import { converse } from './agent/converse.mjs';
import { scriptedModel } from './agent/scripted-model.mjs'; // in a real program: new OpenAI()

/** A server with one tool, which answers a query always with the same text. */
const server = (tool, description, text) =>
  inProcess({
    tools: [
      {
        name: tool,
        description,
        inputSchema: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
        does: { type: 'text', text },
      },
    ],
  });

const group = await SessionGroup.connect({
  servers: {
    weather: { server: server('forecast', 'Tells the weather of a place.', 'Rain, 8 degrees.') },
    papers: { server: server('search', 'Finds papers.', 'Attention Is All You Need (2017)') },
    shop: { server: server('find', 'Finds things to buy.', 'An umbrella, 12 euros.') },
  },
});

/** What a model may say that has to choose first. */
const choosing = (name, tool, query, say) => [
  [['list_servers', {}]],
  [['use_server', { server: name }]],
  [[tool, { query }]],
  ([result]) => say(result),
];

const questions = {
  'Do I need an umbrella in Oslo?': choosing(
    'weather',
    'weather__forecast',
    'Oslo',
    (said) => `Yes: ${said}`,
  ),
  'Who wrote of attention first?': choosing(
    'papers',
    'papers__search',
    'attention',
    (said) => `See ${said}.`,
  ),
};
for (const [question, script] of Object.entries(questions)) {
  // One for each conversation: it remembers what was chosen.
  const choice = serverChoiceToolkit(group, {
    descriptions: { weather: 'Forecasts', papers: 'Science', shop: 'Shopping' },
  });
  await converse(scriptedModel(...script), openaiToolkit(choice), question);
}
await group.close();
