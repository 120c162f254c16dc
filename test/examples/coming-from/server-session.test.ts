import { PassThrough } from 'node:stream';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { expect } from 'vitest';
import { EventLog } from '../../support/event-log.ts';
import { connectGroup, newGroup, newSession } from '../../support/groups.ts';
import { jsonOf } from '../../support/results.ts';
import { requestsOf } from '../../support/servers.ts';
import { desk } from './desk.ts';
import { testRows } from './rows.ts';

testRows('Python SDK: ServerSession and stdio_server', (row) => {
  row('`async with stdio_server() as (read, write): await server.run(read, write, …)`', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    const server = new McpServer({ name: 'face', version: '1.0.0' });
    server.registerTool('echo', {}, () => group.callTool('desk__echo', { a: 1 }));
    const [input, output] = [new PassThrough(), new PassThrough()];
    await server.connect(new StdioServerTransport(input, output));
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'c', version: '1' },
    };
    const lines = output.setEncoding('utf8')[Symbol.asyncIterator]();
    const ask = async (id: number, method: string, args: object): Promise<unknown> => {
      input.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params: args })}\n`);
      return JSON.parse(String((await lines.next()).value));
    };
    await ask(1, 'initialize', params);
    input.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    const answer = await ask(2, 'tools/call', { name: 'echo', arguments: {} });
    expect(answer).toMatchObject({ result: { content: [{ text: '{"a":1}' }] } });
    await server.close();
  });

  row(
    '`ServerSession.create_message(…)`, `.elicit(…)`, `.elicit_form(…)`, `.elicit_url(…)`, `.list_roots()`',
    async () => {
      const session = await newSession(
        { server: desk() },
        {
          onSampling: () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'hm' } }),
          onElicitation: () => ({ action: 'cancel' }),
          onRoots: () => [{ uri: 'file:///srv' }],
        },
      );
      expect(jsonOf(await session.callTool('think'))).toMatchObject({ model: 'm' });
      expect(jsonOf(await session.callTool('ask'))).toMatchObject({ action: 'cancel' });
      expect(jsonOf(await session.callTool('roots'))).toMatchObject({ roots: [{ uri: 'file:///srv' }] });
    },
  );

  row('`ServerSession.send_log_message(…)`', async () => {
    const seen: unknown[] = [];
    const session = await newSession({ server: desk() }, { onLog: (_, { data }) => void seen.push(data) });
    const log = new EventLog(session);
    await session.setLoggingLevel('info');
    await session.callTool('log');
    expect(await log.until('log')).toMatchObject({ data: 'careful' });
    expect(seen).toEqual(['careful']);
  });

  row('`ServerSession.send_resource_updated(uri)`', async () => {
    const server = desk();
    const session = await newSession({ server });
    const log = new EventLog(session);
    await session.subscribeResource('note:///1');
    server.resourceUpdated('note:///1');
    expect(await log.until('resource-updated')).toMatchObject({ uri: 'note:///1' });
  });

  row(
    '`ServerSession.send_tool_list_changed()`, `.send_resource_list_changed()`, `.send_prompt_list_changed()`',
    async () => {
      const server = desk();
      const group = newGroup();
      const session = await group.add('desk', { server });
      const [ofSession, ofGroup] = [new EventLog(session), new EventLog(group)];
      server.setTools([{ name: 'other' }]);
      server.setResources([]);
      server.setPrompts([]);
      for (const kind of ['tools', 'resources', 'prompts'] as const)
        await ofSession.until('list-changed', (event) => event.kind === kind);
      expect(await ofGroup.until('catalog')).toMatchObject({ server: 'desk' });
    },
  );

  row('`ServerSession.report_progress(…)`, `.send_progress_notification(…)`', async () => {
    const session = await newSession({ server: desk() });
    const steps: number[] = [];
    const onProgress = ({ progress }: { progress: number }): void => void steps.push(progress);
    await session.callTool('steps', {}, { onProgress });
    expect(steps).toEqual([1, 2]);
  });

  row('`ServerSession.send_ping()`', async () => {
    const server = desk({ era: 'legacy' });
    await newSession({ server });
    void server.ask('ping', {});
    await expect
      .poll(() => server.replies)
      .toContainEqual(expect.objectContaining({ method: 'ping', result: {} }));
  });

  row('`ServerSession.client_params`, `.check_client_capability(…)`', async () => {
    const server = desk({ era: 'legacy' });
    const clientInfo = { name: 'mine', version: '2.0.0' };
    const capabilities = { extensions: { 'com.example/mine': {} } };
    await newSession({ server }, { clientInfo, capabilities });
    expect(requestsOf(server, 'initialize')[0]?.params).toMatchObject({ clientInfo, capabilities });
  });

  row('`ServerSession.send_request(…)`, `.send_notification(…)`', async () => {
    const server = desk({ era: 'legacy' });
    const seen: string[] = [];
    await newSession(
      { server },
      { onRoots: () => [], onNotification: (_, { method }) => void seen.push(method) },
    );
    void server.ask('roots/list', {});
    await expect
      .poll(() => server.replies)
      .toContainEqual(expect.objectContaining({ result: { roots: [] } }));
    server.notify('com.example/mine', {});
    await expect.poll(() => seen).toEqual(['com.example/mine']);
  });
});
