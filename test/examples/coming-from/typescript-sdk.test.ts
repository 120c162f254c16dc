import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { bearer } from '../../../src/auth/index.ts';
import { openSession, PlenumError, type SessionOptions } from '../../../src/index.ts';
import {
  serveSse,
  serveWebSocket,
  stdioSpec,
  type ServerScript,
  type WhoAmI,
} from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { newGroup, newSession } from '../../support/groups.ts';
import { jsonOf } from '../../support/results.ts';
import { http, requestsOf } from '../../support/servers.ts';
import { desk } from './desk.ts';
import { testRows } from './rows.ts';

const info = { name: 'mine', version: '2.0.0' };
const script = { tools: [{ name: 'whoami', does: { type: 'whoami' as const } }] };

async function open(more: ServerScript = {}, options: SessionOptions = {}) {
  const server = desk(more);
  return { server, session: await newSession({ server }, options) };
}

/** A client that its owner has connected. */
async function connectedClient(): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await desk().connect(theirs);
  const client = new Client(info);
  await client.connect(ours);
  onTestFinished(() => client.close());
  return client;
}

testRows('TypeScript SDK: Client', (row) => {
  row(
    '`const client = new Client(info, { capabilities })`, `await client.connect(new StdioClientTransport({ command, args, env }))`',
    async () => {
      const { command, args } = stdioSpec(script);
      const [env, capabilities] = [{ MINE: '1' }, { extensions: { 'com.example/mine': {} } }];
      const session = await openSession({ command, args, env }, { clientInfo: info, capabilities });
      onTestFinished(() => session.close());
      expect(jsonOf(await session.callTool('whoami'))).toMatchObject({ env });
    },
  );

  row(
    '`new StreamableHTTPClientTransport(url, { requestInit: { headers }, authProvider, fetch })`',
    async () => {
      const { url } = await http(script, { token: 's3cret' });
      const [headers, auth] = [{ 'x-mine': '1' }, bearer('s3cret')];
      let asked = 0;
      const own: typeof fetch = (...args) => {
        asked += 1;
        return fetch(...args);
      };
      const session = await newSession({ url, type: 'http', headers, auth, fetch: own });
      expect(jsonOf(await session.callTool('whoami'))).toMatchObject({ headers });
      expect(asked).toBeGreaterThan(0);
    },
  );

  row('`reconnectionOptions`, `sessionId`', async () => {
    const server = await http({ ...script, era: 'legacy' });
    const session = await newSession(server.url);
    const before = jsonOf(await session.callTool('whoami')) as WhoAmI;
    server.expireSessions();
    const after = jsonOf(await session.callTool('whoami')) as WhoAmI;
    expect(after.sessionId).not.toBe(before.sessionId);
  });

  row('`new SSEClientTransport(url)`', async () => {
    const server = await serveSse(script);
    onTestFinished(() => server.close());
    for (const spec of [{ url: server.url, type: 'sse' as const }, { url: server.url }])
      expect((await (await newSession(spec)).listTools()).tools).toHaveLength(1);
  });

  row('`new WebSocketClientTransport(url)` (1.x)', async () => {
    const server = await serveWebSocket(script);
    onTestFinished(() => server.close());
    const session = await newSession({ url: server.url });
    expect((await session.listTools()).tools).toHaveLength(1);
  });

  row('`InMemoryTransport.createLinkedPair()`', async () => {
    const server = desk();
    const session = await newSession({ server });
    expect(session.serverInfo).toMatchObject({ name: 'desk' });
  });

  row('a transport of your own', async () => {
    const [transport, theirs] = InMemoryTransport.createLinkedPair();
    await desk().connect(theirs);
    const session = await newSession({ transport: () => transport });
    expect(session.serverInfo).toMatchObject({ name: 'desk' });
  });

  row('a client that you have already', async () => {
    const client = await connectedClient();
    const session = await openSession(client);
    expect((await session.listTools()).tools.length).toBeGreaterThan(1);
    await session.close();
    const group = newGroup();
    await group.adopt('mine', client);
    expect(group.tools.has('mine__echo')).toBe(true);
  });

  row("`new Client(info, { versionNegotiation: { mode: 'auto' } })`", async () => {
    const { session } = await open({ era: 'modern' });
    expect(session.era).toBe('modern');
    const other = await open({ era: 'both' }, { protocol: 'legacy' });
    expect(other.session.era).toBe('legacy');
  });

  row(
    '`await client.callTool({ name, arguments }, { timeout, maxTotalTimeout, resetTimeoutOnProgress, onprogress, signal })`',
    async () => {
      const { session } = await open();
      const steps: number[] = [];
      const onProgress = ({ progress }: { progress: number }): void => void steps.push(progress);
      const limits = { timeoutMs: 5_000, maxTotalTimeoutMs: 10_000, resetTimeoutOnProgress: true };
      const { signal } = new AbortController();
      await session.callTool('steps', { a: 1 }, { ...limits, onProgress, signal });
      expect(steps).toEqual([1, 2]);
    },
  );

  row('`await client.listTools()`, `listTools({ cursor })`, and its kin', async () => {
    const { session } = await open({ pageSize: 2 });
    expect((await session.listTools()).tools.length).toBeGreaterThan(2);
    const { nextCursor: cursor } = await session.listToolsPage();
    if (cursor === undefined) expect.fail('there is a second page');
    expect((await session.listToolsPage({ cursor })).tools).toHaveLength(2);
  });

  row(
    '`readResource({ uri })`, `subscribeResource({ uri })`, `getPrompt({ name, arguments })`, `complete({ ref, argument })`, `setLoggingLevel(level)`, `ping()`',
    async () => {
      const { session } = await open();
      const uri = 'note:///1';
      expect(await session.readResource(uri)).toMatchObject({ contents: [{ text: 'one' }] });
      await session.subscribeResource(uri);
      expect((await session.getPrompt('greet', { whom: 'Ada' })).messages).toHaveLength(1);
      const ref = { type: 'ref/prompt', name: 'greet' } as const;
      const { completion } = await session.complete(ref, { name: 'whom', value: 'A' });
      expect(completion.values).toEqual(['Ada']);
      await session.setLoggingLevel('warning');
      await session.ping();
    },
  );

  row(
    "`client.setRequestHandler('elicitation/create', f)`, `'sampling/createMessage'`, `'roots/list'`",
    async () => {
      const handlers: SessionOptions = {
        onElicitation: () => ({ action: 'cancel' }),
        onSampling: () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'hm' } }),
        onRoots: () => [],
      };
      const { session } = await open({}, handlers);
      expect(jsonOf(await session.callTool('ask'))).toMatchObject({ action: 'cancel' });
      expect(jsonOf(await session.callTool('think'))).toMatchObject({ model: 'm' });
      expect(jsonOf(await session.callTool('roots'))).toEqual({ roots: [] });
    },
  );

  row("`client.setNotificationHandler('notifications/message', f)`", async () => {
    const seen: unknown[] = [];
    const { session } = await open({}, { onLog: (_, { data }) => void seen.push(data) });
    const log = new EventLog(session);
    await session.setLoggingLevel('info');
    await session.callTool('log');
    expect(await log.until('log')).toMatchObject({ data: 'careful' });
    expect(seen).toEqual(['careful']);
  });

  row('`client.fallbackNotificationHandler = f`', async () => {
    const seen: string[] = [];
    const onNotification = (_: unknown, { method }: { method: string }): void => void seen.push(method);
    const { server } = await open({ era: 'legacy' }, { onNotification });
    server.notify('com.example/mine', {});
    await expect.poll(() => seen).toEqual(['com.example/mine']);
  });

  row('`new Client(info, { listChanged: { tools: { onChanged } } })`', async () => {
    const server = desk();
    const group = newGroup();
    const ofSession = new EventLog(await group.add('desk', { server }));
    const ofGroup = new EventLog(group);
    server.setTools([{ name: 'other' }]);
    expect(await ofSession.until('list-changed')).toMatchObject({ kind: 'tools' });
    await ofGroup.until('catalog');
    expect([...group.tools.keys()]).toEqual(['desk__other']);
  });

  row('`client.listen(filter)`', async () => {
    for (const era of ['legacy', 'modern'] as const) {
      const { session, server } = await open({ era });
      const log = new EventLog(session);
      server.setTools([{ name: 'other' }]);
      expect(await log.until('list-changed')).toMatchObject({ kind: 'tools' });
    }
  });

  row('`client.onclose`, `client.onerror`', async () => {
    const { session, server } = await open();
    const log = new EventLog(session);
    server.crash();
    await log.until('status', ({ status }) => status.state === 'reconnecting');
    const garbage = { at: 'answers' as const, lines: ['no message'] };
    const noisy = await newSession(stdioSpec({ tools: [{ name: 'echo' }], faults: { garbage } }));
    const problems = new EventLog(noisy);
    await noisy.callTool('echo');
    expect(await problems.until('problem')).toMatchObject({ error: expect.any(PlenumError) });
  });

  row(
    '`client.getServerCapabilities()`, `getServerVersion()`, `getInstructions()`, `getNegotiatedProtocolVersion()`',
    async () => {
      const { session } = await open({ era: 'legacy' });
      expect(session.capabilities).toHaveProperty('tools');
      expect(session.serverInfo).toMatchObject({ name: 'desk' });
      expect(session.instructions).toBe('Knock first.');
      expect(session.protocolVersion).toBe('2025-11-25');
    },
  );

  row(
    '`await client.request({ method, params }, schema)`, `await client.notification({ method, params })`',
    async () => {
      const { session, server } = await open();
      const schema = z.object({ tools: z.array(z.object({ name: z.string() })) });
      const { tools } = await session.request({ method: 'tools/list', params: {} }, { schema });
      expect(tools[0]?.name).toBe('echo');
      await session.notify({ method: 'com.example/mine', params: {} });
      await expect.poll(() => server.notifications.at(-1)?.method).toBe('com.example/mine');
    },
  );

  row('`catch (error)`: `ProtocolError` with `code`, `data`', async () => {
    const { session } = await open();
    const error = await failureOf(session.callTool('refuse'));
    expect(error).toMatchObject({ code: 'PROTOCOL', rpcCode: -32_000, data: { why: 'because' } });
  });

  row('`await client.close()`, `await transport.terminateSession()`', async () => {
    const server = await http({ ...script, era: 'legacy' });
    const session = await openSession(server.url);
    const { sessionId } = jsonOf(await session.callTool('whoami')) as WhoAmI;
    await session.close();
    const headers = { 'mcp-session-id': sessionId ?? '', accept: 'application/json, text/event-stream' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const type = { 'content-type': 'application/json' };
    const answer = await fetch(server.url, { method: 'POST', headers: { ...headers, ...type }, body });
    expect(answer.status).toBe(404);
    expect(requestsOf(server, 'tools/list')).toEqual([]);
  });
});
