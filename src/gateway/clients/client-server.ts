import type {
  JsonSchemaType,
  LoggingLevel,
  McpServer,
  Server,
  ServerCapabilities,
  ServerContext,
  ServerOptions,
  StandardSchemaV1,
  Tool,
} from '@modelcontextprotocol/server';
import { isRecord } from '../../internal/checks.ts';
import { isAtLeast, isLogLevel } from '../../internal/log-levels.ts';
import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import type { RawRequest } from '../../session/session.ts';
import { senderOf, type Identity } from '../identity/identity.ts';
import type { OfficialServer } from '../official-server.ts';
import type { CallClock } from '../routing/call-clock.ts';
import { LOG_LEVEL } from '../routing/hop-meta.ts';
import type { ClientRequest } from '../routing/client-request.ts';
import { RpcError } from '../routing/rpc-error.ts';
import type { ClientChannel, Exchange, GatewayClient } from './gateway-client.ts';

type Result = Record<string, unknown>;

/** What the official server of a client hands on. */
export interface ClientListener {
  onRequest(exchange: Exchange, request: ClientRequest): Promise<Result>;
}

/** How a gateway presents itself to a client. */
export interface Presentation {
  readonly info: { readonly name: string; readonly version: string };
  readonly capabilities: ServerCapabilities;
  readonly instructions?: string;
}

/** Accepts any result: what clients answer is checked where it is used. */
const anyResult: StandardSchemaV1<unknown, Result> = {
  '~standard': {
    version: 1,
    vendor: 'mcp-plenum',
    validate: (value) => ({ value: isRecord(value) ? value : {} }),
  },
};

/**
 * Makes the official server that speaks with one client. It knows the protocol; what requests mean is not its business:
 * all of them are handed on as they came, and answered with what comes back, so that no field is lost on the way.
 */
export function createClientServer(
  sdk: OfficialServer,
  presentation: Presentation,
  clientOf: (ctx: ServerContext) => GatewayClient,
  listener: ClientListener,
): Server {
  const server = new sdk.Server(presentation.info, optionsOf(presentation));
  answerAll(sdk, server, clientOf, listener);
  return server;
}

/**
 * The same for one call of a tool of which some arguments are HTTP headers, too: the official high-level server compares
 * them, when it knows the tool.
 */
export function createHeaderCheckingServer(
  sdk: OfficialServer,
  presentation: Presentation,
  { name, inputSchema }: Pick<Tool, 'name' | 'inputSchema'>,
  clientOf: (ctx: ServerContext) => GatewayClient,
  listener: ClientListener,
): McpServer {
  const server = new sdk.McpServer(presentation.info, optionsOf(presentation));
  if (isJsonSchema(inputSchema))
    server.registerTool(name, { inputSchema: sdk.fromJsonSchema(inputSchema) }, () => ({ content: [] }));
  // It is to know the tool, not to answer.
  for (const method of ['tools/list', 'tools/call']) server.server.removeRequestHandler(method);
  answerAll(sdk, server.server, clientOf, listener);
  return server;
}

function isJsonSchema(schema: unknown): schema is JsonSchemaType {
  return isRecord(schema);
}

function optionsOf({ capabilities, instructions }: Presentation): ServerOptions {
  return {
    capabilities,
    ...(instructions !== undefined && { instructions }),
  };
}

function answerAll(
  sdk: OfficialServer,
  server: Server,
  clientOf: (ctx: ServerContext) => GatewayClient,
  listener: ClientListener,
): void {
  // The official handler keeps the level to itself.
  server.removeRequestHandler('logging/setLevel');
  server.fallbackRequestHandler = async ({ method, params }, ctx) => {
    const state: unknown = ctx.mcpReq.requestState();
    return listener.onRequest(new OfficialExchange(clientOf(ctx), ctx, sdk), {
      method,
      params: params ?? {},
      inputResponses: ctx.mcpReq.inputResponses,
      requestState: typeof state === 'string' ? state : undefined,
    });
  };
}

/** One request, as the official server reports it. */
class OfficialExchange implements Exchange {
  readonly client: GatewayClient;
  readonly identity: Identity;
  clock: CallClock | undefined;
  readonly #ctx: ServerContext;
  readonly #sdk: OfficialServer;

  constructor(client: GatewayClient, ctx: ServerContext, sdk: OfficialServer) {
    this.client = client;
    this.identity = senderOf(ctx.http?.req) ?? client.identity;
    this.#ctx = ctx;
    this.#sdk = sdk;
  }

  get signal(): AbortSignal {
    return this.#ctx.mcpReq.signal;
  }

  get http(): Request | undefined {
    return this.#ctx.http?.req;
  }

  get progressToken(): unknown {
    return this.#ctx.mcpReq._meta?.progressToken;
  }

  async notify({ method, params }: RawRequest): Promise<void> {
    await this.#ctx.mcpReq.notify({ method, ...(params !== undefined && { params: { ...params } }) });
  }

  async ask({ method, params }: RawRequest, signal: AbortSignal): Promise<Result> {
    const request = { method, ...(params !== undefined && { params: { ...params } }) };
    try {
      return await this.#ctx.mcpReq.send(request, anyResult, { timeout: LONGEST_TIMER_MS, signal });
    } catch (error) {
      // The client's own error is an answer, too: it goes to the server, and back to the client if the call fails by it.
      if (error instanceof this.#sdk.ProtocolError) throw new RpcError(error.code, error.message, error.data);
      throw error;
    }
  }

  /** A client of 2026-07-28 says so with each request. */
  get logLevel(): LoggingLevel | undefined {
    if (this.client.era === 'legacy') return this.client.logLevel;
    const { envelope } = this.#ctx.mcpReq;
    const least: unknown = envelope && Reflect.get(envelope, LOG_LEVEL);
    return isLogLevel(least) ? least : undefined;
  }

  wantsLog(level: LoggingLevel): boolean {
    if (this.client.era === 'legacy') return this.client.wantsLog(level);
    const least = this.logLevel;
    return least !== undefined && isAtLeast(level, least);
  }
}

/** Reaches a client outside its requests, through its official server. */
export class ServerChannel implements ClientChannel {
  readonly #serverOf: () => Server | undefined;
  readonly #isOpen: () => boolean;

  constructor(serverOf: () => Server | undefined, isOpen: () => boolean) {
    this.#serverOf = serverOf;
    this.#isOpen = isOpen;
  }

  get isOpen(): boolean {
    return this.#isOpen();
  }

  async notify({ method, params }: RawRequest): Promise<void> {
    await this.#serverOf()?.notification({ method, ...(params !== undefined && { params: { ...params } }) });
  }

  async ask({ method, params }: RawRequest, signal: AbortSignal): Promise<Result> {
    const request = { method, ...(params !== undefined && { params: { ...params } }) };
    const server = this.#serverOf();
    if (server === undefined) throw new Error('The client has not said yet how it speaks.');
    return server.request(request, anyResult, { timeout: LONGEST_TIMER_MS, signal });
  }
}
