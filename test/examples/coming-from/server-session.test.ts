import { PassThrough } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { createGateway, type Gateway } from '../../../src/gateway/index.ts';
import type { Session, SessionOptions } from '../../../src/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { newGroup, newSession } from '../../support/groups.ts';
import { desk } from './desk.ts';
import { sections, testRows } from './rows.ts';

interface Served {
  readonly gateway: Gateway;
  readonly url: string;
  readonly session: Session;
  /** Of the client, in the gateway. */
  readonly id: string;
  readonly server: ReturnType<typeof desk>;
}

/** A gateway of one server, with one client. */
async function serve(options: SessionOptions = {}): Promise<Served> {
  const server = desk();
  const group = newGroup();
  await group.add('desk', { server });
  const gateway = await createGateway({ group });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen({ port: 0 });
  const session = await newSession(url, { protocol: 'legacy', ...options });
  const [id = ''] = gateway.clients.keys();
  // The stream on which a client of this era is asked and told opens after the handshake.
  const answers = (): Promise<boolean> =>
    gateway
      .client(id)
      .ping()
      .then(
        () => true,
        () => false,
      );
  await expect.poll(answers).toBe(true);
  return { gateway, url, session, id, server };
}

/** What `ServerSession` of the Python SDK 2.x has; private names are left out. */
const MEMBERS = [
  'client_params',
  'client_capabilities',
  'can_send_request',
  'protocol_version',
  'send_request',
  'send_notification',
  'check_client_capability',
  'send_log_message',
  'send_resource_updated',
  'create_message',
  'list_roots',
  'elicit',
  'elicit_form',
  'elicit_url',
  'send_ping',
  'report_progress',
  'send_progress_notification',
  'send_resource_list_changed',
  'send_tool_list_changed',
  'send_prompt_list_changed',
  'send_elicit_complete',
];

it('maps each member of ServerSession', () => {
  const rows = sections.get('Python SDK: ServerSession and stdio_server') ?? [];
  const titles = rows.flatMap(({ theirs }) => theirs).join('\n');
  expect(MEMBERS.filter((name) => !titles.includes(name))).toEqual([]);
});

