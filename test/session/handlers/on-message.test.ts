import { describe, expect, it, onTestFinished } from 'vitest';
import { Client } from '@modelcontextprotocol/client';
import {
  openSession,
  PlenumError,
  SessionManager,
  type NotificationContext,
  type ServerMessage,
} from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { jsonOf } from '../../support/results.ts';
import { local, tools } from '../../support/servers.ts';
import { open } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';

const NOTIFICATIONS = [
  { method: 'notifications/tools/list_changed' },
  { method: 'notifications/resources/updated', params: { uri: 'a:b' } },
  { method: 'notifications/message', params: { level: 'info', data: 'hello' } },
  { method: 'notifications/progress', params: { progressToken: 99, progress: 1 } },
  { method: 'notifications/cancelled', params: { requestId: 'nobody' } },
  { method: 'notifications/elicitation/complete', params: { elicitationId: 'e' } },
  { method: 'notifications/own', params: { a: [1] } },
];
const REQUESTS = [
  { id: 'p', method: 'ping' },
  { id: 'r', method: 'roots/list' },
  { id: 's', method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } },
  { id: 7, method: 'no/such', params: {} },
];

function recorder() {
  const seen: { context: NotificationContext; message: ServerMessage }[] = [];
  const onMessage = (context: NotificationContext, message: ServerMessage): void => {
    seen.push({ context, message });
  };
  return { seen, onMessage, messages: () => seen.map(({ message }) => message) };
}

describe('P1 onMessage', () => {
  it('sees every notification and request, whoever handles it, as it was sent', async () => {
    const server = new RawServer();
    const { seen, onMessage, messages } = recorder();
    const { session } = await open(server.spec, { protocol: 'legacy', onMessage, onRoots: () => [] });
    const sent = [...NOTIFICATIONS, ...REQUESTS].map((each) => ({ jsonrpc: '2.0', ...each }));
    for (const message of sent) server.send(message);
    await expect.poll(() => messages().length).toBeGreaterThanOrEqual(sent.length);
    expect(messages().filter((message) => !(message instanceof PlenumError))).toEqual(sent);
    expect(seen[0]?.context).toEqual({ server: 'tested', session });
    // They are handled as ever.
    await expect.poll(() => server.reply('r')?.result).toEqual({ roots: [] });
    await expect.poll(() => server.reply('p')?.result).toEqual({});
    await expect.poll(() => server.reply(7)?.error?.code).toBe(-32_601);
  });

  it('sees faults of the connection', async () => {
    const server = new RawServer();
    const { onMessage, messages } = recorder();
    await open(server.spec, { protocol: 'legacy', onMessage });
    server.send({ jsonrpc: '2.0', id: 12_345, result: {} });
    await expect.poll(() => messages()).toHaveLength(1);
    expect(messages()[0]).toBeInstanceOf(PlenumError);
    await server.drop();
    await expect.poll(() => messages()).toHaveLength(2);
    expect(messages()[1]).toMatchObject({ code: 'CONNECTION_LOST', server: 'tested' });
  });

  it.each([
    ['throws', () => expect.fail('on purpose')],
    ['rejects', () => Promise.reject(new Error('on purpose'))],
  ])('one that %s is a problem event, and the server hears nothing of it', async (_, onMessage) => {
    const server = new RawServer();
    const { seen, session } = await open(server.spec, { protocol: 'legacy', onMessage });
    server.send({ jsonrpc: '2.0', id: 'p', method: 'ping' });
    await expect.poll(() => server.reply('p')?.result).toEqual({});
    await expect.poll(() => seen('problem')).toHaveLength(1);
    expect(seen('problem')[0]?.error.message).toMatch(/"onMessage" threw.*on purpose/);
    expect(JSON.stringify(server.received)).not.toContain('on purpose');
    expect(session.status.state).toBe('ready');
  });

  it('nobody waits for it', async () => {
    const server = new RawServer(({ method }) => (method === 'tools/call' ? { content: [] } : undefined));
    const { session, seen } = await open(server.spec, {
      protocol: 'legacy',
      onMessage: () => new Promise(() => {}),
    });
    server.notify('notifications/message', { level: 'info', data: 1 });
    await expect.poll(() => seen('log')).toHaveLength(1);
    await session.callTool('a');
  });

  it('is an option of a group and of one of its servers', async () => {
    const [all, own] = [recorder(), recorder()];
    const logging = () =>
      local({
        era: 'legacy',
        tools: [...tools('echo'), { name: 'log', does: { type: 'log', level: 'info', data: 1 } }],
      });
    const group = await connectGroup({
      servers: { a: { server: logging() }, b: { server: logging(), onMessage: own.onMessage } },
      onMessage: all.onMessage,
    });
    await group.callTool('a__log');
    await group.callTool('b__log');
    const logged = ({ seen }: typeof all) =>
      seen.flatMap(({ context, message }) =>
        'method' in message && message.method === 'notifications/message' ? [context.server] : [],
      );
    expect(logged(all)).toEqual(['a']);
    expect(logged(own)).toEqual(['b']);
    expect(jsonOf(await group.callTool('a__echo', { x: 1 }))).toEqual({ x: 1 });
  });

  it('is an option of a manager, and is told the principal', async () => {
    const { seen, onMessage } = recorder();
    const manager = new SessionManager({
      servers: {
        a: {
          server: () =>
            local({ era: 'legacy', tools: [{ name: 'log', does: { type: 'log', level: 'info', data: 1 } }] }),
        },
      },
      onMessage,
    });
    onTestFinished(() => manager.destroy());
    await manager.run('a', (session) => session.callTool('log'), { principal: 'ada' });
    expect(seen[0]?.context).toMatchObject({ server: 'a', principal: 'ada' });
  });

  it('observes an official client that was given', async () => {
    const server = new RawServer();
    const client = new Client({ name: 'own', version: '1' });
    const { transport } = server.spec;
    await client.connect(await transport());
    const { onMessage, messages } = recorder();
    const session = await openSession(client, { onMessage });
    onTestFinished(() => session.destroy());
    server.notify('notifications/own');
    await expect.poll(() => messages()).toMatchObject([{ method: 'notifications/own' }]);
    await client.close();
  });

  it('that is no function is refused', async () => {
    expect((await failureOf(openSession(new RawServer().spec, { onMessage: 1 } as never))).code).toBe(
      'CONFIG_INVALID',
    );
  });
});
