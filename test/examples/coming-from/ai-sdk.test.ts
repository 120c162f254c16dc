import { expect, onTestFinished } from 'vitest';
import { bearer } from '../../../src/auth/index.ts';
import { SessionGroup } from '../../../src/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { aiSdkToolkit } from '../../../src/toolkit/ai-sdk/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { connectGroup } from '../../support/groups.ts';
import { jsonOf } from '../../support/results.ts';
import { http } from '../../support/servers.ts';
import { desk } from './desk.ts';
import { testRows } from './rows.ts';

const open = () => connectGroup({ servers: { web: { server: desk() } } });

testRows('AI SDK: createMCPClient', (row) => {
  row("`await createMCPClient({ transport: { type: 'http', url, headers, authProvider } })`", async () => {
    const tools = [{ name: 'whoami', does: { type: 'whoami' as const } }];
    const { url } = await http({ tools }, { token: 's3cret' });
    const [headers, auth] = [{ 'x-mine': '1' }, bearer('s3cret')];
    const group = await SessionGroup.connect({ servers: { web: { url, headers, auth } } });
    onTestFinished(() => group.close());
    expect(jsonOf(await group.callTool('web__whoami'))).toMatchObject({ headers });
  });

  row('`new Experimental_StdioMCPTransport({ command, args })`', async () => {
    const { command, args } = stdioSpec({ tools: [{ name: 'echo' }] });
    const group = await connectGroup({ servers: { web: { command, args } } });
    expect(group.tools.has('web__echo')).toBe(true);
  });

  row('`await client.tools()`', async () => {
    const { tools } = aiSdkToolkit(await open());
    expect(tools).toHaveProperty('web__echo.execute');
  });

  row('`client.tools({ schemas })`', async () => {
    const group = await connectGroup({ servers: { web: { server: desk(), allow: ['e*'] } } });
    expect(Object.keys(aiSdkToolkit(group).tools)).toEqual(['web__echo']);
  });

  row('`await client.listTools()`, `client.toolsFromDefinitions(definitions)`', async () => {
    const server = desk();
    const group = await connectGroup({ servers: { web: { server } } });
    const toolkit = aiSdkToolkit(group);
    const log = new EventLog(group);
    server.setTools([{ name: 'other' }]);
    await log.until('catalog');
    expect([...group.tools.keys()]).toEqual(['web__other']);
    expect(Object.keys(toolkit.tools)).toEqual(['web__other']);
  });

  row('`await client.listResources()`, `readResource({ uri })`, `listResourceTemplates()`', async () => {
    const group = await open();
    expect([...group.resources.keys()]).toEqual(['note:///1']);
    expect([...group.resourceTemplates.keys()]).toEqual(['note:///{id}']);
    expect(await group.readResource('note:///1')).toMatchObject({ contents: [{ text: 'one' }] });
  });

  row(
    '`await client.experimental_listPrompts()`, `experimental_getPrompt({ name, arguments })`',
    async () => {
      const group = await open();
      expect([...group.prompts.keys()]).toEqual(['web__greet']);
      expect((await group.getPrompt('web__greet', { whom: 'Ada' })).messages).toHaveLength(1);
    },
  );

  row('`client.onElicitationRequest(ElicitationRequestSchema, f)`', async () => {
    const onElicitation = () => ({ action: 'decline' }) as const;
    const group = await connectGroup({ servers: { web: { server: desk() } }, onElicitation });
    expect(jsonOf(await group.callTool('web__ask'))).toMatchObject({ action: 'decline' });
  });

  row('`onUncaughtError`', async () => {
    const garbage = { at: 'answers' as const, lines: ['no message'] };
    const web = stdioSpec({ tools: [{ name: 'echo' }], faults: { garbage } });
    const group = await connectGroup({ servers: { web } });
    const log = new EventLog(group);
    await group.callTool('web__echo');
    expect(await log.until('problem')).toMatchObject({ server: 'web' });
  });

  row('`client.serverInfo`', async () => {
    const group = await open();
    expect(group.session('web').serverInfo).toMatchObject({ name: 'desk' });
  });

  row('`await client.close()`', async () => {
    const group = await open();
    const session = group.session('web');
    await group.close();
    expect(session.status.state).toBe('closed');
  });
});
