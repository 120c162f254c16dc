import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose';
import { onTestFinished } from 'vitest';

export interface ResourceServer {
  readonly url: string;
  /** Every access token that was shown, once for each request. */
  readonly tokens: readonly string[];
  /** Those that were shown with a call of a tool: lists may be read at any time. */
  readonly calls: readonly string[];
  /** From now on the tokens shown so far are refused. */
  expireTokens(): void;
  /** Called before a request with a token that is good is served. */
  onAuthorized: (count: number) => void;
}

/** Whether it serves a request. */
export type RequestFilter = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface ResourceServerOptions {
  /** The authorization server, as its issuer. */
  issuer: string;
  /** What the metadata say, in place of the issuer. */
  authorizationServers?: string[];
  /** A server of HTTP to be served by, on its origin, in place of one of its own. */
  behind?: { readonly issuer: string; serveElse: RequestFilter } | undefined;
  /** Replaces or adds to the metadata. */
  metadata?: (url: string) => Record<string, unknown>;
  /** Where the metadata are. @default '/.well-known/oauth-protected-resource/mcp' */
  metadataPath?: string;
  /** The scope that calling the tool `write` takes. */
  writeScope?: string;
  /** The names of the tools that a user is shown. @default read and write */
  toolsOf?: (user: string) => readonly string[];
}

/** An official server that serves whoever has a token of `issuer` for it, and ends with the test. */
export async function startResourceServer(options: ResourceServerOptions): Promise<ResourceServer> {
  const { issuer, writeScope } = options;
  const keys = createRemoteJWKSet(new URL('/jwks', issuer));
  const handler = createMcpHandler(({ authInfo }) =>
    makeServer(options.toolsOf?.(String(authInfo?.extra?.['user'])) ?? ['read', 'write']),
  );
  const handle = toNodeHandler(handler);
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { behind } = options;
  const origin = behind?.issuer ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${origin}/mcp`;
  const metadataUrl = new URL(options.metadataPath ?? '/.well-known/oauth-protected-resource/mcp', origin);

  if (behind !== undefined) {
    behind.serveElse = (request, response) => {
      const isOurs = request.url === '/mcp' || request.url === metadataUrl.pathname;
      if (isOurs) void serve(request, response);
      return isOurs;
    };
  }

  const tokens: string[] = [];
  const shownWithCalls: string[] = [];
  const expired = new Set<string>();
  let authorized = 0;
  const resourceServer = {
    url,
    tokens,
    calls: shownWithCalls,
    expireTokens: () => tokens.forEach((token) => expired.add(token)),
    onAuthorized: (_count: number): void => {},
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === metadataUrl.pathname) {
      const metadata = {
        resource: url,
        authorization_servers: options.authorizationServers ?? [issuer],
        scopes_supported: ['mcp:read'],
        ...options.metadata?.(url),
      };
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify(metadata));
    }
    let text = '';
    for await (const chunk of request) text += chunk;
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const claims = await verify(
      request.headers.authorization,
      request.headers['mcp-method'] === 'tools/call',
    );
    if (claims === undefined) return refuse(response, 401, 'error="invalid_token"');
    const scopes = String(claims['scope']).split(' ');
    if (writeScope !== undefined && calls(body, 'write') && !scopes.includes(writeScope)) {
      return refuse(response, 403, `error="insufficient_scope", scope="${writeScope}"`);
    }
    resourceServer.onAuthorized(++authorized);
    const { method = 'GET', url: path = '/' } = request;
    const auth = { token: '', clientId: '', scopes, extra: { user: claims.sub } };
    await handle(Object.assign(request, { method, url: path, auth }), response, body);
  }

  async function verify(header: string | undefined, isCall: boolean): Promise<JWTPayload | undefined> {
    const token = /^(?:Bearer|DPoP) (.+)$/.exec(header ?? '')?.[1];
    if (token === undefined) return undefined;
    tokens.push(token);
    if (isCall) shownWithCalls.push(token);
    if (expired.has(token)) return undefined;
    const verified = await jwtVerify(token, keys, { issuer, audience: url }).catch(() => undefined);
    return verified?.payload;
  }

  function refuse(response: ServerResponse, status: number, why: string): void {
    response.statusCode = status;
    response.setHeader('www-authenticate', `Bearer ${why}, resource_metadata="${metadataUrl.href}"`);
    response.end();
  }

  onTestFinished(async () => {
    await handler.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return resourceServer;
}

function makeServer(tools: readonly string[]): McpServer {
  const server = new McpServer({ name: 'protected', version: '1.0.0' });
  for (const name of tools) {
    server.registerTool(name, {}, () => ({ content: [{ type: 'text', text: name }] }));
  }
  return server;
}

function calls(body: unknown, tool: string): boolean {
  const { params } = (body ?? {}) as { params?: { name?: unknown } };
  return params?.name === tool;
}
