import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../support/failures.ts';
import { serve, type Loopback } from '../../support/loopback.ts';
import { connectBeside } from '../../support/neighbour.ts';
import { openEventStream, endWith, type RpcMessage } from '../support/mcp-stub.ts';

interface Odd {
  /** Answers the request for the event stream; false to let it open. */
  readonly onStream?: (response: ServerResponse, nr: number) => boolean;
  /** Answers a request other than `initialize`; false to let it be answered as it should. */
  readonly onRequest?: (message: RpcMessage, response: ServerResponse, cookie: string) => boolean;
}

const RESULTS: Record<string, object> = {
  initialize: {
    protocolVersion: '2024-11-05',
    capabilities: { tools: {} },
    serverInfo: { name: 'a', version: '1' },
  },
  'tools/list': { tools: [{ name: 't', inputSchema: { type: 'object' } }] },
  'tools/call': { content: [] },
};

/** A server of the old transport that misbehaves in one way. */
async function serveOdd({ onStream, onRequest }: Odd): Promise<Loopback> {
  let streams = 0;
  let stream: ServerResponse | undefined;
  return serve((request, response, body) => {
    if (request.method === 'GET') {
      if (onStream?.(response, ++streams) === true) return;
      response.setHeader('set-cookie', 'lb=7; Path=/; HttpOnly');
      openEventStream(response);
      response.write('event: endpoint\ndata: /messages?session=1\n\n');
      stream = response;
      return;
    }
    const message: RpcMessage = JSON.parse(body);
    if (onRequest?.(message, response, request.headers.cookie ?? '') === true) return;
    endWith(response, 202);
    const { id, method } = message;
    const result = RESULTS[method];
    const error = { code: -32_601, message: 'Method not found' };
    const answer = { jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) };
    if (id !== undefined) stream?.write(`event: message\ndata: ${JSON.stringify(answer)}\n\n`);
  });
}

function fail(response: ServerResponse, status: number, body: object | string, headers = {}): true {
  response.writeHead(status, headers);
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
  return true;
}

const error = { code: -32_050, message: 'The disk is full', data: { free: 0 } };
const beside = (server: Loopback, more = {}) =>
  connectBeside({ servers: { odd: { url: server.url, type: 'sse', ...more } } });

describe('R7 a server of the old SSE transport answers a message with an HTTP error', () => {
  it.each([400, 404, 422, 500, 503])(
    '%i: the JSON-RPC error in its body is the error of the call',
    async (status) => {
      const server = await serveOdd({
        onRequest: ({ id, method }, response) =>
          method === 'tools/call' && fail(response, status, { jsonrpc: '2.0', id, error }),
      });
      const { group, expectUntouched } = await beside(server);
      expect(await failureOf(group.callTool('odd__t'))).toMatchObject({
        code: 'PROTOCOL',
        rpcCode: error.code,
        rpcMessage: error.message,
        data: error.data,
        maybeExecuted: status !== 404,
      });
      expect(group.servers.get('odd')?.state).toBe('ready');
      await expectUntouched();
    },
  );

  it.each<[what: string, body: object | string]>([
    ['nothing', ''],
    ['an error without an id', { jsonrpc: '2.0', error }],
    ['an error with the id null', { jsonrpc: '2.0', id: null, error }],
  ])('404 with %s: it does not know the session any more', async (_what, body) => {
    let isForgotten = false;
    const server = await serveOdd({
      onStream: () => (isForgotten = false),
      onRequest: (_message, response) => isForgotten && fail(response, 404, body),
    });
    const { group, expectUntouched } = await beside(server);
    isForgotten = true;
    await group.callTool('odd__t').catch(() => {});
    await expect.poll(() => server.saw('GET')).toHaveLength(2);
    await expect.poll(() => group.servers.get('odd')?.state).toBe('ready');
    expect(await group.callTool('odd__t')).toEqual({ content: [] });
    await expectUntouched();
  });
});

describe('R7 a server of the old SSE transport refuses its event stream', () => {
  it.each([400, 404, 500])('%i: with the JSON-RPC error in the body', async (status) => {
    const server = await serveOdd({
      onStream: (response) => fail(response, status, { jsonrpc: '2.0', id: null, error }),
    });
    const { group, expectUntouched } = await beside(server, { reconnect: false });
    const failure = group.servers.get('odd')?.error;
    expect(failure).toMatchObject({
      code: 'CONNECT_FAILED',
      rpcCode: error.code,
      rpcMessage: error.message,
      data: { status, rpcData: error.data },
    });
    expect(failure?.message).toContain(`HTTP ${status} with error -32050: The disk is full.`);
    await expectUntouched();
  });
});

describe('R13 a server of the old SSE transport that asks to wait', () => {
  it.each([429, 503])('with %i where its stream opens: it is left alone for that time', async (status) => {
    const times: number[] = [];
    const server = await serveOdd({
      onStream: (response, nr) => {
        times.push(performance.now());
        return nr === 1 && fail(response, status, 'later', { 'retry-after': '0.4' });
      },
    });
    const { group, expectUntouched } = await beside(server);
    await expect.poll(() => group.tools.has('odd__t'), { timeout: 20_000 }).toBe(true);
    const [first = 0, second = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(390);
    expect(times).toHaveLength(2);
    await expectUntouched();
  });

  it.each([429, 503])('with %i for a call: the call says so, and did not run', async (status) => {
    const server = await serveOdd({
      onRequest: ({ method }, response) =>
        method === 'tools/call' && fail(response, status, 'later', { 'retry-after': '7' }),
    });
    const { group, expectUntouched } = await beside(server);
    expect(await failureOf(group.callTool('odd__t'))).toMatchObject({
      retryAfterMs: 7_000,
      maybeExecuted: false,
    });
    await expectUntouched();
  });
});

describe('R3 two nodes with the old SSE transport behind a load balancer', () => {
  it('are told apart by the cookie that came with the stream', async () => {
    const server = await serveOdd({
      onRequest: (_message, response, cookie) =>
        cookie !== 'lb=7' && fail(response, 404, 'Session not found'),
    });
    const { group, expectUntouched } = await beside(server);
    expect(await group.callTool('odd__t')).toEqual({ content: [] });
    expect(server.saw('GET')).toHaveLength(1);
    await expectUntouched();
  });
});

describe('R17 a server of the old SSE transport that fails to list its tools once', () => {
  it.each<[what: string, body: object | string]>([
    ['a text', 'starting'],
    ['a JSON-RPC error', { jsonrpc: '2.0', id: null, error }],
  ])('with HTTP 500 and %s: they are listed a little later', async (_what, body) => {
    let lists = 0;
    const server = await serveOdd({
      onRequest: ({ method }, response) =>
        method === 'tools/list' && ++lists === 1 && fail(response, 500, body),
    });
    const { group, expectUntouched } = await beside(server);
    await expect.poll(() => group.tools.has('odd__t')).toBe(true);
    expect(group.servers.get('odd')?.state).toBe('ready');
    await expectUntouched();
  });
});
