import { randomUUID } from 'node:crypto';
import type { ClientCapabilities, LoggingLevel } from '@modelcontextprotocol/server';
import { isRecord } from '../../internal/checks.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { onAbort } from '../../internal/limit.ts';
import type { RawRequest } from '../../session/session.ts';
import { isLogLevel } from '../../internal/log-levels.ts';
import { GatewayClient, type ClientChannel, type Exchange } from '../clients/gateway-client.ts';
import type { Identity } from '../identity/identity.ts';
import { readAs, type OfficialServer } from '../official-server.ts';
import type { CallClock } from '../routing/call-clock.ts';
import { Denied, isDenialReason } from '../routing/denied.ts';
import { INTERNAL_ERROR, RpcError, toRpcError } from '../routing/rpc-error.ts';
import type { ClientRequest } from '../routing/client-request.ts';
import type { Envelope } from './envelopes.ts';
import type { IncomingCall, OutgoingCall } from './node-calls.ts';

type Body = Envelope['body'];
type Result = Record<string, unknown>;

/** What the owner of a server has to know of the client of a request. */
export function sentClient(
  { id, era, capabilities, isForPrincipal }: GatewayClient,
  identity: Identity,
): Body {
  return { id, era, capabilities, isForPrincipal, identity };
}

/** The client of another node, as it was sent. Throws for what no node sends. */
export function readClient(
  { specTypeSchemas }: OfficialServer,
  sent: unknown,
  channel: ClientChannel | undefined,
): GatewayClient {
  const { id, era, capabilities, isForPrincipal, identity } = isRecord(sent) ? sent : {};
  if (typeof id !== 'string' || !isRecord(identity) || typeof identity['principal'] !== 'string')
    throw new TypeError('This is no client.');
  const client = new GatewayClient(id, readIdentity(identity), era === 'legacy' ? 'legacy' : 'modern');
  const read: ClientCapabilities | undefined = readAs(specTypeSchemas.ClientCapabilities, capabilities);
  client.capabilities = read ?? {};
  client.isForPrincipal = isForPrincipal === true;
  client.channel = channel;
  return client;
}

function readIdentity({ principal, claims, scopes, key, expiresAt }: Record<string, unknown>): Identity {
  return {
    principal: String(principal),
    ...(isRecord(claims) && { claims }),
    ...(Array.isArray(scopes) && { scopes: scopes.map(String) }),
    ...(typeof key === 'string' && { key }),
    ...(typeof expiresAt === 'number' && { expiresAt }),
  };
}

/** A request as it is sent to the owner of its server. */
export function sentRequest(exchange: Exchange, request: ClientRequest): Body {
  const { method, params, inputResponses, requestState } = request;
  return {
    about: 'request',
    client: sentClient(exchange.client, exchange.identity),
    request: { method, params, inputResponses, requestState },
    progressToken: exchange.progressToken,
    logLevel: exchange.logLevel,
  };
}

export function readRequest(sent: unknown): ClientRequest {
  const { method, params, inputResponses, requestState } = isRecord(sent) ? sent : {};
  if (typeof method !== 'string' || !isRecord(params)) throw new TypeError('This is no request.');
  return {
    method,
    params,
    inputResponses: isRecord(inputResponses) ? inputResponses : undefined,
    requestState: typeof requestState === 'string' ? requestState : undefined,
  };
}

/** A request of another node's client, where its server is. */
export class ForwardedExchange implements Exchange {
  readonly client: GatewayClient;
  readonly identity: Identity;
  readonly progressToken: unknown;
  readonly logLevel: LoggingLevel | undefined;
  clock: CallClock | undefined;
  readonly #call: IncomingCall;
  /** The questions that the client was asked, by id. */
  readonly #asked = new Map<string, Deferred<Result>>();

  constructor(call: IncomingCall, client: GatewayClient) {
    const { progressToken, logLevel } = call.body;
    this.#call = call;
    this.client = client;
    this.identity = client.identity;
    this.progressToken = progressToken ?? undefined;
    this.logLevel = isLogLevel(logLevel) ? logLevel : undefined;
    client.logLevel = this.logLevel;
    call.onPart = (part) => this.#onPart(part);
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  wantsLog(level: LoggingLevel): boolean {
    return this.client.wantsLog(level);
  }

  async notify({ method, params }: RawRequest): Promise<void> {
    this.#call.send({ notify: { method, params } });
  }

  async ask({ method, params }: RawRequest, signal: AbortSignal): Promise<Result> {
    const id = randomUUID();
    const answered = createDeferred<Result>();
    this.#asked.set(id, answered);
    this.#call.send({ ask: id, request: { method, params } });
    const stopListening = onAbort(signal, () => {
      this.#call.send({ enough: id });
      answered.reject(signal.reason);
    });
    try {
      return await answered.promise;
    } finally {
      stopListening();
      this.#asked.delete(id);
    }
  }

  #onPart({ answered, outcome }: Body): void {
    const question = typeof answered === 'string' ? this.#asked.get(answered) : undefined;
    if (question === undefined) return;
    try {
      question.resolve(readOutcome(outcome));
    } catch (error) {
      question.reject(error);
    }
  }
}

/** Does for the owner of a server what only the node of the client can: tells and asks it. */
export class ClientSide {
  readonly #exchange: Exchange;
  /** Ends the questions that the client is asked, by id. */
  readonly #asking = new Map<string, AbortController>();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  onPart({ notify, ask, request, enough }: Body, call: OutgoingCall): void {
    const notification = readRaw(notify);
    if (notification !== undefined) this.#exchange.notify(notification).catch(() => {}); // The client is gone.
    const question = readRaw(request);
    if (typeof ask === 'string' && question !== undefined) void this.#ask(ask, question, call);
    if (typeof enough === 'string') this.#asking.get(enough)?.abort();
  }

  /** The call is over: the client is asked nothing more for it. */
  end(): void {
    for (const controller of this.#asking.values()) controller.abort();
  }

  async #ask(id: string, question: RawRequest, call: OutgoingCall): Promise<void> {
    const controller = new AbortController();
    this.#asking.set(id, controller);
    const outcome = await sentOutcome(this.#exchange.ask(question, controller.signal));
    this.#asking.delete(id);
    call.send({ answered: id, outcome });
  }
}

export function readRaw(sent: unknown): RawRequest | undefined {
  const { method, params } = isRecord(sent) ? sent : {};
  if (typeof method !== 'string') return undefined;
  return { method, ...(isRecord(params) && { params }) };
}

/** A result, or the error that a client is to get. Never rejects. */
export async function sentOutcome(work: Promise<unknown>): Promise<Body> {
  try {
    return { result: await work };
  } catch (error) {
    const rpcError = toRpcError(error);
    const { code, message, data } = rpcError;
    const denied =
      rpcError instanceof Denied ? { reason: rpcError.reason, server: rpcError.server } : undefined;
    return { error: { code, message, data }, denied };
  }
}

/** Throws the error that was sent. */
export function readOutcome(sent: unknown): Result {
  const { result, error, denied } = isRecord(sent) ? sent : {};
  if (isRecord(result)) return result;
  const { code, message, data } = isRecord(error) ? error : {};
  if (typeof code !== 'number' || typeof message !== 'string')
    throw new RpcError(INTERNAL_ERROR, 'Internal error');
  const rpcError = new RpcError(code, message, data);
  const { reason, server } = isRecord(denied) ? denied : {};
  if (isDenialReason(reason) && typeof server === 'string') throw new Denied(reason, server, rpcError);
  throw rpcError;
}
