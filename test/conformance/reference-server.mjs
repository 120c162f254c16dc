// A server that has what the official server suite asks for: its tools, prompts and resources. Both eras over HTTP at one
// URL, which it prints. `npm run conformance` speaks with it directly, and through a gateway.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } from '@modelcontextprotocol/node';
import {
  acceptedContent,
  completable,
  createMcpHandler,
  createRequestStateCodec,
  fromJsonSchema,
  hostHeaderValidationResponse,
  inputRequired,
  isInitializeRequest,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  McpServer,
  originValidationResponse,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import JSON_SCHEMA_2020_12 from './json-schema-2020-12.json' with { type: 'json' };

const RED_PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

/** `test_simple_text` is described as `Test simple text`. */
const described = (name) => {
  const words = name.replaceAll('_', ' ');
  return { description: words[0].toUpperCase() + words.slice(1) };
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const text = (words) => ({ content: [{ type: 'text', text: words }] });
const states = createRequestStateCodec({ key: randomUUID() + randomUUID(), ttlSeconds: 600 });
const ask = (message, properties) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, required: Object.keys(properties) },
  });
const sampling = (words, maxTokens) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: words } }],
    maxTokens,
  });
const aName = { name: { type: 'string' } };

const modern = createMcpHandler(() => createReference(), { legacy: 'reject' });

/** A tool and a prompt that come and go. */
let extraTool = false;
let extraPrompt = false;
const extras = new WeakMap();

/** Tells the server's client, if it is connected. */
function showExtras(server) {
  const { tool, prompt } = extras.get(server);
  if (tool.enabled !== extraTool) tool.update({ enabled: extraTool });
  if (prompt.enabled !== extraPrompt) prompt.update({ enabled: extraPrompt });
}

/** Every server of every client, so that a change is told to all of them. */
const legacyServers = new Map();

function createReference() {
  const server = new McpServer(
    { name: 'reference', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: states.verify },
    },
  );
  registerTools(server);
  registerInputTools(server);
  registerPrompts(server);
  registerResources(server);
  extras.set(server, {
    tool: server.registerTool('test_extra_tool', described('test_extra_tool'), () => text('extra')),
    prompt: server.registerPrompt('test_extra_prompt', described('test_extra_prompt'), () => ({
      messages: [],
    })),
  });
  showExtras(server);
  return server;
}

