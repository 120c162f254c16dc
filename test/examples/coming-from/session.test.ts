import { InMemoryTransport } from '@modelcontextprotocol/client';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { openSession, type Session, type SessionOptions } from '../../../src/index.ts';
import { stdioSpec, type ScriptedInProcessServer, type ServerScript } from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newSession } from '../../support/groups.ts';
import { jsonOf, textOf } from '../../support/results.ts';
import { http, requestsOf } from '../../support/servers.ts';
import { callsOf, desk } from './desk.ts';
import { sections, testRows } from './rows.ts';

interface Opened {
  readonly session: Session;
  readonly server: ScriptedInProcessServer;
}

async function open(script: ServerScript = {}, options: SessionOptions = {}): Promise<Opened> {
  const server = desk(script);
  return { session: await newSession({ server }, options), server };
}

/** What `ClientSession` and `Client` of the Python SDK 2.x have; private names are left out. */
const MEMBERS = [
  'initialize',
  'adopt',
  'send_discover',
  'discover',
  'discover_result',
  'initialize_result',
  'protocol_version',
  'server_info',
  'server_capabilities',
  'instructions',
  'send_request',
  'send_notification',
  'send_ping',
  'send_progress_notification',
  'set_logging_level',
  'list_resources',
  'list_resource_templates',
  'read_resource',
  'subscribe_resource',
  'unsubscribe_resource',
  'call_tool',
  'validate_tool_result',
  'list_prompts',
  'get_prompt',
  'complete',
  'list_tools',
  'send_roots_list_changed',
  'dispatch_input_request',
  'get_server_capabilities',
  'experimental',
  'client.session',
  'client.listen',
  'prior_discover',
  'input_required_max_rounds',
  'cache',
  'mode',
  'read_timeout_seconds',
  'sampling_callback',
  'client_info',
  'log_level',
  'sampling_capabilities',
  'extensions',
  'result_claims',
  'notification_bindings',
  'dispatcher',
];

it('maps each member of ClientSession and Client', () => {
  const titles = (sections.get('Python SDK: ClientSession') ?? []).flatMap(({ theirs }) => theirs).join('\n');
  expect(MEMBERS.filter((name) => !titles.includes(name))).toEqual([]);
});

