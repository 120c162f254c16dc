// Five hundred tools, four of them shown: the model searches for what it needs, reads how to call it, and calls it.
import { SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';
import { searchToolkit, tokenEstimate } from 'mcp-plenum/toolkit';
import { openaiToolkit } from 'mcp-plenum/toolkit/openai';
import { converse } from './agent/converse.mjs';
import { scriptedModel } from './agent/scripted-model.mjs'; // in a real program: new OpenAI()

// 20 servers, each with five verbs for five nouns.
const NOUNS = {
  calendar: ['event', 'reminder', 'room', 'guest', 'holiday'],
  mail: ['message', 'draft', 'label', 'signature', 'attachment'],
  files: ['file', 'folder', 'link', 'version', 'permission'],
  issues: ['issue', 'milestone', 'sprint', 'board', 'estimate'],
  code: ['repository', 'branch', 'commit', 'review', 'release'],
  chat: ['channel', 'thread', 'reaction', 'poll', 'mention'],
  crm: ['contact', 'company', 'deal', 'lead', 'quote'],
  shop: ['product', 'order', 'cart', 'discount', 'refund'],
  billing: ['invoice', 'payment', 'subscription', 'receipt', 'tax'],
  travel: ['flight', 'hotel', 'train', 'visa', 'itinerary'],
  health: ['appointment', 'prescription', 'measurement', 'vaccine', 'allergy'],
  music: ['song', 'album', 'playlist', 'artist', 'concert'],
  home: ['lamp', 'thermostat', 'lock', 'camera', 'scene'],
  maps: ['place', 'route', 'region', 'stop', 'elevation'],
  news: ['article', 'headline', 'source', 'topic', 'digest'],
  school: ['course', 'lesson', 'exam', 'grade', 'pupil'],
  garden: ['plant', 'bed', 'seed', 'harvest', 'tool'],
  kitchen: ['recipe', 'ingredient', 'menu', 'stock', 'timer'],
  sports: ['match', 'team', 'player', 'score', 'season'],
  cloud: ['machine', 'volume', 'network', 'secret', 'alarm'],
};
const VERBS = ['create', 'read', 'update', 'delete', 'list'];

const inputSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'What it is called.' },
    when: { type: 'string', description: 'Date and time, in ISO 8601.' },
  },
};
const servers = Object.entries(NOUNS).map(([name, nouns]) => {
  const tools = nouns.flatMap((noun) =>
    VERBS.map((verb) => ({
      name: `${verb}_${noun}`,
      description: `Use this to ${verb} a ${noun} of the ${name} service.`,
      inputSchema,
    })),
  );
  return [name, { server: inProcess({ tools }) }];
});
const group = await SessionGroup.connect({ servers: Object.fromEntries(servers) });

const toolkit = searchToolkit(group, { pinned: ['mail__create_message'] });
const tokens = (source) => `${source.tools.size} tools, about ${tokenEstimate(source).total} tokens`;
console.log(`Without search: ${tokens(group)} in every turn`);
console.log(`With search: ${tokens(toolkit)}`);

const task = { name: 'water the plants', when: '2030-05-01T09:00' };
let best;
const model = scriptedModel(
  [['search_tools', { query: 'create a reminder', limit: 3 }]],
  ([found]) => {
    best = /^\w+/.exec(found)[0];
    return [['describe_tools', { names: [best] }]];
  },
  () => [['call_tool', { name: best, arguments: task }]],
  'I shall remind you.',
);
await converse(model, openaiToolkit(toolkit), 'Remind me on May Day at nine to water the plants.');
await group.close();
