// The scenarios about the protocol itself.
import { expectCode, inSession } from './in-session.mjs';

export const coreScenarios = {
  initialize: listTools,
  tools_call: callNamedTool('add_numbers', { a: 5, b: 3 }),
  'elicitation-sep1034-client-defaults': acceptDefaults,
  'sse-retry': callNamedTool('test_reconnection'),
  'request-metadata': introduceItself,
  'sep-2322-client-request-state': answerInRounds,
  'http-standard-headers': useEveryKind,
  'http-custom-headers': makeGivenCalls,
  'http-invalid-tool-headers': callWhatIsLeft,
  'json-schema-ref-no-deref': listTools,
  'json-schema-2020-12-preservation': echoSchema,
};

function listTools({ url }) {
  return inSession(url, {}, (session) => session.listTools());
}

function callNamedTool(name, args = {}) {
  return ({ url }) =>
    inSession(url, {}, async (session) => {
      await session.listTools();
      await session.callTool(name, args);
    });
}

/** The answer leaves everything out: the defaults of the form stand. */
function acceptDefaults({ url }) {
  const options = {
    capabilities: { elicitation: { form: { applyDefaults: true } } },
    onElicitation: () => ({ action: 'accept', content: {} }),
  };
  return inSession(url, options, async (session) => {
    await session.listTools();
    await session.callTool('test_client_elicitation_defaults', {});
  });
}

function introduceItself({ url }) {
  const options = {
    onRoots: () => [],
    onSampling: () => ({ role: 'assistant', content: { type: 'text', text: '' }, model: 'none' }),
    onElicitation: () => ({ action: 'decline' }),
  };
  return inSession(url, options, (session) => session.listTools());
}

function answerInRounds({ url }) {
  const options = { onElicitation: () => ({ action: 'accept', content: { confirmed: true } }) };
  return inSession(url, options, async (session) => {
    await session.callTool('test_mrtr_echo_state', {});
    await session.callTool('test_mrtr_no_state', {});
    await session.callTool('test_mrtr_unrelated', {});
    // Its answer lacks what the revision demands, and must not be asked for once more.
    await session.callTool('test_mrtr_no_result_type', {}).catch(expectCode('INVALID_RESULT'));
  });
}

function useEveryKind({ url }) {
  return inSession(url, {}, async (session) => {
    const { tools } = await session.listTools();
    await session.callTool(tools[0].name, {});
    const { resources } = await session.listResources();
    await session.readResource(resources[0].uri);
    const { prompts } = await session.listPrompts();
    await session.getPrompt(prompts[0].name, {});
  });
}

function makeGivenCalls({ url, context }) {
  return inSession(url, {}, async (session) => {
    await session.listTools();
    for (const { name, arguments: args } of context.toolCalls) await session.callTool(name, args);
  });
}

function callWhatIsLeft({ url }) {
  return inSession(url, {}, async (session) => {
    const { tools } = await session.listTools();
    for (const { name } of tools) await session.callTool(name, { region: 'us-west1' });
  });
}

function echoSchema({ url }) {
  return inSession(url, {}, async (session) => {
    const { tools } = await session.listTools();
    const { inputSchema } = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
    await session.callTool('json_schema_echo', { schema: inputSchema });
  });
}
