import { Client, InMemoryTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, Server } from '@modelcontextprotocol/server';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../../src/index.ts';
import { inProcess, serveHttp, stdioSpec, type ScriptedInProcessServer } from '../../../src/testing/index.ts';
import { open, openFailure, watch } from '../support/open.ts';
import { failureOf } from '../../support/failures.ts';
import { textOf } from '../../support/results.ts';

const tools = [{ name: 'echo' }];

function makeServer(): McpServer {
  const server = new McpServer({ name: 'official', version: '2.0.0' });
  server.registerTool('hello', {}, () => ({ content: [{ type: 'text', text: 'hello' }] }));
  return server;
}

/** An official server of today on loopback. */
async function serveOfficial(): Promise<string> {
  const handler = createMcpHandler(makeServer);
  const handle = toNodeHandler(handler);
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/' } = request;
    void handle(Object.assign(request, { method, url }), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await handler.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

async function connectClient(server: ScriptedInProcessServer, capabilities = {}): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await server.connect(theirs);
  const client = new Client({ name: 'caller', version: '1.0.0' }, { capabilities });
  onTestFinished(() => client.close());
  await client.connect(ours);
  return client;
}

describe('S14 what a session opens on', () => {
  it('a spec with a command', async () => {
    const { session } = await open(stdioSpec({ tools }));
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
  });

  it('a spec with a URL, and a URL as text or as an object', async () => {
    await using server = await serveHttp({ tools });
    for (const target of [{ url: server.url }, server.url, new URL(server.url)]) {
      const { session } = await open(target);
      expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
    }
  });

  it.each([
    { title: 'an McpServer', target: () => makeServer() },
    { title: 'a spec with an McpServer', target: () => ({ server: makeServer() }) },
  ])('$title', async ({ target }) => {
    const { session } = await open(target());
    expect(session.serverInfo?.name).toBe('official');
    expect(textOf(await session.callTool('hello'))).toBe('hello');
    await session.close();
    expect(session.status.state).toBe('closed');
  });

  it('a low-level Server', async () => {
    const server = new Server({ name: 'low', version: '1.0.0' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/call', () => ({ content: [{ type: 'text', text: 'low' }] }));
    const { session } = await open(server);
    expect(textOf(await session.callTool('anything'))).toBe('low');
  });

  it('the official server behind HTTP, in both eras', async () => {
    const url = await serveOfficial();
    const { session: modern } = await open(url);
    const { session: legacy } = await open(url, { protocol: 'legacy' });
    expect([modern.era, legacy.era]).toEqual(['modern', 'legacy']);
    expect(textOf(await modern.callTool('hello'))).toBe('hello');
    expect(textOf(await legacy.callTool('hello'))).toBe('hello');
    expect((await legacy.listTools()).tools.map(({ name }) => name)).toEqual(['hello']);
  });

  it('a transport, which is closed with the session', async () => {
    await using server = inProcess({ tools });
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    await server.connect(theirs);
    const { session } = await open(ours);
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
    await session.close();
    await expect(ours.send({ jsonrpc: '2.0', method: 'x' })).rejects.toThrow();
  });

  it("an official client's own HTTP transport", async () => {
    await using server = await serveHttp({ tools });
    const { session } = await open(new StreamableHTTPClientTransport(new URL(server.url)));
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
  });

  it('a function that makes a transport', async () => {
    await using server = inProcess({ tools });
    const transport = async (): Promise<InMemoryTransport> => {
      const [ours, theirs] = InMemoryTransport.createLinkedPair();
      await server.connect(theirs);
      return ours;
    };
    const { session } = await open({ transport });
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
  });

  it('a function that makes no transport fails with what it threw', async () => {
    const transport = (): never => {
      throw new Error('no transport today');
    };
    const error = await openFailure({ transport });
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('no transport today');
  });

  it('a session that nobody named has a name', async () => {
    await using server = inProcess();
    const session = await openSession(server);
    onTestFinished(() => session.destroy());
    expect(session.name).not.toBe('');
  });
});

describe("S14 a caller's own official client", () => {
  it('is usable as a session, which knows the facts of its connection', async () => {
    await using server = inProcess({ name: 'lent', tools, instructions: 'Gently.', era: 'legacy' });
    const client = await connectClient(server);
    const { session } = await open(client);
    expect(session.client).toBe(client);
    expect(session.serverInfo?.name).toBe('lent');
    expect(session.instructions).toBe('Gently.');
    expect(session.protocolVersion).toBe('2025-11-25');
    expect(session.status.state).toBe('ready');
    expect(textOf(await session.callTool('echo', { a: 1 }))).toBe('{"a":1}');
    expect((await session.listTools()).tools).toHaveLength(1);
  });

  it.each(['close', 'destroy'] as const)('survives %s of the session', async (exit) => {
    await using server = inProcess({ tools });
    const client = await connectClient(server);
    const { session } = await open(client);
    await session[exit]();
    expect(session.status.state).toBe('closed');
    expect((await failureOf(session.ping())).code).toBe('SESSION_CLOSED');
    expect(textOf(await client.callTool({ name: 'echo', arguments: { b: 2 } }))).toBe('{"b":2}');
  });

  it('keeps its own handlers, during the session and after', async () => {
    await using server = inProcess({ tools: [{ name: 'roots', does: { type: 'roots' } }] });
    const client = await connectClient(server, { roots: {} });
    client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///mine' }] }));
    const changed: string[] = [];
    client.setNotificationHandler('notifications/tools/list_changed', () => void changed.push('tools'));
    const { session, seen } = await open(client);

    expect(textOf(await session.callTool('roots'))).toContain('file:///mine');
    server.setTools([{ name: 'roots', does: { type: 'roots' } }, { name: 'new' }]);
    await expect.poll(() => changed).toEqual(['tools']);
    await expect.poll(() => seen('list-changed')).toHaveLength(1);

    await session.close();
    expect(textOf(await client.callTool({ name: 'roots' }))).toContain('file:///mine');
    server.setTools([{ name: 'roots', does: { type: 'roots' } }]);
    await expect.poll(() => changed).toEqual(['tools', 'tools']);
  });

  it('that loses its connection fails the session, which has nothing to reconnect with', async () => {
    await using server = inProcess({ tools: [{ name: 'hang', does: { type: 'hang' } }] });
    const client = await connectClient(server);
    let closes = 0;
    client.onclose = () => void closes++;
    const { session } = await open(client);
    const call = failureOf(session.callTool('hang'));
    await expect.poll(() => server.running).toBe(1);
    await server.close();
    expect((await call).code).toBe('CONNECTION_LOST');
    await expect.poll(() => session.status.state).toBe('failed');
    expect((await failureOf(session.ping())).code).toBe('NOT_CONNECTED');
    expect(closes).toBe(1);
  });

  it('that the caller closes under the session fails it', async () => {
    await using server = inProcess({ tools });
    const client = await connectClient(server);
    const { session } = watch((await open(client)).session);
    await client.close();
    await expect.poll(() => session.status.state).toBe('failed');
    expect((await failureOf(session.ping())).code).toBe('NOT_CONNECTED');
  });

  it('may carry two sessions, and closing one leaves the other', async () => {
    await using server = inProcess({ tools });
    const client = await connectClient(server);
    const { session: first } = await open(client);
    const { session: second } = await open(client);
    await first.close();
    expect(textOf(await second.callTool('echo', { a: 1 }))).toBe('{"a":1}');
  });

  it('that is not connected is refused', async () => {
    const error = await openFailure(new Client({ name: 'idle', version: '1.0.0' }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('not connected');
  });
});
