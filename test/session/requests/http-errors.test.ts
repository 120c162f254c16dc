import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { UrlServerSpec } from '../../../src/index.ts';
import { answer, endWith, serveStub, type RpcMessage } from '../../transport/support/mcp-stub.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { serve, type Loopback } from '../../support/loopback.ts';
import { local, tools } from '../../support/servers.ts';
import { open, openFailure } from '../support/open.ts';

/** By the socket pool, and by a `fetch` of the user's, which only the official transport calls. */
const WAYS: Record<string, Partial<UrlServerSpec>> = {
  'the lean way': {},
  'the official way': { fetch: (url, init) => fetch(url, init) },
};

const STATUSES = [400, 404, 409, 422, 500, 502] as const;
const fault = { code: -32_050, message: 'The \u001b[31mdisk is full', data: { free: 0 } };

function refuse(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}

function rpcError({ id }: RpcMessage): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: fault });
}

function refusing(status: number, body: (message: RpcMessage) => string, headers = {}): Promise<Loopback> {
  return serveStub({ onRequest: (message, response) => refuse(response, status, body(message), headers) });
}

describe.each(Object.entries(WAYS))('R7 an HTTP error, %s', (_name, way) => {
  it.each(STATUSES)('%i: a JSON-RPC error in its body is the error of a call', async (status) => {
    const server = await refusing(status, rpcError);
    const other = local({ tools: tools('echo') });
    const group = await connectGroup({
      servers: { peer: { url: server.url, type: 'http', ...way }, other: { server: other } },
      protocol: 'legacy',
    });
    const error = await failureOf(group.session('peer').callTool('any'));
    expect(error).toMatchObject({
      code: 'PROTOCOL',
      server: 'peer',
      rpcCode: fault.code,
      rpcMessage: fault.message,
      data: fault.data,
      maybeExecuted: status !== 404,
    });
    expect(error.message).toContain(`HTTP ${status}`);
    expect(error.message).toContain('disk is full');
    expect(error.message).not.toContain('\u001b');
    await group.callTool('other__echo');
    expect(other.connections).toBe(1);
  });

  it.each(STATUSES)('%i: and of a list', async (status) => {
    const server = await refusing(status, rpcError);
    const { session } = await open({ url: server.url, ...way }, { protocol: 'legacy' });
    expect(await failureOf(session.listTools())).toMatchObject({
      code: 'PROTOCOL',
      rpcCode: fault.code,
      rpcMessage: fault.message,
      data: fault.data,
    });
  });

  it.each(STATUSES)('%i: and of the handshake', async (status) => {
    const server = await serve((_request, response, body) =>
      refuse(response, status, rpcError(JSON.parse(body) as RpcMessage)),
    );
    const error = await openFailure({ url: server.url, ...way }, { protocol: 'legacy' });
    expect(error).toMatchObject({
      code: 'CONNECT_FAILED',
      rpcCode: fault.code,
      rpcMessage: fault.message,
      data: { status, rpcData: fault.data },
    });
    expect(error.message).toContain('disk is full');
  });

  it('that asks for credentials has the words of the server, too', async () => {
    for (const status of [401, 403]) {
      const server = await refusing(status, rpcError);
      const { session } = await open({ url: server.url, ...way }, { protocol: 'legacy' });
      const error = await failureOf(session.callTool('any'));
      expect(error).toMatchObject({
        code: 'AUTH_REQUIRED',
        data: { status },
        rpcCode: fault.code,
        rpcMessage: fault.message,
        maybeExecuted: false,
      });
    }
  });

  it('shows the first words of any other body', async () => {
    const bodies: readonly [string, string][] = [
      ['<html><head><title>Bad Gateway</title></head></html>', 'HTTP 500: Bad Gateway.'],
      ['upstream\n  connect error', 'HTTP 500: upstream connect error.'],
      ['{"detail":"no"}', 'HTTP 500: {"detail":"no"}.'],
      ['', 'HTTP 500.'],
      ['\u202eabc', String.raw`HTTP 500: \u{202e}abc.`],
      ['\u001b[31mred', String.raw`HTTP 500: \u{1b}[31mred.`],
    ];
    for (const [body, words] of bodies) {
      const server = await refusing(500, () => body);
      const { session } = await open({ url: server.url, ...way }, { protocol: 'legacy' });
      const error = await failureOf(session.callTool('any'));
      expect(error).toMatchObject({ code: 'PROTOCOL', data: { status: 500 }, maybeExecuted: true });
      expect(error.message).toContain(words);
      expect(String(error.cause)).not.toContain('\u001b');
    }
  });

  it('with a body of a gigabyte is cut, and one that hangs ends soon', async () => {
    const server = await serveStub({
      onRequest: ({ params }, response) => {
        response.writeHead(500, { 'content-type': 'text/plain' });
        if (params?.['name'] === 'hang') return void response.write('half a word');
        const pour = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', pour);
        pour();
      },
    });
    const { session } = await open({ url: server.url, ...way }, { protocol: 'legacy' });
    const big = await failureOf(session.callTool('big'));
    expect(big.message).toMatch(/HTTP 500: x{200}…/);
    const hanging = await failureOf(session.callTool('hang'));
    expect(hanging.message).toContain('HTTP 500: half a word');
    const short = await failureOf(session.callTool('hang', {}, { timeoutMs: 100 }));
    expect(short).toMatchObject({ code: 'TIMEOUT', maybeExecuted: true });
  });

  it('does not show the secrets of the request, which it repeats', async () => {
    const token = 'tok/en+1234567890==';
    const key = 'k-e-y-0987654321';
    const part = 'a1b2c3d4e5f6a7b8c9';
    const server = await serve((request, response, body) => {
      const message = body === '' ? undefined : (JSON.parse(body) as RpcMessage);
      if (message?.id === undefined) return endWith(response, message === undefined ? 405 : 202);
      if (message.method === 'initialize') {
        response.setHeader('mcp-session-id', 'session-secret-1');
        return answer(response, message, {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'stub', version: '1.0.0' },
        });
      }
      const seen = `${request.url} ${JSON.stringify(request.headers)} ${decodeURIComponent(request.url ?? '')}`;
      if (message.method === 'ping') return answer(response, message, {});
      const error = { code: -32_050, message: seen, data: { seen } };
      const rpc = JSON.stringify({ jsonrpc: '2.0', id: message.id, error });
      refuse(response, 500, message.params?.['name'] === 'json' ? rpc : seen);
    });
    const url = new URL(server.url);
    url.pathname = `/${part}/mcp`;
    url.searchParams.set('key', key);
    const spec = { url, headers: { authorization: `Bearer ${token}`, 'x-api-key': key }, ...way };
    const { session } = await open(spec, { protocol: 'legacy' });
    for (const tool of ['json', 'text']) {
      const error = await failureOf(session.callTool(tool));
      const shown = `${error.message} ${error.rpcMessage} ${JSON.stringify(error.data)} ${String(error.cause)}`;
      expect(shown).toContain('[hidden]');
      for (const secret of [token, key, part, 'session-secret-1', encodeURIComponent(token)])
        expect(shown).not.toContain(secret);
    }
  });
});