function registerTools(server) {
  server.registerTool('test_simple_text', described('test_simple_text'), () =>
    text('This is a simple text response for testing.'),
  );
  const image = { type: 'image', data: RED_PIXEL, mimeType: 'image/png' };
  server.registerTool('test_image_content', described('test_image_content'), () => ({ content: [image] }));
  server.registerTool('test_audio_content', described('test_audio_content'), () => ({
    content: [{ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }],
  }));
  server.registerTool('test_embedded_resource', described('test_embedded_resource'), () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }));
  server.registerTool('test_multiple_content_types', described('test_multiple_content_types'), () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }));
  server.registerTool('test_tool_with_logging', described('test_tool_with_logging'), async (ctx) => {
    await ctx.mcpReq.log('info', 'Tool execution started');
    await pause(50);
    await ctx.mcpReq.log('info', 'Tool processing data');
    await pause(50);
    await ctx.mcpReq.log('info', 'Tool execution completed');
    return text('Logged three times.');
  });
  server.registerTool('test_logging_tool', described('test_logging_tool'), async (ctx) => {
    await ctx.mcpReq.log('info', 'A log message');
    return text('Logged.');
  });
  server.registerTool('test_error_handling', described('test_error_handling'), () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  server.registerTool('test_tool_with_progress', described('test_tool_with_progress'), async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await ctx.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        });
      if (progress < 100) await pause(50);
    }
    return text('Done.');
  });
  // With `input_required` a tool asks in both eras: to an older client the official server sends the requests itself.
  server.registerTool(
    'test_sampling',
    { description: 'Asks for a completion', inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, ctx) => {
      const answer = ctx.mcpReq.inputResponses?.completion;
      if (answer !== undefined) return text(`LLM response: ${answer.content.text}`);
      return inputRequired({ inputRequests: { completion: sampling(prompt, 100) } });
    },
  );
  const elicited = (ctx, message, properties, required, words) => {
    const answer = ctx.mcpReq.inputResponses?.answer;
    if (answer !== undefined) return text(words(answer.action, JSON.stringify(answer.content)));
    const requestedSchema = { type: 'object', properties, required };
    return inputRequired({ inputRequests: { answer: inputRequired.elicit({ message, requestedSchema }) } });
  };
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user', inputSchema: z.object({ message: z.string() }) },
    ({ message }, ctx) =>
      elicited(
        ctx,
        message,
        {
          username: { type: 'string', description: "User's response" },
          email: { type: 'string', description: "User's email address" },
        },
        ['username', 'email'],
        (action, content) => `User response: action: ${action}, content: ${content}`,
      ),
  );
  const filledIn = (ctx, properties) =>
    elicited(
      ctx,
      'Please fill in',
      properties,
      [],
      (action, content) => `Elicitation completed: action=${action}, content=${content}`,
    );
  server.registerTool(
    'test_elicitation_sep1034_defaults',
    described('test_elicitation_sep1034_defaults'),
    (ctx) =>
      filledIn(ctx, {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      }),
  );
  const options = ['option1', 'option2', 'option3'];
  const titled = ['First', 'Second', 'Third'].map((word, at) => [`value${at + 1}`, word]);
  server.registerTool('test_elicitation_sep1330_enums', described('test_elicitation_sep1330_enums'), (ctx) =>
    filledIn(ctx, {
      untitledSingle: { type: 'string', enum: options },
      titledSingle: {
        type: 'string',
        oneOf: titled.map(([value, word]) => ({ const: value, title: `${word} Option` })),
      },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
      titledMulti: {
        type: 'array',
        items: { anyOf: titled.map(([value, word]) => ({ const: value, title: `${word} Choice` })) },
      },
    }),
  );
  server.registerTool('test_reconnection', described('test_reconnection'), async (ctx) => {
    ctx.http?.closeSSE?.();
    await pause(100);
    return text('Reconnection test completed successfully.');
  });
  // The official server refuses to ask what the client cannot answer.
  server.registerTool('test_missing_capability', described('test_missing_capability'), (ctx) =>
    ctx.mcpReq.inputResponses === undefined
      ? inputRequired({ inputRequests: { greeting: sampling('Generate a greeting', 50) } })
      : text('The client can sample.'),
  );
  server.registerTool('test_trigger_tool_change', described('test_trigger_tool_change'), () => {
    extraTool = !extraTool;
    modern.notify.toolsChanged();
    for (const each of legacyServers.values()) showExtras(each);
    return text('Changed.');
  });
  server.registerTool('test_trigger_prompt_change', described('test_trigger_prompt_change'), () => {
    extraPrompt = !extraPrompt;
    modern.notify.promptsChanged();
    for (const each of legacyServers.values()) showExtras(each);
    return text('Changed.');
  });
  server.registerTool(
    'json_schema_2020_12_tool',
    {
      inputSchema: fromJsonSchema(JSON_SCHEMA_2020_12),
      description: 'Has a schema with keywords of 2020-12',
    },
    () => text('ok'),
  );
  server.registerTool(
    'test_custom_headers',
    {
      description: 'Has arguments that go into headers',
      inputSchema: fromJsonSchema({
        type: 'object',
        properties: {
          region: { type: 'string', 'x-mcp-header': 'Region' },
          priority: { type: 'integer', 'x-mcp-header': 'Priority' },
          query: { type: 'string' },
        },
      }),
    },
    () => text('ok'),
  );
}

function clientCapabilities(ctx) {
  return ctx.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
}

