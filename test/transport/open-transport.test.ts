import { describe, expect, it } from 'vitest';
import type { ServerSpec } from '../../src/server-spec.ts';
import { openTransport, transportKindOf } from '../../src/transport/open-transport.ts';
import { recordingContext } from './support/context.ts';
import { failureOf } from './support/official-client.ts';
import { makeServer } from './support/official-servers.ts';
import { InMemoryTransport } from '@modelcontextprotocol/client';

const specs: { title: string; spec: ServerSpec; kind: string }[] = [
  { title: 'a command', spec: { command: 'node' }, kind: 'stdio' },
  { title: 'an https URL', spec: { url: 'https://example.com/mcp' }, kind: 'http' },
  { title: 'an http URL object', spec: { url: new URL('http://example.com/mcp') }, kind: 'http' },
  { title: 'a URL of type http', spec: { url: 'https://example.com/mcp', type: 'http' }, kind: 'http' },
  { title: 'a URL of type sse', spec: { url: 'https://example.com/sse', type: 'sse' }, kind: 'sse' },
  { title: 'a wss URL', spec: { url: 'wss://example.com/mcp' }, kind: 'websocket' },
  {
    title: 'a ws URL with its type',
    spec: { url: 'ws://example.com/mcp', type: 'websocket' },
    kind: 'websocket',
  },
  { title: 'a server', spec: { server: makeServer() }, kind: 'in-process' },
  { title: 'a transport', spec: { transport: () => new InMemoryTransport() }, kind: 'custom' },
];

describe('G2 the transport for a spec', () => {
  it.each(specs)('$title: $kind', async ({ spec, kind }) => {
    const transport = await openTransport(spec, recordingContext());
    expect(transport.kind).toBe(kind);
    expect(transportKindOf(spec)).toBe(kind);
    await transport.destroy();
  });

  it('a URL that turned out to be SSE is SSE from the start', async () => {
    const transport = await openTransport(
      { url: 'https://example.com/sse' },
      recordingContext({ urlKind: 'sse' }),
    );
    expect(transport.kind).toBe('sse');
    await transport.destroy();
  });

  it('is not started', async () => {
    const server = makeServer();
    const transport = await openTransport({ server }, recordingContext());
    expect(server.transport).toBeUndefined();
    await transport.close();
  });

  it.each<{ title: string; spec: ServerSpec; says: string }>([
    { title: 'no URL', spec: { url: 'example.com/secret' }, says: 'is not a URL' },
    { title: 'a file URL', spec: { url: 'file:///secret' }, says: '"file:"' },
    {
      title: 'a password in the URL',
      spec: { url: 'https://me:secret@example.com' },
      says: 'user name or password',
    },
    {
      title: 'a WebSocket URL of type http',
      spec: { url: 'wss://example.com/secret', type: 'http' },
      says: '"wss:"',
    },
    {
      title: 'an https URL of type websocket',
      spec: { url: 'https://example.com/secret', type: 'websocket' },
      says: '"https:"',
    },
  ])('$title is refused, and not shown', async ({ spec, says }) => {
    const failures = [
      await failureOf(openTransport(spec, recordingContext())),
      await failureOf((async () => transportKindOf(spec))()),
    ];
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(says) });
      expect(failure.message).not.toContain('secret');
    }
  });

  it('a shape that names no transport is refused', async () => {
    const spec = { cmd: 'node' } as object as ServerSpec;
    const failure = await failureOf(openTransport(spec, recordingContext()));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', server: 'tested' });
    expect(failure.message).toContain('it has cmd');
    expect(() => transportKindOf(spec)).toThrow('it has cmd');
  });
});
