import { expect, onTestFinished } from 'vitest';
import { loadConfig, memoryCatalogCache, SessionGroup, SessionManager } from '../../../src/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { configFile } from '../../config/support/files.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { textOf } from '../../support/results.ts';
import { desk } from './desk.ts';
import { testRows } from './rows.ts';

const open = () => connectGroup({ servers: { linear: { server: desk() } } });

testRows('mcporter', (row) => {
  row("`await createRuntime({ configPath: 'mcp.json' })`", async () => {
    const { command, args } = stdioSpec({ tools: [{ name: 'echo' }] });
    const path = configFile({ mcpServers: { linear: { command, args } } }, 'mcp.json');
    const group = await SessionGroup.connect(await loadConfig(path));
    onTestFinished(() => group.close());
    expect(group.tools.has('linear__echo')).toBe(true);
  });

  row('`await createRuntime({ servers })`: nothing is started yet', async () => {
    const catalogCache = memoryCatalogCache();
    const servers = { linear: { ...stdioSpec({ tools: [{ name: 'echo' }] }), lazy: true } };
    const first = await connectGroup({ servers, catalogCache });
    await first.close();
    const second = await connectGroup({ servers, catalogCache });
    expect(second.servers.get('linear')?.state).toBe('idle');
    expect(second.tools.has('linear__echo')).toBe(true);
    const manager = new SessionManager({ servers: { linear: { server: desk } } });
    onTestFinished(() => manager.close());
    expect(manager.stats().get('linear')).toMatchObject({ leased: 0 });
  });

  row("`runtime.listServers()`, `runtime.getDefinition('linear')`", async () => {
    const linear = { server: desk };
    const manager = new SessionManager({ servers: { linear } });
    onTestFinished(() => manager.close());
    expect([...manager.servers.keys()]).toEqual(['linear']);
    expect(manager.spec('linear')).toBe(linear);
  });

  row('`runtime.registerDefinition(definition)`', async () => {
    const group = newGroup();
    const spec = { server: desk() };
    await group.add('linear', spec);
    expect(group.tools.has('linear__echo')).toBe(true);
  });

  row("`await runtime.listTools('linear', { includeSchema: true })`", async () => {
    const group = await open();
    const { tools } = await group.session('linear').listTools();
    expect(tools[0]).toMatchObject({ name: 'echo', inputSchema: { type: 'object' } });
  });

  row("`await runtime.callTool('linear', 'list_issues', { args, timeoutMs })`", async () => {
    const group = await open();
    const [args, timeoutMs] = [{ a: 1 }, 5_000];
    expect(textOf(await group.callTool('linear__echo', args, { timeoutMs }))).toBe('{"a":1}');
  });

  row("`await runtime.listResources('linear')`", async () => {
    const group = await open();
    expect((await group.session('linear').listResources()).resources).toHaveLength(1);
  });

  row("`const { client } = await runtime.connect('linear')`", async () => {
    const group = await open();
    expect(group.session('linear').client?.getServerVersion()).toMatchObject({ name: 'desk' });
  });

  row('`await callOnce({ server, toolName, args })`', async () => {
    const manager = new SessionManager({ servers: { linear: { server: desk } } });
    onTestFinished(() => manager.close());
    const [name, args] = ['echo', { a: 1 }];
    expect(textOf(await manager.run('linear', (session) => session.callTool(name, args)))).toBe('{"a":1}');
  });

  row("`await runtime.close('linear')`, `await runtime.close()`", async () => {
    const group = await open();
    await group.remove('linear');
    await group.close();
    expect(group.servers.size).toBe(0);
  });
});