/** Tools that ask with `input_required`. */
function registerInputTools(server) {
  const elicitation = 'test_input_required_result_elicitation';
  server.registerTool(elicitation, described(elicitation), (ctx) => {
    const accepted = acceptedContent(ctx.mcpReq.inputResponses, 'user_name');
    if (typeof accepted?.name === 'string') return text(`Hello, ${accepted.name}!`);
    return inputRequired({ inputRequests: { user_name: ask('What is your name?', aName) } });
  });
  server.registerTool('test_streaming_elicitation', described('test_streaming_elicitation'), (ctx) => {
    const accepted = acceptedContent(ctx.mcpReq.inputResponses, 'user_name');
    if (accepted !== undefined) return text(`Hello, ${String(accepted.name)}!`);
    return inputRequired({ inputRequests: { user_name: ask('What is your name?', aName) } });
  });
  server.registerTool(
    'test_input_required_result_sampling',
    described('test_input_required_result_sampling'),
    (ctx) => {
      const answer = ctx.mcpReq.inputResponses?.capital_question;
      if (answer !== undefined) return text(`The answer: ${answer.content?.text}`);
      return inputRequired({
        inputRequests: { capital_question: sampling('What is the capital of France?', 100) },
      });
    },
  );
  server.registerTool(
    'test_input_required_result_list_roots',
    described('test_input_required_result_list_roots'),
    (ctx) => {
      const answer = ctx.mcpReq.inputResponses?.client_roots;
      if (answer !== undefined) return text(`Roots: ${answer.roots?.map(({ uri }) => uri).join(', ')}`);
      return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
    },
  );
  const confirm = ask('Please confirm', { ok: { type: 'boolean' } });
  for (const name of [
    'test_input_required_result_request_state',
    'test_input_required_result_tampered_state',
  ])
    server.registerTool(name, described(name), async (ctx) => {
      const state = ctx.mcpReq.requestState();
      if (ctx.mcpReq.inputResponses?.confirm !== undefined && state?.round === 1) return text('state-ok');
      return inputRequired({ inputRequests: { confirm }, requestState: await states.mint({ round: 1 }) });
    });
  server.registerTool(
    'test_input_required_result_multiple_inputs',
    described('test_input_required_result_multiple_inputs'),
    async (ctx) => {
      const answers = ctx.mcpReq.inputResponses ?? {};
      if (['user_name', 'greeting', 'client_roots'].every((key) => answers[key] !== undefined))
        return text('All three were answered.');
      return inputRequired({
        inputRequests: {
          user_name: ask('What is your name?', aName),
          greeting: sampling('Generate a greeting', 50),
          client_roots: inputRequired.listRoots(),
        },
        requestState: await states.mint({ round: 1 }),
      });
    },
  );
  server.registerTool(
    'test_input_required_result_multi_round',
    described('test_input_required_result_multi_round'),
    async (ctx) => {
      const { step1, step2 } = ctx.mcpReq.inputResponses ?? {};
      const state = ctx.mcpReq.requestState();
      if (step2 !== undefined && state?.round === 2)
        return text(
          `${state.name} likes ${String(acceptedContent(ctx.mcpReq.inputResponses, 'step2')?.color)}.`,
        );
      if (step1 !== undefined && state?.round === 1) {
        const name = acceptedContent(ctx.mcpReq.inputResponses, 'step1')?.name;
        return inputRequired({
          inputRequests: {
            step2: ask('Step 2: What is your favorite color?', { color: { type: 'string' } }),
          },
          requestState: await states.mint({ round: 2, name }),
        });
      }
      return inputRequired({
        inputRequests: { step1: ask('Step 1: What is your name?', aName) },
        requestState: await states.mint({ round: 1 }),
      });
    },
  );
  server.registerTool(
    'test_input_required_result_capabilities',
    described('test_input_required_result_capabilities'),
    (ctx) => {
      const declared = clientCapabilities(ctx);
      if (ctx.mcpReq.inputResponses !== undefined) return text('Thank you.');
      return inputRequired({
        inputRequests: {
          ...(declared.elicitation !== undefined && { user_name: ask('What is your name?', aName) }),
          ...(declared.sampling !== undefined && { greeting: sampling('Generate a greeting', 50) }),
        },
      });
    },
  );
}

