/** A JSON object of any shape; its properties are checked where they are used. */
export type JsonObject = Record<string, unknown>;

export type RequestId = string | number;

export interface RpcError {
  code: number;
  message: string;
  data?: unknown;
}

export interface RpcRequest {
  jsonrpc: '2.0';
  id: RequestId;
  method: string;
  params?: JsonObject;
}

interface RpcNotification {
  jsonrpc: '2.0';
  method: string;
  params?: JsonObject;
}

export type RpcResponse =
  { jsonrpc: '2.0'; id: RequestId; result: JsonObject } | { jsonrpc: '2.0'; id: RequestId; error: RpcError };

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
export const SERVER_ERROR = -32000;
export const SESSION_NOT_FOUND = -32001;
/** 2025-11-25 and before; later an `INVALID_PARAMS`. */
export const RESOURCE_NOT_FOUND = -32002;
export const HEADER_MISMATCH = -32020;
export const UNSUPPORTED_VERSION = -32022;

/** Keys of `_meta` in the 2026-07-28 era. */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether this is an object with `jsonrpc: '2.0'`; nothing else is checked. */
export function isRpcMessage(value: unknown): value is RpcMessage {
  return isObject(value) && value['jsonrpc'] === '2.0' && ('method' in value || 'id' in value);
}

export function isRequest(message: RpcMessage): message is RpcRequest {
  return 'method' in message && 'id' in message;
}

export function isResponse(message: RpcMessage): message is RpcResponse {
  return !('method' in message);
}

/** The protocol version in the message's `_meta`, which every request of the 2026-07-28 era has. */
export function claimedVersion(message: RpcMessage): string | undefined {
  if (isResponse(message)) return undefined;
  const version = metaOf(message.params)[META.protocolVersion];
  return typeof version === 'string' ? version : undefined;
}

export function metaOf(params: JsonObject | undefined): JsonObject {
  const meta = params?.['_meta'];
  return isObject(meta) ? meta : {};
}

/** The value of a JSON text, or undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
