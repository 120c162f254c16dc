import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, SessionGroup, SessionManager, type UrlServerSpec } from '../../../src/index.ts';
import { rejectionOf } from '../../support/failures.ts';
import { serve, type Loopback } from '../../support/loopback.ts';
import { answer, endWith, type RpcMessage } from '../support/mcp-stub.ts';
import { serveStateful } from '../support/official-servers.ts';
import { messageIn } from '../support/raw-http.ts';

function forward(
  node: Loopback,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
  setCookie: string[],
): void {
  const { host: _host, ...headers } = request.headers;
  const onward = httpRequest(
    node.origin + (request.url ?? ''),
    { method: request.method, headers },
    (from) => {
      response.writeHead(from.statusCode ?? 502, {
        ...from.headers,
        ...(setCookie.length > 0 && { 'set-cookie': setCookie }),
      });
      response.flushHeaders();
      from.pipe(response);
      response.on('close', () => from.destroy());
    },
  );
  onward.on('error', () => response.destroy());
  onward.end(body);
}

/** Two nodes with sessions of their own behind one address, which pins clients to a node by a cookie. */
async function serveBalanced() {
  const nodes = [await serveStateful(), await serveStateful()];
  let next = 0;
  const balancer = await serve((request, response, body) => {
    const pinned = /(?:^|; )lb=(\d)/.exec(request.headers.cookie ?? '')?.[1];
    const at = pinned === undefined ? next++ % nodes.length : Number(pinned);
    const node = nodes[at];
    if (node === undefined) return endWith(response, 502);
    const setCookie = pinned === undefined ? [`lb=${at}; Path=/; HttpOnly`, 'other=1; Path=/elsewhere'] : [];
    forward(node, request, response, body, setCookie);
  });
  return { balancer, nodes };
}

function resultFor({ method }: RpcMessage): object {
  if (method !== 'initialize') return {};
  return { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'a', version: '1' } };
}

/** What a server was sent as cookies, request by request. */
const cookiesOf = (server: Loopback) => server.seen.map(({ headers }) => headers.cookie);

describe('R3 two nodes behind a load balancer that pins sessions by a cookie', () => {
  it.each<[string, Partial<UrlServerSpec>]>([
    ['the usual way', {}],
    ['by a fetch of the user’s', { fetch: (url, init) => fetch(url, init) }],
    ['with headers of the spec', { headers: { 'x-team': 'blue' } }],
  ])('serve sessions, their streams and their ends: %s', async (_how, spec) => {
    const { balancer, nodes } = await serveBalanced();
    const sessions = await Promise.all(
      Array.from({ length: 4 }, () =>
        openSession({ url: balancer.url, type: 'http', ...spec }, { reconnect: false }),
      ),
    );
    for (const session of sessions) {
      await session.listTools();
      for (let call = 0; call < 3; call++)
        expect((await session.callTool('echo', { word: 'x' })).isError).not.toBe(true);
    }
    await expect.poll(() => balancer.saw('GET')).toHaveLength(4);
    expect(nodes.reduce((count, { sessions: open }) => count + open.size, 0)).toBe(4);
    for (const session of sessions) await session.close();
    expect(balancer.saw('DELETE')).toHaveLength(4);
    expect(nodes.map(({ sessions: open }) => open.size)).toEqual([0, 0]);
    // Nothing of another path.
    for (const { method, headers } of balancer.seen)
      if (headers['mcp-session-id'] !== undefined)
        expect([method, headers.cookie]).toEqual([method, expect.stringMatching(/^lb=[01]$/)]);
  });

  it('no session has the cookies of another, and a new connection has none', async () => {
    let count = 0;
    const server = await serve((request, response, body) => {
      if (request.method !== 'POST') return endWith(response, 405);
      const message = messageIn(body);
      if (message.method === 'initialize') response.setHeader('set-cookie', `who=${count++}; Path=/`);
      if (message.id === undefined) return endWith(response, 202);
      return answer(response, message, resultFor(message));
    });
    const manager = new SessionManager({ servers: { a: { url: server.url, type: 'http' } } });
    onTestFinished(() => manager.close());
    const leases = [
      await manager.acquire('a', { principal: 'x' }),
      await manager.acquire('a', { principal: 'y' }),
    ];
    for (const { session } of leases) await session.ping();
    const pings = server.seen.filter(({ body }) => body.includes('"ping"'));
    expect(pings.map(({ headers }) => headers.cookie)).toEqual(['who=0', 'who=1']);
    for (const lease of leases) await lease.release();
    const first = server.seen.length;
    const another = await openSession({ url: server.url, type: 'http' });
    onTestFinished(() => another.close());
    expect(cookiesOf(server)[first]).toBeUndefined();
  });
});

describe('R3 cookies go to their server only', () => {
  it("a caller's own cookies are kept, and those of the server follow", async () => {
    const server = await serve((request, response, body) => {
      if (request.method !== 'POST') return endWith(response, 405);
      const message = messageIn(body);
      response.setHeader('set-cookie', ['lb=2', 'mine=stolen']);
      if (message.id === undefined) return endWith(response, 202);
      return answer(response, message, resultFor(message));
    });
    const session = await openSession({ url: server.url, type: 'http', headers: { Cookie: 'mine=1' } });
    await session.ping();
    await session.close();
    expect(new Set(cookiesOf(server))).toEqual(new Set(['mine=1', 'mine=1; lb=2']));
  });

  it('a redirect to another origin takes none along, and no error or event shows one; the rest of the group notices nothing', async () => {
    const other = await serve((_request, response) => endWith(response, 200));
    const server = await serve((_request, response, body) => {
      response.setHeader('set-cookie', 'secret-cookie=abcdefghijkl');
      const echo = `your cookie was secret-cookie=abcdefghijkl`;
      if (body.includes('server/discover')) return endWith(response, 500);
      response.statusCode = body.includes('initialize') ? 307 : 400;
      response.setHeader('location', `${other.origin}/mcp`);
      response.end(echo);
    });
    const fine = await serveStateful();
    const events: unknown[] = [];
    const group = await SessionGroup.connect({
      servers: { odd: { url: server.url, type: 'http' }, fine: { url: fine.url, type: 'http' } },
      reconnect: false,
      onEvent: (event) => void events.push(event),
    });
    onTestFinished(() => group.close());
    expect(group.servers.get('fine')?.state).toBe('ready');
    const error = group.servers.get('odd')?.error;
    expect(error).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(`${String(error)} ${JSON.stringify(error)} ${JSON.stringify(events)}`).not.toContain(
      'abcdefghijkl',
    );
    expect(other.seen).toEqual([]);
  });

  it('a refusal that repeats a cookie does not show it', async () => {
    const server = await serve((request, response) => {
      response.setHeader('set-cookie', 'token=abcdefghijkl');
      response.statusCode = 400;
      response.end(`bad cookie: ${request.headers.cookie ?? 'token=abcdefghijkl'}`);
    });
    const error = await rejectionOf(openSession({ url: server.url, type: 'http' }, { reconnect: false }));
    expect(String(error)).not.toContain('abcdefghijkl');
  });
});
