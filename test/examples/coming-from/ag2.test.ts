import { readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import { SessionManager, type SessionManagerOptions } from '../../../src/index.ts';
import { serveSse, stdioSpec } from '../../../src/testing/index.ts';
import { serverChoiceToolkit } from '../../../src/toolkit/search/server-choice.ts';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';
import { openaiToolkit } from '../../../src/toolkit/openai/index.ts';
import { newFolder } from '../../support/folders.ts';
import { connectGroup, newSession } from '../../support/groups.ts';
import { jsonOf, textOf } from '../../support/results.ts';
import { callsOf, desk } from './desk.ts';
import { testRows } from './rows.ts';

const script = { tools: [{ name: 'echo' }, { name: 'whoami', does: { type: 'whoami' as const } }] };

function newManager(options: SessionManagerOptions): SessionManager {
  const manager = new SessionManager(options);
  onTestFinished(() => manager.destroy());
  return manager;
}

testRows('AG2: MCPClientSessionManager', (row) => {
  row("`StdioConfig(server_name='arxiv', command=…, args=…, environment=…, working_dir=…)`", async () => {
    const { command, args } = stdioSpec(script);
    const [env, cwd] = [{ MINE: '1' }, newFolder()];
    const group = await connectGroup({ servers: { arxiv: { command, args, env, cwd } } });
    expect(jsonOf(await group.callTool('arxiv__whoami'))).toMatchObject({ cwd, env });
  });

  row("`StdioConfig(encoding=…, encoding_error_handler='replace')`", async () => {
    const { command, args } = stdioSpec({ ...script, encoding: 'utf16le' });
    const session = await newSession({ command, args, encoding: 'utf-16le', encodingErrors: 'replace' });
    expect(textOf(await session.callTool('echo', { a: 'é' }))).toBe('{"a":"é"}');
  });

  row("`SseConfig(server_name='wikipedia', url=…, headers=…)`", async () => {
    const server = await serveSse(script);
    onTestFinished(() => server.close());
    const { url } = server;
    const headers = { 'x-mine': '1' };
    const group = await connectGroup({ servers: { wikipedia: { url, headers } } });
    expect(jsonOf(await group.callTool('wikipedia__whoami'))).toMatchObject({ headers });
  });

  row('`SseConfig(timeout=5, sse_read_timeout=300)`', async () => {
    const server = await serveSse(script);
    onTestFinished(() => server.close());
    const limits = { openTimeoutMs: 5_000, readTimeoutMs: 300_000 };
    const session = await newSession({ url: server.url, type: 'sse', ...limits });
    expect((await session.listTools()).tools).toHaveLength(2);
  });

  row('`StdioConfig(session_options={…})`', async () => {
    const { command, args } = stdioSpec(script);
    const clientInfo = { name: 'mine', version: '1.0.0' };
    const manager = newManager({ servers: { arxiv: { command, args, timeoutMs: 5_000, clientInfo } } });
    const session = await manager.openSession('arxiv', { timeoutMs: 1_000 });
    expect((await session.listTools()).tools).toHaveLength(2);
  });

  row('`MCPConfig(servers=[…])`', () => {
    const arxiv = stdioSpec(script);
    const servers = { arxiv };
    const manager = newManager({ servers });
    expect(manager.spec('arxiv')).toBe(arxiv);
  });

  row('`async with MCPClientSessionManager().open_session(config) as session:`', async () => {
    const manager = newManager({ servers: { arxiv: { server: desk } } });
    const { tools } = await manager.run('arxiv', (session) => session.listTools());
    const own = await manager.openSession('arxiv');
    expect((await own.listTools()).tools).toEqual(tools);
    await own.close();
  });

  row('`manager.create_stdio_session(config)`, `manager.create_sse_session(config)`', async () => {
    const manager = newManager({ servers: {} });
    const session = await manager.openSession(stdioSpec(script));
    expect((await session.listTools()).tools).toHaveLength(2);
    await session.close();
  });

  row("`manager.sessions['arxiv']`", async () => {
    const manager = newManager({ servers: { arxiv: { server: desk } } });
    const lease = await manager.acquire('arxiv');
    expect(lease.session.name).toBe('arxiv');
    expect(manager.stats().get('arxiv')).toMatchObject({ leased: 1 });
    await lease.release();
  });

  row('no retry: what breaks is raised', async () => {
    const annotations = { readOnlyHint: true };
    const does = [{ type: 'crash' as const }, { type: 'text' as const, text: 'found' }];
    const server = desk({ tools: [{ name: 'find', annotations, does }] });
    const retry = { attempts: 3, delayMs: 1 };
    const manager = newManager({ servers: { arxiv: { server } }, retry, circuit: { failures: 5 } });
    const result = await manager.run('arxiv', async (session) => {
      await session.listTools();
      return session.callTool('find');
    });
    expect(textOf(result)).toBe('found');
    expect(callsOf(server)).toHaveLength(2);
  });

  row('no health check, and no new session for a dead one', async () => {
    const server = desk();
    const manager = newManager({ servers: { arxiv: { server, health: true } } });
    expect(await manager.checkHealth('arxiv')).toMatchObject({ healthy: true });
    const session = await manager.openSession('arxiv');
    server.crash();
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
  });

  row('`await create_toolkit(session)`', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    expect(createToolkit(group).tools.has('desk__echo')).toBe(true);
    const session = await newSession({ server: desk() });
    expect((await createToolkit(session)).tools.has('echo')).toBe(true);
  });

  row('`use_mcp_resources=True, resource_download_folder=folder`', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    const folder = newFolder();
    const toolkit = createToolkit(group, { resources: { downloadTo: folder } });
    await toolkit.callTool('desk__read_resource', { uri: 'note:///1' });
    const [file = ''] = readdirSync(folder);
    expect(readFileSync(`${folder}/${file}`, 'utf8')).toBe('one');
  });

  row('`create_toolkit(session, use_mcp_tools=False)`', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    const policy = { allow: ['*__read_*', '*__list_resources'] };
    const toolkit = createToolkit(group, { resources: true, policy });
    expect(toolkit.tools.has('desk__read_resource')).toBe(true);
    expect(toolkit.tools.has('desk__echo')).toBe(false);
  });

  row('`toolkit.register_for_llm(agent)`, `toolkit.register_for_execution(agent)`', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    const names = openaiToolkit(group).tools.map(({ function: { name } }) => name);
    expect(names).toContain('desk__echo');
  });

  row('a tool of your own that lists the servers and opens the one that the model chose', async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    const toolkit = serverChoiceToolkit(group);
    expect([...toolkit.tools.keys()]).toEqual(['list_servers', 'use_server']);
    await toolkit.callTool('use_server', { server: 'desk' });
    expect(toolkit.tools.has('desk__echo')).toBe(true);
  });

  row('choosing by hand, by what was asked', async () => {
    const manager = newManager({ servers: { arxiv: { server: desk }, wikipedia: { server: desk } } });
    const chosen = await manager.run(
      (servers) => [...servers.keys()].find((name) => name.startsWith('wiki')) ?? '',
      (session) => session.name,
    );
    expect(chosen).toBe('wikipedia');
  });

  row("`ValueError('Tool call failed: …')`", async () => {
    const group = await connectGroup({ servers: { desk: { server: desk() } } });
    expect(await group.callTool('desk__fail')).toMatchObject({ isError: true });
  });
});
