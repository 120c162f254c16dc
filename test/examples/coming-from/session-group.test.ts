import type { CreateMessageResult } from '@modelcontextprotocol/client';
import { expect, onTestFinished } from 'vitest';
import { openSession, PlenumError, SessionGroup } from '../../../src/index.ts';
import { serveHttp, serveSse, stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup, newSession } from '../../support/groups.ts';
import { http, requestsOf } from '../../support/servers.ts';
import { jsonOf, textOf } from '../../support/results.ts';
import { callsOf, desk } from './desk.ts';
import { testRows } from './rows.ts';

const LEGACY: ServerScript = { era: 'legacy', tools: [{ name: 'echo' }] };

testRows('Python SDK: ClientSessionGroup', (row) => {
  row('`async with ClientSessionGroup() as group:`', async () => {
    const group = new SessionGroup();
    await group.add('desk', { server: desk() });
    await group.close();
    expect(await group.closed).toBeUndefined();
    const other = new SessionGroup();
    await other[Symbol.asyncDispose]();
  });

  row('`await group.connect_to_server(StdioServerParameters(command=…, args=…))`', async () => {
    const group = newGroup();
    const { command, args } = stdioSpec(LEGACY);
    await group.add('files', { command, args });
    expect([...group.tools.keys()]).toEqual(['files__echo']);
    const servers = { one: { server: desk() }, two: { server: desk() } };
    const many = await SessionGroup.connect({ servers });
    onTestFinished(() => many.close());
    expect([...many.servers.keys()]).toEqual(['one', 'two']);
  });

  row('`await group.connect_to_server(server_params, session_params)`', async () => {
    const group = newGroup();
    const { command, args } = stdioSpec({
      tools: [
        { name: 'think', does: { type: 'sample', params: { messages: [], maxTokens: 10 } } },
        { name: 'hang', does: { type: 'hang' } },
      ],
    });
    const onSampling = (): CreateMessageResult => ({
      role: 'assistant',
      model: 'm',
      content: { type: 'text', text: 'hm' },
    });
    await group.add('files', { command, args, onSampling, timeoutMs: 20_000 });
    expect(textOf(await group.callTool('files__think'))).toContain('hm');
    expect((await failureOf(group.callTool('files__hang', {}, { timeoutMs: 100 }))).code).toBe('TIMEOUT');
  });

  row('`StreamableHttpParameters(url=…, headers=…)`', async () => {
    const group = newGroup();
    const { url } = await http({ tools: [{ name: 'whoami', does: { type: 'whoami' } }] });
    await group.add('web', { url, headers: { 'x-tenant': 'ada' } });
    expect(jsonOf(await group.callTool('web__whoami'))).toMatchObject({ headers: { 'x-tenant': 'ada' } });
  });

  row('`StreamableHttpParameters(timeout=30, sse_read_timeout=300, terminate_on_close=True)`', async () => {
    const group = newGroup();
    const server = await serveHttp(LEGACY);
    onTestFinished(() => server.close());
    const limits = { openTimeoutMs: 30_000, readTimeoutMs: 300_000, terminateSession: true };
    await group.add('web', { url: server.url, ...limits, timeoutMs: 5_000 });
    expect(textOf(await group.callTool('web__echo', { a: 1 }))).toBe('{"a":1}');
  });

  row('`SseServerParameters(url=…)`', async () => {
    const group = newGroup();
    const server = await serveSse(LEGACY);
    onTestFinished(() => server.close());
    await group.add('found', { url: server.url });
    await group.add('told', { url: server.url, type: 'sse' });
    expect([...group.tools.keys()]).toEqual(['found__echo', 'told__echo']);
  });

  row(
    '`ClientSessionParameters(sampling_callback=…, elicitation_callback=…, list_roots_callback=…, logging_callback=…)`',
    async () => {
      const asked: string[] = [];
      const group = await connectGroup({
        servers: { one: { server: desk() }, two: { server: desk(), onRoots: () => [] } },
        onSampling: ({ server }) => {
          asked.push(`${server} sampling`);
          return { role: 'assistant', model: 'm', content: { type: 'text', text: 'hm' } };
        },
        onElicitation: ({ server }) => {
          asked.push(`${server} elicitation`);
          return { action: 'decline' };
        },
        onRoots: ({ server }) => {
          asked.push(`${server} roots`);
          return [{ uri: 'file:///srv' }];
        },
        onLog: ({ server }, { data }) => void asked.push(`${server} ${String(data)}`),
      });
      await group.setLoggingLevel('info');
      for (const tool of ['think', 'ask', 'roots', 'log']) await group.callTool(`one__${tool}`);
      expect(jsonOf(await group.callTool('two__roots'))).toEqual({ roots: [] });
      await expect.poll(() => asked).toEqual(['one sampling', 'one elicitation', 'one roots', 'one careful']);
    },
  );

  row('`ClientSessionParameters(message_handler=f)`', async () => {
    const seen: string[] = [];
    const group = await connectGroup({
      servers: {
        desk: stdioSpec({
          era: 'legacy',
          tools: [{ name: 'roots', does: { type: 'roots' } }],
          faults: { garbage: { at: 'start', lines: ['no message'] } },
        }),
      },
      onRoots: () => [],
      onMessage: ({ server }, message) =>
        void seen.push(`${server}: ${message instanceof PlenumError ? message.code : message.method}`),
    });
    await group.callTool('desk__roots');
    await group
      .session('desk')
      .request({ method: 'testing/control', params: { command: 'notify', method: 'notifications/mine' } });
    await expect.poll(() => seen).toContain('desk: notifications/mine');
    expect(seen).toContain('desk: roots/list');
    expect(seen).toContain('desk: INVALID_RESULT');
  });

  row('`ClientSessionParameters(read_timeout_seconds=30, client_info=…)`', async () => {
    const group = newGroup();
    const server = desk({ era: 'legacy' });
    const clientInfo = { name: 'mine', version: '2.0.0' };
    await group.add('desk', { server }, { timeoutMs: 100, clientInfo });
    expect(requestsOf(server, 'initialize')[0]?.params).toMatchObject({ clientInfo });
    expect(await failureOf(group.callTool('desk__hang'))).toMatchObject({ code: 'TIMEOUT' });
  });

  row('`await group.connect_with_session(info, session)`', async () => {
    const group = newGroup();
    const session = await newSession({ server: desk() });
    await group.adopt('mine', session);
    expect(textOf(await group.callTool('mine__echo', { a: 1 }))).toBe('{"a":1}');
  });

  row('`await group.disconnect_from_server(session)`', async () => {
    const group = newGroup();
    await group.add('files', { server: desk() });
    const session = await group.add('notes', { server: desk() });
    await group.remove('files');
    await group.remove(session);
    expect(group.tools.size).toBe(0);
  });

  row('`group.sessions`', async () => {
    const group = newGroup();
    const session = await group.add('files', { server: desk() });
    expect([...group.sessions]).toEqual([['files', session]]);
    expect(group.session('files')).toBe(session);
    expect(group.servers.get('files')).toMatchObject({ state: 'ready' });
  });

  row('`group.tools`, `.resources`, `.prompts`', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    expect(group.tools.get('desk__echo')).toMatchObject({ name: 'echo', server: 'desk' });
    expect(group.resources.get('note:///1')).toMatchObject({ name: 'first' });
    expect(group.prompts.get('desk__greet')).toMatchObject({ name: 'greet' });
    expect([...group.resourceTemplates.keys()]).toEqual(['note:///{id}']);
  });

  row('`ClientSessionGroup(component_name_hook=hook)`', async () => {
    const seen: string[] = [];
    const group = await connectGroup({
      servers: { desk: { server: desk() } },
      naming: (upstreamName, { serverInfo, name, kind, server }) => {
        seen.push(`${kind} ${name}`);
        return `${server}.${serverInfo?.name}.${upstreamName}`;
      },
    });
    expect(group.tools.has('desk.desk.echo')).toBe(true);
    expect(seen).toContain('resource first');
    expect(await group.readResource('note:///1')).toMatchObject({ contents: [{ text: 'one' }] });
    const usual = await connectGroup({ servers: { desk: { server: desk() } } });
    expect(usual.tools.has('desk__echo') && usual.resources.has('note:///1')).toBe(true);
  });

  row('no hook', async () => {
    const group = newGroup({ naming: 'bare' });
    await group.add('one', { server: desk() });
    expect(group.tools.has('echo')).toBe(true);
    expect(await failureOf(group.add('two', { server: desk() }))).toMatchObject({ code: 'NAME_COLLISION' });
  });

  row(
    '`await group.call_tool(name, args, read_timeout_seconds=5, progress_callback=f, meta=m)`',
    async () => {
      const server = desk();
      const group = await connectGroup({ servers: { desk: { server } } });
      const steps: number[] = [];
      const options = {
        onProgress: ({ progress }: { progress: number }) => void steps.push(progress),
        meta: { 'mine/key': 1 },
      };
      await group.callTool('desk__steps', {}, { timeoutMs: 5_000, ...options });
      expect(steps).toEqual([1, 2]);
      expect(requestsOf(server, 'tools/call')[0]?.params['_meta']).toMatchObject({ 'mine/key': 1 });
    },
  );

  row('`call_tool(…, allow_input_required=True, input_responses=…, request_state=…)`', async () => {
    const group = await connectGroup({
      servers: { desk: { server: desk({ era: 'modern' }) } },
      capabilities: { elicitation: { form: {} } },
      onElicitation: () => expect.fail('the caller answers'),
    });
    const asked = await group.callTool('desk__ask', {}, { allowInputRequired: true });
    if (!('inputRequests' in asked)) expect.fail(`not asked: ${JSON.stringify(asked)}`);
    const [key = ''] = Object.keys(asked.inputRequests ?? {});
    const inputResponses = { [key]: { action: 'decline' } };
    const { requestState } = asked;
    const state = typeof requestState === 'string' ? { requestState } : {};
    const result = await group.callTool(
      'desk__ask',
      {},
      { allowInputRequired: true, inputResponses, ...state },
    );
    expect(jsonOf(result as { content?: unknown })).toMatchObject({ action: 'decline' });
  });

  row('`session.read_resource(uri)` on the session that has it', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    expect(await group.readResource('note:///1')).toMatchObject({ contents: [{ text: 'one' }] });
  });

  row('`session.get_prompt(name, args)`, `session.complete(ref, argument)`', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    expect((await group.getPrompt('desk__greet', { whom: 'Ada' })).messages).toHaveLength(1);
    const ref = { type: 'ref/prompt', name: 'desk__greet' } as const;
    const { completion } = await group.complete(ref, { name: 'whom', value: 'A' });
    expect(completion.values).toEqual(['Ada']);
  });

  row('`ClientSessionGroup(exit_stack=stack)`', async () => {
    const server = desk();
    const session = await openSession({ server });
    onTestFinished(() => session.close());
    const group = new SessionGroup();
    await group.adopt('mine', session);
    await group.close();
    await session.callTool('echo', { still: true });
    expect(callsOf(server)).toEqual([['echo', { still: true }]]);
  });

  row('`KeyError` for a tool that is not there', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    const failure = await failureOf(group.callTool('desk__ecko'));
    expect(failure).toMatchObject({ code: 'UNKNOWN_TOOL', message: expect.stringContaining('desk__echo') });
  });

  row('`except MCPError as error: error.code, error.message, error.data`', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    const error = await failureOf(group.callTool('desk__refuse'));
    expect(error).toBeInstanceOf(PlenumError);
    expect(error.code).toBe('PROTOCOL');
    expect([error.rpcCode, error.rpcMessage, error.data]).toEqual([-32_000, 'no', { why: 'because' }]);
  });

  row('`raise MCPError(code, message, data)` in a callback', async () => {
    const server = desk({ era: 'legacy' });
    const error = { code: -32_001, message: 'not now', data: { until: 'noon' } };
    const group = await connectGroup({
      servers: { desk: { server } },
      onRoots: () => {
        throw PlenumError.fromJsonRpc(error);
      },
    });
    await group.callTool('desk__roots').catch(() => {});
    expect(server.replies.at(-1)).toMatchObject({
      error: { code: -32_001, message: 'not now', data: { until: 'noon' } },
    });
  });
});
