import { expect, onTestFinished } from 'vitest';
import { loadConfig, SessionGroup } from '../../../src/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { searchToolkit } from '../../../src/toolkit/search/search-toolkit.ts';
import { serverChoiceToolkit } from '../../../src/toolkit/search/server-choice.ts';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';
import { configFile } from '../../config/support/files.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { jsonOf, textOf } from '../../support/results.ts';
import { desk } from './desk.ts';
import { testRows } from './rows.ts';

const open = () => connectGroup({ servers: { web: { server: desk() } } });

testRows('mcp-use: MCPClient', (row) => {
  row('`MCPClient.from_dict(config)`', async () => {
    const servers = { web: { server: desk() } };
    const group = await SessionGroup.connect({ servers });
    onTestFinished(() => group.close());
    expect(group.tools.has('web__echo')).toBe(true);
  });

  row("`MCPClient.from_config_file('mcp.json')`", async () => {
    const { command, args } = stdioSpec({ tools: [{ name: 'echo' }] });
    const path = configFile({ mcpServers: { web: { command, args } } }, 'mcp.json');
    const group = await SessionGroup.connect(await loadConfig(path));
    onTestFinished(() => group.close());
    expect(group.tools.has('web__echo')).toBe(true);
  });

  row('`await client.create_all_sessions()`', async () => {
    const group = await open();
    expect(group.servers.get('web')?.state).toBe('ready');
  });

  row("`client.add_server('web', config)`, `await client.create_session('web')`", async () => {
    const group = newGroup();
    const spec = { server: desk() };
    await group.add('web', spec);
    expect(group.tools.has('web__echo')).toBe(true);
  });

  row("`client.get_session('web')`", async () => {
    const group = await open();
    expect(group.session('web').name).toBe('web');
  });

  row("`await session.call_tool('find', args)`", async () => {
    const group = await open();
    const args = { a: 1 };
    expect(textOf(await group.callTool('web__echo', args))).toBe('{"a":1}');
    expect(textOf(await group.session('web').callTool('echo', args))).toBe('{"a":1}');
  });

  row("`await client.close_session('web')`, `client.remove_server('web')`", async () => {
    const group = await open();
    await group.remove('web');
    expect(group.servers.size).toBe(0);
  });

  row('`await client.close_all_sessions()`', async () => {
    const group = await open();
    const session = group.session('web');
    await group.close();
    expect(session.status.state).toBe('closed');
  });

  row('`MCPClient(…, middleware=[M()])`, `on_call_tool(context, call_next)`', async () => {
    const group = await connectGroup({
      servers: { web: { server: desk() } },
      interceptors: [async (call, next) => (call.tool === 'hang' ? { content: [] } : next())],
    });
    expect(await group.callTool('web__hang')).toEqual({ content: [] });
  });

  row('`sampling_callback`, `elicitation_callback`', async () => {
    const group = await connectGroup({
      servers: { web: { server: desk() } },
      onSampling: ({ server }) => ({
        role: 'assistant',
        model: server,
        content: { type: 'text', text: 'hm' },
      }),
      onElicitation: ({ server }) => ({ action: 'accept', content: { server } }),
    });
    expect(jsonOf(await group.callTool('web__think'))).toMatchObject({ model: 'web' });
    expect(jsonOf(await group.callTool('web__ask'))).toMatchObject({ content: { server: 'web' } });
  });

  row('`MCPAgent(llm, client, disallowed_tools=[…])`', async () => {
    const toolkit = createToolkit(await open(), { policy: { deny: ['web__fail'] } });
    expect(toolkit.tools.has('web__fail')).toBe(false);
    expect(toolkit.tools.has('web__echo')).toBe(true);
  });

  row('`MCPAgent(…, use_server_manager=True)`', async () => {
    const group = await open();
    expect([...serverChoiceToolkit(group).tools.keys()]).toContain('use_server');
    expect([...searchToolkit(group).tools.keys()]).toContain('search_tools');
  });

  row("`await client.search_tools('mail')`", async () => {
    const group = await open();
    const [hit] = await group.search('echo');
    expect(hit).toMatchObject({ key: 'web__echo' });
  });
});
