import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { sleep } from '../../internal/limit.ts';
import type { Call, ClientState, Origin, Reply, ServerContext, Outcome } from './call.ts';
import { answer, isHandshake } from './dispatch.ts';
import {
  META,
  SERVER_ERROR,
  claimedVersion,
  isRequest,
  isResponse,
  type JsonObject,
  type RequestId,
  type RpcMessage,
  type RpcRequest,
  type RpcResponse,
} from './json-rpc.ts';
import { stamp } from './modern-era.ts';
import type { Era, ListKind } from '../script/script.ts';

/** Sends to one client; the host provides it. Neither function throws; after the end they do nothing. */
export interface Channel {
  /** Sends a message. `related` is the request that it belongs to; `last` marks the last message for that request. */
  send(message: RpcMessage, related?: RequestId, last?: boolean): void;
  /** Sends a line that is no message; absent where the transport cannot. */
  sendRaw?(line: string | Buffer, related?: RequestId): void;
  origin(related?: RequestId): Origin;
  close(): void;
}

/** The server as a peer sees it: shared state, and callbacks for the server's logs. */
export interface Observer {
  readonly context: ServerContext;
  /** Runs `act` now, or when the server is no longer hung. */
  whenAwake(act: () => void): void;
  sawRequest(request: RpcRequest): void;
  sawNotification(method: string, params: JsonObject | undefined): void;
  sawCancel(request: RpcRequest): void;
  sawReply(method: string, reply: Reply): void;
  sawEnd(peer: Peer): void;
}

interface Running {
  readonly request: RpcRequest;
  readonly controller: AbortController;
  stubborn: boolean;
}

/** One client at the other end of one channel. */
export class Peer {
  readonly client: ClientState = {
    initialized: false,
    logLevel: 'debug',
    subscriptions: new Set(),
    listens: new Map(),
  };
  readonly #channel: Channel;
  readonly #observer: Observer;
  readonly #running = new Map<RequestId, Running>();
  readonly #asked = new Map<RequestId, { method: string; reply: Deferred<Reply> }>();
  #nextId = 1;
  #isPastHandshake = false;
  #ended = false;

  constructor(channel: Channel, observer: Observer) {
    this.#channel = channel;
    this.#observer = observer;
    this.#litter('start');
  }

  /** Requests that have no answer yet. */
  get running(): number {
    return this.#running.size;
  }

  receive(message: RpcMessage): void {
    this.#observer.whenAwake(() => this.#take(message));
  }

