import { expect, onTestFinished } from 'vitest';
import { SessionGroup, SessionManager } from '../../../src/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { langchainToolkit } from '../../../src/toolkit/langchain/index.ts';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';
import { connectGroup } from '../../support/groups.ts';
import { jsonOf, textOf } from '../../support/results.ts';
import { http } from '../../support/servers.ts';
import { callsOf, desk } from './desk.ts';
import { testRows } from './rows.ts';

const open = () => connectGroup({ servers: { math: { server: desk() }, other: { server: desk() } } });

testRows('LangChain: MultiServerMCPClient', (row) => {
  row("`MultiServerMCPClient({ 'math': { 'transport': 'stdio', … } })`", async () => {
    const server = desk();
    const servers = { math: { server } };
    const group = await SessionGroup.connect({ servers });
    onTestFinished(() => group.close());
    for (const a of [1, 2]) await group.callTool('math__echo', { a });
    expect(server.connections).toBe(1);
  });

  row('`await client.get_tools()`', async () => {
    const group = await open();
    expect(langchainToolkit(group).tools.map(({ name }) => name)).toContain('math__echo');
  });

  row("`get_tools(server_name='math')`", async () => {
    const group = await open();
    const toolkit = createToolkit(group, { policy: { allow: [{ server: 'math' }] } });
    expect([...toolkit.tools.values()].every(({ server }) => server === 'math')).toBe(true);
    expect(toolkit.tools.size).toBeGreaterThan(1);
  });

  row("`async with client.session('math') as session:`", async () => {
    const group = await open();
    expect(group.session('math').client?.getServerVersion()).toMatchObject({ name: 'desk' });
  });

  row('`tool_name_prefix=True`', async () => {
    const group = await open();
    expect(group.tools.has('math__echo')).toBe(true);
    const bare = await connectGroup({ servers: { math: { server: desk() } }, naming: 'bare' });
    expect(bare.tools.has('echo')).toBe(true);
  });

  row('`tool_interceptors=[f]`', async () => {
    const seen: string[] = [];
    const group = await connectGroup({
      servers: { math: { server: desk() } },
      interceptors: [
        (_, next) => {
          seen.push('outer');
          return next();
        },
        (call, next) => {
          seen.push(`inner ${call.tool}`);
          return next();
        },
      ],
    });
    await group.callTool('math__echo');
    expect(seen).toEqual(['outer', 'inner echo']);
  });

  row('`async def f(request, handler)`', async () => {
    const group = await connectGroup({
      servers: { math: { server: desk() } },
      interceptors: [async (call, next) => ({ ...(await next()), _meta: { tool: call.tool } })],
    });
    expect(await group.callTool('math__echo')).toMatchObject({ _meta: { tool: 'echo' } });
  });

  row('`request.name`, `.server_name`, `.args`', async () => {
    const seen: unknown[] = [];
    const group = await connectGroup({
      servers: { math: { server: desk() } },
      interceptors: [
        (call, next) => {
          seen.push(call.tool, call.server, call.args);
          return next();
        },
      ],
    });
    await group.callTool('math__echo', { a: 1 });
    expect(seen).toEqual(['echo', 'math', { a: 1 }]);
  });

  row('`await handler(request.override(args=…))`', async () => {
    const group = await connectGroup({
      servers: { math: { server: desk() } },
      interceptors: [async (call, next) => await next({ args: { ...call.args, b: 2 } })],
    });
    expect(jsonOf(await group.callTool('math__echo', { a: 1 }))).toEqual({ a: 1, b: 2 });
  });

  row('`request.override(headers=…)`', async () => {
    const { url } = await http({ tools: [{ name: 'whoami', does: { type: 'whoami' } }] });
    const manager = new SessionManager({
      servers: {
        math: ({ principal }) => ({ url, headers: { 'x-user': principal ?? 'nobody' } }),
        clock: { url, headers: () => ({ 'x-user': 'asked before each connection' }) },
      },
    });
    onTestFinished(() => manager.destroy());
    const whose = async (name: string, principal?: string): Promise<unknown> =>
      jsonOf(
        await manager.run(name, (session) => session.callTool('whoami'), principal ? { principal } : {}),
      );
    expect(await whose('math', 'ada')).toMatchObject({ headers: { 'x-user': 'ada' } });
    expect(await whose('math', 'bob')).toMatchObject({ headers: { 'x-user': 'bob' } });
    expect(await whose('clock')).toMatchObject({ headers: { 'x-user': 'asked before each connection' } });
  });

  row('`handle_tool_errors=True`', async () => {
    const group = await open();
    const fails = langchainToolkit(group).tools.find(({ name }) => name === 'math__fail');
    const message: unknown = await fails?.invoke({
      type: 'tool_call',
      id: '1',
      name: 'math__fail',
      args: {},
    });
    expect(message).toMatchObject({ status: 'error' });
  });

  row('`Callbacks(on_progress=…)`', async () => {
    const group = await open();
    const steps: number[] = [];
    const onProgress = ({ progress }: { progress: number }): void => void steps.push(progress);
    await group.callTool('math__steps', {}, { onProgress });
    const kit = langchainToolkit(group, { onProgress: (progress) => void steps.push(progress.progress) });
    await kit.tools.find(({ name }) => name === 'math__steps')?.invoke({});
    expect(steps).toEqual([1, 2, 1, 2]);
  });

  row('`Callbacks(on_logging_message=…, on_elicitation=…)`', async () => {
    const seen: unknown[] = [];
    const group = await connectGroup({
      servers: { math: { server: desk({ era: 'legacy' }) } },
      onLog: (_, { data }) => void seen.push(data),
      onElicitation: () => ({ action: 'decline' }),
      onMessage: (_, message) => void ('method' in message && seen.push(message.method)),
    });
    await group.setLoggingLevel('info');
    await group.callTool('math__log');
    expect(jsonOf(await group.callTool('math__ask'))).toMatchObject({ action: 'decline' });
    await expect.poll(() => seen).toEqual(expect.arrayContaining(['careful', 'elicitation/create']));
  });

  row("`await client.get_resources('math', uris=[…])`", async () => {
    const group = await open();
    expect(await group.readResource('note:///1', { server: 'math' })).toMatchObject({
      contents: [{ text: 'one' }],
    });
  });

  row("`await client.get_prompt('math', 'explain', arguments=…)`", async () => {
    const group = await open();
    expect((await group.getPrompt('math__greet', { whom: 'Ada' })).messages).toHaveLength(1);
  });

  row('`await client.get_server_info()`', async () => {
    const group = await open();
    expect(group.servers.get('math')?.serverInfo).toMatchObject({ name: 'desk' });
  });

  row("`onConnectionError: 'ignore'`", async () => {
    const servers = {
      math: { server: desk() },
      gone: stdioSpec({ faults: { exitAtStart: { code: 1 } } }),
    };
    const group = await connectGroup({ servers });
    expect(group.servers.get('gone')?.state).not.toBe('ready');
    expect(textOf(await group.callTool('math__echo', { a: 1 }))).toBe('{"a":1}');
    await expect(SessionGroup.connect({ servers, strict: true })).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    });
  });

  row('`await client.close()`', async () => {
    const server = desk();
    const group = await SessionGroup.connect({ servers: { math: { server } } });
    await group.close();
    expect(group.servers.get('math')?.state).toBe('closed');
    expect(callsOf(server)).toEqual([]);
  });
});
