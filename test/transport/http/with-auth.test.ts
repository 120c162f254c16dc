import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { describe, expect, it } from 'vitest';
import { openSession } from '../../../src/index.ts';
import type { ServerAuth, UrlServerSpec } from '../../../src/server-spec.ts';
import { makeOlderServer, serveStateless } from '../support/official-servers.ts';
import { serve } from '../../support/loopback.ts';

/** Credentials that say what they were asked for. */
function createAuth() {
  const asked: string[] = [];
  const auth: ServerAuth = {
    token: async () => 'nobody in particular',
    forServer: (url) => {
      asked.push(url.href);
      return {
        token: async () => `token for ${url.port}`,
        wrapFetch: (fetch) => (url, init) => {
          const headers = new Headers(init?.headers);
          headers.set('x-wrapped', 'yes');
          return fetch(url, { ...init, headers });
        },
      };
    },
  };
  return { auth, asked };
}

async function callOnce(spec: UrlServerSpec): Promise<void> {
  const session = await openSession(spec);
  await session.callTool('echo', {});
  await session.close();
}

describe('A1 credentials of a spec', () => {
  it('are those for its server, over Streamable HTTP', async () => {
    const servers = [await serveStateless(), await serveStateless()];
    const { auth, asked } = createAuth();
    for (const { url } of servers) await callOnce({ url, auth });
    // Whoever needs them derives them, as often as need be; but never for another server.
    expect([...new Set(asked)]).toEqual(servers.map(({ url }) => url));
    for (const { seen, url } of servers) {
      const shown = new Set(seen.map(({ headers }) => headers.authorization));
      expect(shown).toEqual(new Set([`Bearer token for ${new URL(url).port}`]));
      expect(new Set(seen.map(({ headers }) => headers['x-wrapped']))).toEqual(new Set(['yes']));
    }
  });

  it('and over SSE', async () => {
    let transport: SSEServerTransport | undefined;
    const server = await serve(async (request, response, body) => {
      if (request.method === 'POST') return transport?.handlePostMessage(request, response, JSON.parse(body));
      transport = new SSEServerTransport('/messages', response);
      await makeOlderServer().connect(transport);
    });
    const { auth } = createAuth();
    await callOnce({ type: 'sse', url: server.url, auth });
    const { port } = new URL(server.url);
    expect(new Set(server.seen.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Bearer token for ${port}`]),
    );
    expect(new Set(server.seen.map(({ headers }) => headers['x-wrapped']))).toEqual(new Set(['yes']));
  });

  it('may be as the official client takes them, with no more than a token', async () => {
    const server = await serveStateless();
    await callOnce({ url: server.url, auth: { token: async () => 'plain' } });
    expect(new Set(server.seen.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer plain']),
    );
  });
});