  /** Handles the client's cancellation of this request. */
  cancel(id: RequestId): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    this.#observer.sawCancel(running.request);
    running.controller.abort();
  }

  notify(method: string, params?: JsonObject, related?: RequestId): void {
    this.#send({ jsonrpc: '2.0', method, ...(params && { params }) }, related);
  }

  /** Notifies the client that a list has changed, in its era's way, if it subscribed. */
  announce(kind: ListKind): void {
    const list = kind === 'resourceTemplates' ? 'resources' : kind;
    const method = `notifications/${list}/list_changed`;
    if (this.client.initialized) this.notify(method);
    this.#notifyListeners((wanted) => wanted[`${list}ListChanged`] === true, method);
  }

  /** Notifies the client that a resource has changed, if it subscribed to it. */
  resourceUpdated(uri: string): void {
    const method = 'notifications/resources/updated';
    if (this.client.subscriptions.has(uri)) this.notify(method, { uri });
    const wants = (wanted: JsonObject): boolean => {
      const uris = wanted['resourceSubscriptions'];
      return Array.isArray(uris) && uris.includes(uri);
    };
    this.#notifyListeners(wants, method, { uri });
  }

  ask(method: string, params?: JsonObject, related?: RequestId): Promise<Reply> {
    const reply = createDeferred<Reply>();
    if (this.#ended) {
      reply.resolve(goneReply);
      return reply.promise;
    }
    const id = `server-${this.#nextId++}`;
    this.#asked.set(id, { method, reply });
    this.#send({ jsonrpc: '2.0', id, method, ...(params && { params }) }, related);
    return reply.promise;
  }

  /** Aborts all that runs for this client; with `graceful`, its subscriptions are answered first. */
  end(graceful = false): void {
    if (this.#ended) return;
    if (graceful) {
      for (const id of this.client.listens.keys()) {
        const result = { resultType: 'complete', _meta: { [META.subscriptionId]: id } };
        this.#channel.send({ jsonrpc: '2.0', id, result }, id, true);
      }
    }
    this.#ended = true;
    for (const { controller } of this.#running.values()) controller.abort();
    for (const { reply } of this.#asked.values()) reply.resolve(goneReply);
    this.#running.clear();
    this.#asked.clear();
    this.#observer.sawEnd(this);
    this.#channel.close();
  }

  #take(message: RpcMessage): void {
    if (this.#ended) return;
    if (isResponse(message)) return this.#takeReply(message);
    if (isRequest(message)) return void this.#serve(message);
    this.#observer.sawNotification(message.method, message.params);
    if (message.method === 'notifications/cancelled') this.cancel(message.params?.['requestId'] as RequestId);
    if (message.method === 'notifications/initialized') this.#afterHandshake();
  }

  #takeReply(response: RpcResponse): void {
    const asked = this.#asked.get(response.id);
    if (asked === undefined) return;
    this.#asked.delete(response.id);
    const reply = 'error' in response ? { error: response.error } : { result: response.result };
    this.#observer.sawReply(asked.method, reply);
    asked.reply.resolve(reply);
  }

  async #serve(request: RpcRequest): Promise<void> {
    this.#observer.sawRequest(request);
    const { context } = this.#observer;
    const running: Running = { request, controller: new AbortController(), stubborn: false };
    const { signal } = running.controller;
    this.#running.set(request.id, running);
    const call = this.#call(request, running);
    const outcome = await answer(call);
    if (outcome.kind === 'silence') return;
    await sleep(context.script.answerDelayMs ?? 0, running.stubborn ? context.life : signal);
    this.#running.delete(request.id);
    if (signal.aborted && !running.stubborn) return;
    this.#observer.whenAwake(() => this.#deliver(call, outcome));
  }

  #call(request: RpcRequest, running: Running): Call {
    const { id, method, params = {} } = request;
    const { context } = this.#observer;
    const era: Era =
      context.script.era !== 'legacy' && claimedVersion(request) !== undefined ? 'modern' : 'legacy';
    return {
      context,
      client: this.client,
      era,
      id,
      method,
      params,
      signal: running.controller.signal,
      origin: this.#channel.origin(id),
      ignoreCancel: () => {
        running.stubborn = true;
      },
      notify: (name, values) => this.notify(name, values, id),
      ask: (name, values) => this.ask(name, values, id),
    };
  }

  /** Sends an answer, with the messages that faults add. */
  #deliver(call: Call, outcome: Exclude<Outcome, { kind: 'silence' }>): void {
    if (this.#ended) return;
    const { context, id, method } = call;
    const response = this.#response(call, outcome);
    if (!isHandshake(method) && !method.startsWith('testing/')) {
      if (call.era === 'modern') this.#afterHandshake(id);
      const number = context.count('answers');
      const { faults } = context;
      if (number === faults.dropAnswer) return;
      this.#litter('answers', id);
      if (faults.unknownIdAnswer === true) {
        this.#channel.send(
          { jsonrpc: '2.0', id: `nobody-${number}`, result: { resultType: 'complete' } },
          id,
        );
      }
      if (faults.duplicateAnswers === true) this.#channel.send(response, id);
    }
    this.#channel.send(response, id, true);
    outcome.afterwards?.();
  }

  #response(call: Call, outcome: Exclude<Outcome, { kind: 'silence' }>): RpcResponse {
    const { id, method, context, era } = call;
    if (outcome.kind === 'error') return { jsonrpc: '2.0', id, error: outcome.error };
    const plain = era === 'legacy' || outcome.raw === true;
    return {
      jsonrpc: '2.0',
      id,
      result: plain ? outcome.result : stamp(context.script, method, outcome.result),
    };
  }

  /** Applies the faults that happen after the handshake. */
  #afterHandshake(related?: RequestId): void {
    if (related === undefined) this.client.initialized = true;
    if (this.#isPastHandshake) return;
    this.#isPastHandshake = true;
    const { hugeLineBytes, requestUnknownMethod } = this.#observer.context.faults;
    if (requestUnknownMethod === true) void this.ask('testing/unknown', {}, related);
    if (hugeLineBytes === undefined) return;
    const message = { jsonrpc: '2.0' as const, method: 'notifications/message' };
    const frame = JSON.stringify({ ...message, params: { level: 'debug', data: '' } }).length;
    const data = 'x'.repeat(Math.max(hugeLineBytes - frame, 0));
    this.#send({ ...message, params: { level: 'debug', data } }, related);
  }

  #litter(at: 'start' | 'answers', related?: RequestId): void {
    const { garbage } = this.#observer.context.faults;
    if (garbage?.at !== at) return;
    for (const line of garbage.lines) {
      this.#channel.sendRaw?.(garbage.base64 === true ? Buffer.from(line, 'base64') : line, related);
    }
  }

  #notifyListeners(wants: (wanted: JsonObject) => boolean, method: string, params: JsonObject = {}): void {
    for (const [id, wanted] of this.client.listens) {
      if (wants(wanted)) this.notify(method, { ...params, _meta: { [META.subscriptionId]: id } }, id);
    }
  }

  #send(message: RpcMessage, related?: RequestId): void {
    this.#observer.whenAwake(() => {
      if (!this.#ended) this.#channel.send(message, related);
    });
  }
}

const goneReply: Reply = { error: { code: SERVER_ERROR, message: 'The client is gone' } };
