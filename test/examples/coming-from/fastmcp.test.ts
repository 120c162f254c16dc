import { expect, onTestFinished } from 'vitest';
import { bearer, oauth } from '../../../src/auth/index.ts';
import {
  openSession,
  PlenumError,
  SessionGroup,
  SessionManager,
  type SessionOptions,
} from '../../../src/index.ts';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { failureOf } from '../../support/failures.ts';
import { newSession } from '../../support/groups.ts';
import { jsonOf, textOf } from '../../support/results.ts';
import { http } from '../../support/servers.ts';
import { authority, tlsFront } from '../../transport/support/tls-front.ts';
import { desk } from './desk.ts';
import { testRows } from './rows.ts';

const script = { tools: [{ name: 'echo' }] };

async function open(more: ServerScript = {}, options: SessionOptions = {}) {
  const server = desk(more);
  return { server, session: await newSession({ server }, options) };
}

testRows('FastMCP: Client', (row) => {
  row("`async with Client('https://…/mcp') as client:`", async () => {
    const { url } = await http(script);
    const session = await openSession(url);
    onTestFinished(() => session.close());
    expect((await session.listTools()).tools).toHaveLength(1);
  });

  row("`Client({ 'mcpServers': { … } })`", async () => {
    const servers = { desk: { server: desk() } };
    const group = await SessionGroup.connect({ servers });
    onTestFinished(() => group.close());
    expect(group.tools.has('desk__echo')).toBe(true);
  });

  row("`Client(server)`, `Client('server.py')`", async () => {
    const server = desk();
    expect((await newSession({ server })).status.state).toBe('ready');
    const { command, args } = stdioSpec(script);
    expect((await newSession({ command, args })).status.state).toBe('ready');
  });

  row("`Client(…, auth='oauth')`, `auth='token'`", async () => {
    const { url } = await http(script, { token: 'token' });
    const session = await newSession({ url, auth: bearer('token') });
    expect(session.status.state).toBe('ready');
    expect(oauth()).toHaveProperty('token');
  });

  row('`Client(…, verify=…)`', async () => {
    const inner = new URL((await http(script)).url);
    const url = new URL(inner.pathname, await tlsFront(inner));
    const ca = authority;
    const session = await newSession({ url, tls: { ca } });
    expect(session.status.state).toBe('ready');
  });

  row('`Client(…, timeout=5, init_timeout=10)`', async () => {
    const { session } = await open({}, { timeoutMs: 100, connectTimeoutMs: 10_000 });
    expect(await failureOf(session.callTool('hang'))).toMatchObject({ code: 'TIMEOUT' });
  });

  row('`log_handler=…`, `sampling_handler=…`, `elicitation_handler=…`', async () => {
    const seen: unknown[] = [];
    const { session } = await open(
      {},
      {
        onLog: (_, { data }) => void seen.push(data),
        onSampling: () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'hm' } }),
        onElicitation: () => ({ action: 'cancel' }),
      },
    );
    await session.setLoggingLevel('info');
    await session.callTool('log');
    expect(jsonOf(await session.callTool('think'))).toMatchObject({ model: 'm' });
    expect(jsonOf(await session.callTool('ask'))).toMatchObject({ action: 'cancel' });
    expect(seen).toEqual(['careful']);
  });

  row('`progress_handler=…`', async () => {
    const { session } = await open();
    const steps: number[] = [];
    const onProgress = ({ progress }: { progress: number }): void => void steps.push(progress);
    await session.callTool('steps', {}, { onProgress });
    expect(steps).toEqual([1, 2]);
  });

  row('`message_handler=…`, a `MessageHandler`', async () => {
    const seen: string[] = [];
    const onMessage: SessionOptions['onMessage'] = (_, message) =>
      void seen.push(message instanceof PlenumError ? message.code : message.method);
    const { server } = await open({ era: 'legacy' }, { onMessage });
    server.setTools([]);
    await expect.poll(() => seen).toContain('notifications/tools/list_changed');
  });

  row('`roots=[…]`, `client.set_roots([…])`', async () => {
    let roots = [{ uri: 'file:///one' }];
    const { session, server } = await open({ era: 'legacy' }, { onRoots: () => roots });
    expect(jsonOf(await session.callTool('roots'))).toEqual({ roots });
    roots = [{ uri: 'file:///two' }];
    await session.sendRootsListChanged();
    expect(jsonOf(await session.callTool('roots'))).toEqual({ roots });
    expect(server.notifications.map(({ method }) => method)).toContain('notifications/roots/list_changed');
  });

  row('`await client.call_tool(name, args)`, which raises a `ToolError`', async () => {
    const { session } = await open();
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
    expect(await session.callTool('fail')).toMatchObject({ isError: true });
  });

  row('`result.data`, `result.structured_content`', async () => {
    const { session } = await open({ tools: [{ name: 'echo', outputSchema: { type: 'object' } }] });
    const result = await session.callTool('echo', { a: 1 });
    expect(result.structuredContent).toEqual({ a: 1 });
  });

  row('`await client.list_tools(max_pages=…)`, `list_tools_mcp(cursor=…)`', async () => {
    const { session } = await open({ pageSize: 2 }, { maxPages: 2 });
    await expect(session.listTools()).rejects.toThrow('maxPages');
    const { nextCursor: cursor } = await session.listToolsPage();
    if (cursor === undefined) expect.fail('there is a second page');
    expect((await session.listToolsPage({ cursor })).tools).toHaveLength(2);
  });

  row('`await client.read_resource(uri)`, `get_prompt(name, args)`, `complete(ref, argument)`', async () => {
    const { session } = await open();
    expect(await session.readResource('note:///1')).toMatchObject({ contents: [{ text: 'one' }] });
    expect((await session.getPrompt('greet', { whom: 'Ada' })).messages).toHaveLength(1);
    const ref = { type: 'ref/prompt', name: 'greet' } as const;
    const { completion } = await session.complete(ref, { name: 'whom', value: 'A' });
    expect(completion.values).toEqual(['Ada']);
  });

  row('`client.is_connected()`', async () => {
    const { session } = await open();
    expect(session.status.state === 'ready').toBe(true);
  });

  row('`await client.ping()`', async () => {
    const { session } = await open();
    await expect(session.ping()).resolves.toBeUndefined();
  });

  row('`await client.cancel(request_id)`', async () => {
    const { session, server } = await open();
    const controller = new AbortController();
    const { signal } = controller;
    const call = failureOf(session.callTool('hang', {}, { signal }));
    await expect.poll(() => server.running).toBeGreaterThan(0);
    controller.abort();
    expect(await call).toMatchObject({ code: 'ABORTED' });
    await expect.poll(() => server.cancelled).toHaveLength(1);
  });

  row('`client.new()`', async () => {
    const manager = new SessionManager({ servers: { files: { server: desk } } });
    onTestFinished(() => manager.close());
    const [one, two] = [await manager.openSession('files'), await manager.openSession('files')];
    expect(one).not.toBe(two);
  });

  row('`client.initialize_result`', async () => {
    const { session } = await open();
    expect(session.initializeResult).toMatchObject({ instructions: 'Knock first.' });
  });
});
