import { StreamableHTTPClientTransport, type JSONRPCRequest } from '@modelcontextprotocol/client';
import { array, assert, asyncProperty, constantFrom, oneof, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PostHeaders, type ConnectionFacts } from '../../../src/transport/http/lean-posts.ts';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const NONE: ConnectionFacts = { sessionId: undefined, protocolVersion: undefined, token: '', cookies: '' };

function asHeaders(list: string[] | undefined): Record<string, string> | undefined {
  if (list === undefined) return undefined;
  const headers = new Headers();
  // `append`, so that a name that stands there twice shows.
  for (let at = 0; at < list.length; at += 2) headers.append(list[at] ?? '', list[at + 1] ?? '');
  return Object.fromEntries(headers);
}

/** What the official transport would send, without what the pool adds to every request. */
async function officialHeaders(message: JSONRPCRequest, token?: string): Promise<Record<string, string>> {
  let sent = new Headers();
  const transport = new StreamableHTTPClientTransport(new URL('http://127.0.0.1/mcp'), {
    fetch: async (_url, init) => {
      sent = new Headers(init?.headers);
      return new Response(null, { status: 202 });
    },
    protocolVersion: '2025-06-18',
    sessionId: 'session',
    ...(token !== undefined && { authProvider: { token: async () => token } }),
  });
  await transport.start();
  await transport.send(message);
  await transport.close();
  return Object.fromEntries(sent);
}

const facts: ConnectionFacts = {
  sessionId: 'session',
  protocolVersion: '2025-06-18',
  token: '',
  cookies: '',
};

function request(method: string, params?: JSONRPCRequest['params']): JSONRPCRequest {
  return { jsonrpc: '2.0', id: 1, method, ...(params !== undefined && { params }) };
}

/** Without what the official transport leaves to the pool. */
function withoutDefaults(headers: Record<string, string> | undefined) {
  const { 'user-agent': _agent, 'accept-encoding': _encoding, ...rest } = headers ?? {};
  return rest;
}

describe('T5 the headers of a POST', () => {
  const modern = { _meta: { [VERSION]: '2026-07-28' } };
  it.each([
    ['of the stateful era', request('tools/call', { name: 'echo' })],
    ['without params', request('ping')],
    ['of the 2026-07-28 era, a tool', request('tools/call', { ...modern, name: 'echo' })],
    ['of the 2026-07-28 era, a prompt', request('prompts/get', { ...modern, name: 'a prompt' })],
    [
      'of the 2026-07-28 era, a resource',
      request('resources/read', { ...modern, uri: 'file:///a b', name: 'x' }),
    ],
    ['of the 2026-07-28 era, a list', request('tools/list', modern)],
    ['with a name that is none', request('tools/call', { ...modern, name: 5 })],
    ['with a version that is none', request('tools/call', { _meta: { [VERSION]: 5 }, name: 'echo' })],
  ])('are those of the official transport: %s', async (_what, message) => {
    expect(withoutDefaults(asHeaders(new PostHeaders(new Headers()).for(message, facts)))).toEqual(
      await officialHeaders(message),
    );
  });

  it('are those of the official transport or left to it, whatever the name', async () => {
    const character = oneof(
      constantFrom(' ', '\t', '\n', '=', '?', 'é', '🐎', '\u007f'),
      string({ maxLength: 1 }),
    );
    const name = oneof(
      array(character, { maxLength: 6 }).map((parts) => parts.join('')),
      constantFrom('=?base64?eA==?=', '=?BASE64?x', ' x', 'x ', '', 'a\tb'),
    );
    let own = 0;
    await assert(
      asyncProperty(name, async (each) => {
        const message = request('tools/call', { ...modern, name: each });
        const headers = asHeaders(new PostHeaders(new Headers()).for(message, facts));
        if (headers === undefined) return;
        own++;
        expect(withoutDefaults(headers)).toEqual(await officialHeaders(message));
      }),
      { numRuns: 300 },
    );
    expect(own).toBeGreaterThan(10);
  });

  it.each(['\n', 'a\r\nx-injected: yes', 'é', ' x', '', '=?base64?eA==?='])(
    'a name that would have to be encoded is left to the official transport: %j',
    (name) => {
      const headers = new PostHeaders(new Headers());
      expect(headers.for(request('tools/call', { ...modern, name }), facts)).toBeUndefined();
      expect(headers.for(request('resources/read', { ...modern, uri: name }), facts)).toBeUndefined();
      // Where no header holds it, it is nobody's concern.
      expect(headers.for(request('tools/call', { name }), facts)).toBeDefined();
    },
  );

  it('a method or a version that no header can carry', () => {
    const headers = new PostHeaders(new Headers());
    expect(headers.for(request('a\r\nb', modern), facts)).toBeUndefined();
    expect(headers.for(request('a', { _meta: { [VERSION]: '1\r\nx: y' } }), facts)).toBeUndefined();
  });

  it('those of the protocol win over those of the spec, which nothing of ours joins', () => {
    const spec = new Headers({
      Accept: 'text/plain',
      Authorization: 'Bearer fixed',
      'Content-Type': 'text/plain',
      'MCP-Protocol-Version': '1999',
      'Mcp-Method': 'forged',
      'Mcp-Name': 'forged',
      'Mcp-Session-Id': 'forged',
      'User-Agent': 'mine',
      'X-Team': 'blue',
    });
    const message = request('tools/call', { ...modern, name: 'echo' });
    expect(asHeaders(new PostHeaders(spec).for(message, { ...facts, token: 'fresh' }))).toEqual({
      accept: 'application/json, text/event-stream',
      'accept-encoding': expect.any(String),
      authorization: 'Bearer fresh',
      'content-type': 'application/json',
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
      'mcp-protocol-version': '2026-07-28',
      'mcp-session-id': 'session',
      'user-agent': 'mine',
      'x-team': 'blue',
    });
    const plain = asHeaders(new PostHeaders(spec).for(request('ping'), facts));
    expect(plain).toMatchObject({ authorization: 'Bearer fixed', 'mcp-protocol-version': '2025-06-18' });
    expect(plain).not.toHaveProperty('mcp-method');
    expect(plain).not.toHaveProperty('mcp-name');
  });

  it('follow the token, the session and the version of their connection', () => {
    const headers = new PostHeaders(new Headers());
    const ping = request('ping');
    const shown = (each: Partial<ConnectionFacts>) => asHeaders(headers.for(ping, { ...NONE, ...each }));
    expect(shown({})).not.toHaveProperty('authorization');
    expect(shown({ token: 'one' })).toMatchObject({ authorization: 'Bearer one' });
    expect(shown({ token: 'two' })).toMatchObject({ authorization: 'Bearer two' });
    expect(shown({ sessionId: 's' })).toMatchObject({ 'mcp-session-id': 's' });
    expect(shown({ sessionId: 's' })).not.toHaveProperty('authorization');
    expect(shown({ protocolVersion: '2025-06-18' })).toMatchObject({ 'mcp-protocol-version': '2025-06-18' });
    expect(shown({})).not.toHaveProperty('mcp-protocol-version');
  });

  it('a token is shown with the next request as it was with the last, and not twice', async () => {
    const message = request('tools/call', { ...modern, name: 'echo' });
    const headers = new PostHeaders(new Headers());
    for (let count = 0; count < 3; count++)
      expect(withoutDefaults(asHeaders(headers.for(message, { ...facts, token: 'abc' })))).toEqual(
        await officialHeaders(message, 'abc'),
      );
  });
});
