import type { IncomingMessage, ServerResponse } from 'node:http';
import { SERVER_ERROR, type JsonObject } from '../server/json-rpc.ts';

const LARGEST_BODY_BYTES = 64 * 1024 * 1024;

/** The text of a request's body; undefined when it is too long or incomplete. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > LARGEST_BODY_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString();
}

/** Answers with an HTTP status and a JSON-RPC error without a request id. */
export function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  code = SERVER_ERROR,
  headers: Record<string, string> = {},
): void {
  const body = { jsonrpc: '2.0', id: null, error: { code, message } };
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** The headers, one value for each name. */
export function headersOf(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headers);
  return Object.fromEntries(entries.map(([name, value]) => [name, [value].flat().join(', ')]));
}

/** Whether the request comes from a web page of another origin. */
export function isCrossOrigin({ headers: { origin } }: IncomingMessage): boolean {
  return origin !== undefined && !/^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}

/** The header of a modern request that contradicts its body; undefined when all agree. */
export function mismatch(
  request: IncomingMessage,
  version: string,
  method: string,
  params: JsonObject,
): string | undefined {
  const { headers } = request;
  if (headers['mcp-protocol-version'] !== version) return 'MCP-Protocol-Version';
  if (headers['mcp-method'] !== method) return 'Mcp-Method';
  const isNamed = method === 'tools/call' || method === 'prompts/get' || method === 'resources/read';
  if (!isNamed) return undefined;
  const name = method === 'resources/read' ? params['uri'] : params['name'];
  return decoded(headers['mcp-name']) === name ? undefined : 'Mcp-Name';
}

function decoded(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const encoded = /^=\?base64\?(.*)\?=$/.exec(header)?.[1];
  return encoded === undefined ? header : Buffer.from(encoded, 'base64').toString();
}