testRows('Python SDK: ClientSession', (row) => {
  row('`async with ClientSession(read, write) as session:`, `await session.initialize()`', async () => {
    const spec = { server: desk() };
    const session = await openSession(spec);
    expect(session.status.state).toBe('ready');
    await session.close();
    expect(session.status.state).toBe('closed');
  });

  row("`Client('https://…/mcp')`, `Client(StdioServerParameters(…))`, `Client(server)`", async () => {
    const { url } = await http({ tools: [{ name: 'echo' }] });
    const { command, args } = stdioSpec({ tools: [{ name: 'echo' }] });
    for (const target of [url, { command, args }, { server: desk() }]) {
      const session = await newSession(target);
      expect((await session.listTools()).tools[0]?.name).toBe('echo');
    }
  });

  row('`ClientSession(…, dispatcher=…)`, `Client(transport)`', async () => {
    const [transport, theirs] = InMemoryTransport.createLinkedPair();
    await desk().connect(theirs);
    const session = await newSession({ transport: () => transport });
    expect(session.serverInfo?.name).toBe('desk');
  });

  row('`read_timeout_seconds=…`, `client_info=…`, `sampling_callback=…`, …', async () => {
    const clientInfo = { name: 'mine', version: '2.0.0' };
    const onSampling = () =>
      ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'hm' } }) as const;
    const { session, server } = await open({ era: 'legacy' }, { timeoutMs: 500, clientInfo, onSampling });
    expect(jsonOf(await session.callTool('think'))).toMatchObject({ model: 'm' });
    expect(requestsOf(server, 'initialize')[0]?.params).toMatchObject({ clientInfo });
    expect(await failureOf(session.callTool('hang'))).toMatchObject({ code: 'TIMEOUT' });
  });

  row('`sampling_capabilities=…`, `extensions=…`', async () => {
    const onSampling = () =>
      ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'hm' } }) as const;
    const capabilities = { sampling: { tools: {} }, extensions: { 'com.example/mine': {} } };
    const { server } = await open({ era: 'legacy' }, { capabilities, onSampling });
    expect(requestsOf(server, 'initialize')[0]?.params).toMatchObject({ capabilities });
  });

  row('`result_claims=…`', async () => {
    const { session } = await open();
    const schema = z.object({ content: z.tuple([z.object({ text: z.string() })]) });
    const method = 'tools/call';
    const result = await session.request(
      { method, params: { name: 'echo', arguments: { a: 1 } } },
      { schema },
    );
    expect(result.content[0].text).toBe('{"a":1}');
  });

  row('`notification_bindings=…`', async () => {
    const seen: string[] = [];
    const onNotification = (_: unknown, { method }: { method: string }) => void seen.push(method);
    const { server } = await open({ era: 'legacy' }, { onNotification });
    server.notify('com.example/mine', {});
    await expect.poll(() => seen).toEqual(['com.example/mine']);
  });

  row("`log_level='info'`, `await session.set_logging_level('info')`", async () => {
    const seen: unknown[] = [];
    const { session } = await open({}, { onLog: (_, { data }) => void seen.push(data) });
    await session.setLoggingLevel('info');
    await session.reconnect();
    await session.callTool('log');
    await expect.poll(() => seen).toEqual(['careful']);
  });

  row('`session.initialize_result`', async () => {
    for (const era of ['legacy', 'modern'] as const) {
      const { session } = await open({ era });
      expect(session.initializeResult).toMatchObject({ instructions: 'Knock first.' });
    }
  });

  row(
    '`session.protocol_version`, `.server_info`, `.server_capabilities` (1.x: `get_server_capabilities()`), `.instructions`',
    async () => {
      const { session } = await open({ era: 'legacy' });
      expect(session.protocolVersion).toBe('2025-11-25');
      expect(session.serverInfo).toMatchObject({ name: 'desk' });
      expect(session.capabilities).toHaveProperty('tools');
      expect(session.instructions).toBe('Knock first.');
      const group = await connectGroup({ servers: { desk: { server: desk() } } });
      expect(group.instructions).toContain('Knock first.');
    },
  );

  row(
    "`Client(mode='auto')`, `await session.discover()`, `.discover_result`, `session.adopt(result)`, `session.send_discover(version)`",
    async () => {
      for (const era of ['legacy', 'modern'] as const) {
        const { session } = await open({ era }, { protocol: 'auto' });
        expect(session.era).toBe(era);
      }
    },
  );

  row("`Client(mode='legacy')`", async () => {
    const { session } = await open({ era: 'both' }, { protocol: 'legacy' });
    expect(session.era).toBe('legacy');
    const other = await open({ era: 'both' }, { protocol: '2025-06-18' });
    expect(other.session.protocolVersion).toBe('2025-06-18');
  });

  row('`Client(prior_discover=…)`', async () => {
    const { session, server } = await open({ era: 'modern' });
    await session.reconnect();
    expect(requestsOf(server, 'server/discover')).toHaveLength(2);
  });

  row('`Client(input_required_max_rounds=10)`', async () => {
    const params = { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } };
    const tools = [{ name: 'ask', does: { type: 'elicit' as const, params, rounds: 3 } }];
    const onElicitation = () => ({ action: 'decline' }) as const;
    const many = await open({ era: 'modern', tools }, { maxInputRounds: 10, onElicitation });
    expect(await many.session.callTool('ask')).toBeDefined();
    const few = await open({ era: 'modern', tools }, { maxInputRounds: 1, onElicitation });
    await expect(few.session.callTool('ask')).rejects.toThrow('after 1 rounds');
  });

  row("`Client(cache=…)`, `cache_mode='refresh'`", async () => {
    const { session, server } = await open({ era: 'modern', ttlMs: 60_000 });
    const uri = 'note:///1';
    await session.readResource(uri);
    await session.readResource(uri);
    expect(requestsOf(server, 'resources/read')).toHaveLength(1);
    await session.readResource(uri, { cache: 'refresh' });
    expect(requestsOf(server, 'resources/read')).toHaveLength(2);
  });

  row('`await session.send_ping()`', async () => {
    for (const era of ['legacy', 'modern'] as const) {
      const { session } = await open({ era });
      await expect(session.ping()).resolves.toBeUndefined();
    }
  });

  row('`await session.send_request(request, ResultType)`', async () => {
    const { session } = await open();
    const schema = z.object({ tools: z.array(z.object({ name: z.string() })) });
    const { tools } = await session.request({ method: 'tools/list', params: {} }, { schema });
    expect(tools[0]?.name).toBe('echo');
  });

  row(
    '`send_request(…, request_read_timeout_seconds=5, metadata=ClientMessageMetadata(resumption_token=…))`',
    async () => {
      const { session } = await open();
      const [method, params] = ['tools/call', { name: 'hang', arguments: {} }] as const;
      const [resumptionToken, onResumptionToken] = [undefined, (): void => {}];
      expect(
        await session.request({ method: 'tools/list', params: {} }, { resumptionToken, onResumptionToken }),
      ).toHaveProperty('tools');
      const error = await failureOf(session.request({ method, params }, { timeoutMs: 100 }));
      expect(error.code).toBe('TIMEOUT');
    },
  );

  row('`except SubscriptionLost`, `except ListenNotSupportedError`', async () => {
    for (const era of ['legacy', 'modern'] as const) {
      const { session, server } = await open({ era });
      const log = new EventLog(session);
      await session.subscribeResource('note:///1');
      await session.reconnect();
      server.resourceUpdated('note:///1');
      expect(await log.until('resource-updated')).toMatchObject({ uri: 'note:///1' });
    }
  });

  row('`Client(server, raise_exceptions=True)`', async () => {
    const { session } = await open();
    const error = await failureOf(session.callTool('refuse'));
    expect(error).toMatchObject({ code: 'PROTOCOL', rpcMessage: 'no' });
    expect(error.data).toEqual({ why: 'because' });
  });

  row('`await session.send_notification(notification)`', async () => {
    const { session, server } = await open();
    const [method, params] = ['notifications/mine', { a: 1 }] as const;
    await session.notify({ method, params });
    await expect
      .poll(() => server.notifications)
      .toContainEqual({ method, params: expect.objectContaining(params) });
  });

  row('`await session.send_progress_notification(token, 0.5)`', async () => {
    const { session, server } = await open({ era: 'legacy' });
    await session.sendProgress({ progressToken: 'token', progress: 0.5 });
    await expect
      .poll(() => server.notifications.map(({ method }) => method))
      .toContain('notifications/progress');
  });

  row('`await session.list_tools()`', async () => {
    const { session } = await open({ pageSize: 2 });
    expect((await session.listTools()).tools.length).toBeGreaterThan(2);
  });

  row(
    '`await session.list_tools(params=PaginatedRequestParams(cursor=…))` (1.x: `cursor=…`), and its kin',
    async () => {
      const { session } = await open({ pageSize: 2 });
      const { tools, nextCursor: cursor } = await session.listToolsPage();
      expect(tools.map(({ name }) => name)).toEqual(['echo', 'steps']);
      if (cursor === undefined) expect.fail('there is a second page');
      const second = await session.listToolsPage({ cursor });
      expect(second.tools.map(({ name }) => name)).toEqual(['hang', 'fail']);
      expect((await session.listResourcesPage()).resources).toHaveLength(1);
      expect((await session.listResourceTemplatesPage()).resourceTemplates).toHaveLength(1);
      expect((await session.listPromptsPage()).prompts).toHaveLength(1);
    },
  );

  row('`await session.list_resources()`, `list_resource_templates()`, `list_prompts()`', async () => {
    const { session } = await open({ pageSize: 1 });
    expect((await session.listResources()).resources).toHaveLength(1);
    expect((await session.listResourceTemplates()).resourceTemplates).toHaveLength(1);
    expect((await session.listPrompts()).prompts).toHaveLength(1);
  });

  row('`await session.call_tool(name, args, read_timeout_seconds=5, progress_callback=f)`', async () => {
    const { session } = await open();
    const steps: number[] = [];
    const onProgress = ({ progress }: { progress: number }) => void steps.push(progress);
    await session.callTool('steps', { a: 1 }, { timeoutMs: 5_000, onProgress });
    expect(steps).toEqual([1, 2]);
  });

  row('`await session.validate_tool_result(name, result)`', async () => {
    const outputSchema = { type: 'object', required: ['sum'], properties: { sum: { type: 'number' } } };
    const result = { content: [], structuredContent: { sum: 'many' } };
    const tools = [{ name: 'add', outputSchema, does: { type: 'result' as const, result } }];
    const { session } = await open({ tools });
    await session.listTools();
    expect(await failureOf(session.callTool('add'))).toMatchObject({ code: 'INVALID_RESULT' });
  });

  row('`await session.read_resource(uri)`', async () => {
    const { session } = await open();
    expect(await session.readResource('note:///1')).toMatchObject({ contents: [{ text: 'one' }] });
  });

  row('`await session.subscribe_resource(uri)`, `unsubscribe_resource(uri)`', async () => {
    for (const era of ['legacy', 'modern'] as const) {
      const { session, server } = await open({ era });
      const log = new EventLog(session);
      await session.subscribeResource('note:///1');
      await session.reconnect();
      server.resourceUpdated('note:///1');
      expect(await log.until('resource-updated')).toMatchObject({ uri: 'note:///1' });
      await expect(session.unsubscribeResource('note:///1')).resolves.toBeUndefined();
    }
  });

  row('`meta=…` of any of these', async () => {
    const { session, server } = await open();
    const meta = { 'example.com/trace': 't1' };
    const name = 'echo';
    const args = {};
    await session.listTools({ meta });
    await session.callTool(name, args, { meta });
    await session.listResources({ meta });
    await session.listPrompts({ meta });
    await session.readResource('note:///1', { meta });
    await session.getPrompt('greet', { whom: 'Ada' }, { meta });
    await session.complete({ type: 'ref/prompt', name: 'greet' }, { name: 'whom', value: '' }, {}, { meta });
    await session.ping({ meta });
    const asked = [
      'tools/list',
      'tools/call',
      'resources/list',
      'prompts/list',
      'resources/read',
      'prompts/get',
    ];
    for (const method of [...asked, 'completion/complete'])
      expect(requestsOf(server, method).at(-1)?.params, method).toMatchObject({ _meta: meta });
  });

  row('`except UrlElicitationRequiredError as error: error.elicitations`', async () => {
    const elicitations = [
      { mode: 'url', elicitationId: 'e1', url: 'https://example.com/', message: 'Visit' },
    ];
    const does = { type: 'rpcError', code: -32_042, message: 'visit first', data: { elicitations } } as const;
    for (const era of ['legacy', 'modern'] as const) {
      const { session } = await open({ era, tools: [{ name: 'visit', does }] });
      const error = await failureOf(session.callTool('visit'));
      expect(error).toMatchObject({ code: 'URL_ELICITATION_REQUIRED', elicitations });
      expect(error.elicitations).toEqual(elicitations);
    }
  });

  row('`except InputRequiredRoundsExceededError`', async () => {
    const does = {
      type: 'elicit',
      params: { message: 'More?', requestedSchema: { type: 'object', properties: {} } },
      rounds: 5,
    } as const;
    const maxInputRounds = 2;
    const { session, server } = await open(
      { era: 'modern', tools: [{ name: 'nosy', does }] },
      { maxInputRounds, onElicitation: () => ({ action: 'accept', content: {} }) },
    );
    expect(await failureOf(session.callTool('nosy'))).toMatchObject({ code: 'INVALID_RESULT' });
    expect(callsOf(server).length).toBeGreaterThan(1);
  });

  row('`client.listen(…)`', async () => {
    const { session, server } = await open({ era: 'modern' });
    const events = session.events();
    await session.subscribeResource('note:///1');
    server.setTools([{ name: 'other' }]);
    server.resourceUpdated('note:///1');
    const heard = new Set<string>();
    for await (const { type } of events) {
      heard.add(type);
      if (heard.has('list-changed') && heard.has('resource-updated')) break;
    }
    expect([...heard]).toEqual(expect.arrayContaining(['list-changed', 'resource-updated']));
  });

  row('`await session.get_prompt(name, args)`, `session.complete(ref, argument, context)`', async () => {
    const { session } = await open();
    expect((await session.getPrompt('greet', { whom: 'Ada' })).messages).toHaveLength(1);
    const ref = { type: 'ref/prompt', name: 'greet' } as const;
    const context = { arguments: { mood: 'good' } };
    const { completion } = await session.complete(ref, { name: 'whom', value: 'A' }, context);
    expect(completion.values).toEqual(['Ada']);
  });

  row('`await session.send_roots_list_changed()`', async () => {
    const { session, server } = await open({ era: 'legacy' }, { onRoots: () => [] });
    await session.sendRootsListChanged();
    const methods = () => server.notifications.map(({ method }) => method);
    await expect.poll(methods).toContain('notifications/roots/list_changed');
  });

  row('`await session.dispatch_input_request(request)`', async () => {
    for (const era of ['legacy', 'modern'] as const) {
      const { session } = await open({ era }, { onElicitation: () => ({ action: 'decline' }) });
      expect(jsonOf(await session.callTool('ask'))).toMatchObject({ action: 'decline' });
    }
  });

  row('`session.experimental` (1.x: tasks)', async () => {
    const { session } = await open();
    expect('experimental' in session).toBe(false);
  });

  row('`client.session`', async () => {
    const { session } = await open();
    expect((await session.client?.listTools())?.tools.length).toBeGreaterThan(1);
  });

  row('`except anyio.ClosedResourceError`', async () => {
    const { session, server } = await open();
    const under = session.callTool('hang');
    await expect.poll(() => callsOf(server)).toHaveLength(1);
    server.crash();
    expect(await failureOf(under)).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
  });
});