function registerPrompts(server) {
  const says = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
  server.registerPrompt('test_simple_prompt', described('test_simple_prompt'), () =>
    says({ type: 'text', text: 'This is a simple prompt for testing.' }),
  );
  const completed = (description) =>
    completable(z.string().describe(description), (value) =>
      ['paris', 'park', 'party'].filter((word) => word.startsWith(value)),
    );
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'Has two arguments',
      argsSchema: z.object({
        arg1: completed('First test argument'),
        arg2: z.string().describe('Second test argument'),
      }),
    },
    ({ arg1, arg2 }) => says({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Embeds a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) =>
      says(
        {
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content for testing.',
          },
        },
        { type: 'text', text: 'Please process the embedded resource above.' },
      ),
  );
  server.registerPrompt('test_prompt_with_image', described('test_prompt_with_image'), () =>
    says(
      { type: 'image', data: RED_PIXEL, mimeType: 'image/png' },
      { type: 'text', text: 'Please analyze the image above.' },
    ),
  );
  server.registerPrompt(
    'test_input_required_result_prompt',
    described('test_input_required_result_prompt'),
    (ctx) => {
      const accepted = acceptedContent(ctx.mcpReq.inputResponses, 'user_context');
      if (accepted !== undefined) return says({ type: 'text', text: `Context: ${String(accepted.context)}` });
      return inputRequired({
        inputRequests: {
          user_context: ask('What context should the prompt use?', { context: { type: 'string' } }),
        },
      });
    },
  );
}

function registerResources(server) {
  const read = (name, uri, mimeType, contents) =>
    server.registerResource(name, uri, { mimeType }, () => ({ contents: [{ uri, mimeType, ...contents }] }));
  read('static-text', 'test://static-text', 'text/plain', {
    text: 'This is the content of the static text resource.',
  });
  read('static-binary', 'test://static-binary', 'image/png', { blob: RED_PIXEL });
  read('watched-resource', 'test://watched-resource', 'text/plain', { text: 'Watched.' });
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  );
  // The high-level server has no handlers for these.
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
}

/** What was sent, for clients that come back for it. */
function createEventStore() {
  const events = [];
  return {
    async storeEvent(streamId, message) {
      events.push({ streamId, message });
      return String(events.length - 1);
    },
    async replayEventsAfter(lastEventId, { send }) {
      const { streamId } = events[Number(lastEventId)];
      for (let at = Number(lastEventId) + 1; at < events.length; at++)
        if (events[at].streamId === streamId) await send(String(at), events[at].message);
      return streamId;
    },
  };
}

const transports = new Map();

async function answerLegacy(request, response, body) {
  const known = transports.get(request.headers['mcp-session-id']);
  if (known !== undefined) return known.handleRequest(request, response, body);
  if (request.headers['mcp-session-id'] !== undefined || !isInitializeRequest(body)) {
    const status = request.headers['mcp-session-id'] === undefined ? 400 : 404;
    const error = { code: -32000, message: 'Session not found' };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error }));
    return;
  }
  const server = createReference();
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: createEventStore(),
    retryInterval: 50,
    onsessioninitialized: (id) => {
      transports.set(id, transport);
      legacyServers.set(id, server);
    },
    onsessionclosed: (id) => {
      transports.delete(id);
      legacyServers.delete(id);
    },
  });
  await server.connect(transport);
  await transport.handleRequest(request, response, body);
}

const answerModern = toNodeHandler(modern);

const http = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const bytes = Buffer.concat(chunks).toString('utf8');
  let body;
  try {
    body = bytes === '' ? undefined : JSON.parse(bytes);
  } catch {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}');
    return;
  }
  const asWeb = await toWebRequest(request, body);
  const refused =
    hostHeaderValidationResponse(asWeb, localhostAllowedHostnames()) ??
    originValidationResponse(asWeb, localhostAllowedOrigins());
  if (refused !== undefined) {
    response.writeHead(refused.status, { 'content-type': 'application/json' });
    response.end(await refused.text());
    return;
  }
  if (await isLegacyRequest(asWeb, body)) await answerLegacy(request, response, body);
  else await answerModern(request, response, body);
});
http.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${http.address().port}/mcp`));
