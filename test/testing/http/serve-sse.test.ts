import { SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  serveSse,
  type ScriptedSseServer,
  type ServeSseOptions,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { connect, newClient } from '../support/clients.ts';
import { textOf } from '../../support/results.ts';

const tools: ServerScript['tools'] = [{ name: 'echo' }, { name: 'roots', does: { type: 'roots' } }];

async function serve(script: ServerScript = {}, options: ServeSseOptions = {}): Promise<ScriptedSseServer> {
  const server = await serveSse({ ...(tools && { tools }), ...script }, options);
  onTestFinished(() => server.close());
  return server;
}

const to = (server: ScriptedSseServer): SSEClientTransport => new SSEClientTransport(new URL(server.url));

describe('testing kit: the old SSE transport', () => {
  it('serves the legacy era, and asks its client', async () => {
    const server = await serve();
    const client = newClient('auto', { capabilities: { roots: {} } });
    client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///a' }] }));
    await client.connect(to(server));
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
    expect(textOf(await client.callTool({ name: 'echo', arguments: { a: 1 } }))).toBe('{"a":1}');
    expect(JSON.parse(textOf(await client.callTool({ name: 'roots' })))).toEqual({
      roots: [{ uri: 'file:///a' }],
    });
    expect(server.openStreams).toBe(1);
  });

  it('is recognised as old by a client that tries Streamable HTTP first', async () => {
    const server = await serve();
    const modern = connect(new StreamableHTTPClientTransport(new URL(server.url)));
    await expect(modern).rejects.toMatchObject({ data: { status: 405 } });
  });

  it('can send its clients elsewhere', async () => {
    const server = await serve({}, { endpoint: 'http://elsewhere.example/messages' });
    await expect(connect(to(server))).rejects.toThrow(/origin/i);
  });

  it('sends garbage', async () => {
    const server = await serve({ faults: { garbage: { at: 'answers', lines: ['noise'] } } });
    const client = await connect(to(server));
    const stray = vi.fn();
    client.onerror = stray;
    await client.callTool({ name: 'echo' });
    expect(stray).toHaveBeenCalledTimes(1);
  });

  it('ends its streams when it closes', async () => {
    const server = await serve();
    await connect(to(server));
    await server.close();
    expect(server.openStreams).toBe(0);
  });

  it('refuses options that are none', async () => {
    await expect(serveSse({}, { port: -1 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