testRows('Python SDK: ServerSession and stdio_server', (row) => {
  row('`ServerSession.can_send_request`, `except NoBackChannelError`', async () => {
    const { gateway, id } = await serve();
    // It declared no such capability.
    const error = await failureOf(gateway.client(id).createMessage({ messages: [], maxTokens: 1 }));
    expect(error).toMatchObject({ code: 'NOT_CONNECTED', maybeExecuted: false });
    expect(await gateway.client(id).ping()).toBeUndefined();
  });

  row('`related_request_id=…`, `metadata=ServerMessageMetadata(related_request_id=…)`', async () => {
    const seen: string[] = [];
    const asked = (who: string) => ({
      onElicitation: () => {
        seen.push(who);
        return { action: 'decline' as const };
      },
    });
    const { url, session } = await serve(asked('first'));
    await newSession(url, { protocol: 'legacy', ...asked('second') });
    await session.callTool('desk__ask');
    expect(seen).toEqual(['first']);
  });

  row('`async with stdio_server() as (read, write): await server.run(read, write, …)`', async () => {
    const servers = { desk: { server: desk } };
    const gateway = await createGateway({ servers });
    onTestFinished(() => gateway.close());
    const [input, output] = [new PassThrough(), new PassThrough()];
    const serving = gateway.serveStdio({ input, output });
    const clientInfo = { name: 'c', version: '1.0.0' };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
    const lines = output.setEncoding('utf8')[Symbol.asyncIterator]();
    expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ id: 1, result: {} });
    input.end();
    await serving;
    const { url } = await gateway.listen({ port: 0 });
    const session = await newSession(url);
    expect((await session.listTools()).tools.map(({ name }) => name)).toContain('desk__echo');
  });

  row('`stdio_server(stdin=…, stdout=…)`', async () => {
    const gateway = await createGateway({ servers: { desk: { server: desk } } });
    onTestFinished(() => gateway.close());
    const [input, output] = [new PassThrough(), new PassThrough()];
    const serving = gateway.serveStdio({ input, output });
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 'p', method: 'ping' })}\n`);
    const lines = output.setEncoding('utf8')[Symbol.asyncIterator]();
    expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ id: 'p' });
    input.end();
    await expect(serving).resolves.toBeUndefined();
  });

  row('`ServerSession.send_elicit_complete(elicitation_id)`', async () => {
    const { gateway, session, id } = await serve({
      capabilities: { elicitation: { url: {} } },
      onElicitation: () => ({ action: 'accept' }),
    });
    const log = new EventLog(session);
    const elicitationId = 'e1';
    await gateway.client(id).notify('notifications/elicitation/complete', { elicitationId });
    const seen = await log.until('notification');
    expect(seen.method).toBe('notifications/elicitation/complete');
    expect(seen.params).toMatchObject({ elicitationId });
  });

  row(
    '`ServerSession.create_message(…)`, `.elicit(…)`, `.elicit_form(…)`, `.elicit_url(…)`, `.list_roots()`',
    async () => {
      const { gateway, id } = await serve({
        capabilities: { elicitation: { form: {}, url: {} }, sampling: { tools: {} } },
        onSampling: () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'hm' } }),
        onElicitation: () => ({ action: 'cancel' }),
        onRoots: () => [{ uri: 'file:///srv' }],
      });
      const client = gateway.client(id);
      expect(await client.createMessage({ messages: [], maxTokens: 10 })).toMatchObject({ model: 'm' });
      const requestedSchema = { type: 'object' as const, properties: {} };
      expect(await client.elicit({ message: 'Sure?', requestedSchema })).toMatchObject({ action: 'cancel' });
      const asksForUrl = {
        mode: 'url',
        message: 'Sign in',
        url: 'https://a.example/',
        elicitationId: '1',
      } as const;
      expect(await client.elicit(asksForUrl)).toMatchObject({ action: 'cancel' });
      const tools = [{ name: 't', inputSchema: { type: 'object' as const } }];
      expect(await client.createMessage({ messages: [], maxTokens: 10, tools })).toMatchObject({
        model: 'm',
      });
      expect(await client.listRoots()).toMatchObject({ roots: [{ uri: 'file:///srv' }] });
    },
  );

  row('`ServerSession.send_log_message(…)`', async () => {
    const { gateway, session, id } = await serve();
    const log = new EventLog(session);
    await gateway.client(id).log('warning', 'careful');
    expect(await log.until('log')).toMatchObject({ level: 'warning', data: 'careful' });
  });

  row('`ServerSession.send_resource_updated(uri)`', async () => {
    const { session, server } = await serve();
    const log = new EventLog(session);
    await session.subscribeResource('note:///1');
    server.resourceUpdated('note:///1');
    expect(await log.until('resource-updated')).toMatchObject({ uri: 'note:///1' });
  });

  row(
    '`ServerSession.send_tool_list_changed()`, `.send_resource_list_changed()`, `.send_prompt_list_changed()`',
    async () => {
      const { session, server } = await serve();
      const log = new EventLog(session);
      server.setTools([{ name: 'other' }]);
      server.setResources([]);
      server.setPrompts([]);
      for (const kind of ['tools', 'resources', 'prompts'] as const)
        expect(await log.until('list-changed', (event) => event.kind === kind)).toBeDefined();
    },
  );

  row('`ServerSession.report_progress(…)`, `.send_progress_notification(…)`', async () => {
    const { session } = await serve();
    const steps: number[] = [];
    const onProgress = ({ progress }: { progress: number }): void => void steps.push(progress);
    await session.callTool('desk__steps', {}, { onProgress });
    expect(steps).toEqual([1, 2]);
  });

  row('`ServerSession.send_ping()`', async () => {
    const { gateway, id } = await serve();
    await expect(gateway.client(id).ping()).resolves.toBeUndefined();
  });

  row(
    '`ServerSession.client_params`, `.check_client_capability(…)`, `.client_capabilities`, `.protocol_version`',
    async () => {
      const clientInfo = { name: 'mine', version: '2.0.0' };
      const { gateway, id } = await serve({ clientInfo, onRoots: () => [] });
      expect(gateway.clients.get(id)).toMatchObject({
        info: clientInfo,
        capabilities: { roots: {} },
        era: 'legacy',
      });
    },
  );

  row('`ServerSession.send_notification(…)`', async () => {
    const { gateway, session, id } = await serve();
    const log = new EventLog(session);
    await gateway.client(id).notify('com.example/mine', { a: 1 });
    expect(await log.until('notification')).toMatchObject({ method: 'com.example/mine' });
  });

  row('`ServerSession.send_request(…)`', async () => {
    const { gateway, id } = await serve();
    expect('request' in gateway.client(id)).toBe(false);
  });
});
