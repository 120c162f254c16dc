import { createHash } from 'node:crypto';
import { isRecord } from '../../internal/checks.ts';
import { sleep } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import type { Isolation } from '../../group/server-options.ts';
import type { ClientChannel, Exchange, GatewayClient } from '../clients/gateway-client.ts';
import type { Identity } from '../identity/identity.ts';
import type { OfficialServer } from '../official-server.ts';
import {
  INVALID_PARAMS,
  nodeUnreachable,
  RpcError,
  tooManySubscriptions,
  toRpcError,
} from '../routing/rpc-error.ts';
import type { ClientRequest } from '../routing/client-request.ts';
import { isOwn, keyOf } from '../upstreams/session-key.ts';
import type { Cluster } from './cluster.ts';
import type { Envelope } from './envelopes.ts';
import {
  ClientSide,
  ForwardedExchange,
  readClient,
  readOutcome,
  readRaw,
  readRequest,
  sentClient,
  sentOutcome,
  sentRequest,
} from './forwarded-exchange.ts';
import type { LeaseHolder } from './leases.ts';
import type { IncomingCall, OutgoingCall } from './node-calls.ts';

type Body = Envelope['body'];
type Result = Record<string, unknown>;

/** Who makes a request. */
type Sender = Pick<Exchange, 'client' | 'identity'>;

/** What a gateway does itself. */
export interface ForwardingHost {
  readonly sdk: OfficialServer;
  readonly bounds: { readonly upstreamIdleMs: number; readonly subscriptions: number };
  /** Answers a request here. */
  answer(exchange: Exchange, request: ClientRequest): Promise<Result>;
  /** The server that a request goes to; undefined when it goes to none, or nobody knows. */
  serverOf(sender: Sender, request: ClientRequest): string | undefined;
  isolationOf(server: string): Isolation;
  /** Whether what a session with a server keeps is known to this node alone. */
  keepsState(server: string): boolean;
  /** Whether a request may run twice, as the tool that it calls says. */
  mayRepeat(request: ClientRequest): boolean;
  subscribe(client: GatewayClient, uri: string, identity: Identity): Promise<void>;
  unsubscribe(client: GatewayClient, uri: string): Promise<void>;
  /** Ends what is kept here for a client of another node. */
  dismiss(client: GatewayClient): void;
  /** Whether a session with a server is kept here by this key. */
  isKept(server: string, key: string): boolean;
  /** Ends the sessions with a server of this key: another node has it. */
  endSessions(server: string, key: string): void;
}

/** What has one owner: a server, for those who share its sessions. */
interface Place {
  /** Of the lease. */
  readonly name: string;
  readonly server: string;
  readonly key: string;
}

/** A server that this node has, for an isolation key. */
interface Owned {
  readonly server: string;
  readonly key: string;
  /** How many requests run there. */
  running: number;
  usedAt: number;
}

interface Subscribed {
  readonly client: GatewayClient;
  readonly uri: string;
  readonly node: string;
}

/** How long to wait before the owner is looked for again, in milliseconds, while the lease of a dead one runs out. */
const LOOK_AGAIN_MS = 200;
/** How many leases longer than one an owner is looked for. */
const LOOKS_FOR_LEASES = 2;
/** How many times idle servers are given back within the time that sessions may be idle, and how often at most. */
const SWEEPS = 4;
const LEAST_SWEEP_MS = 1_000;

/**
 * Servers that keep a state have one owner in the cluster, for all who share it: the node that first has a request for it. What
 * other nodes have for it they hand on to the owner, with the way back to the client.
 */
export class Forwarding {
  readonly #cluster: Cluster;
  readonly #leaseMs: number;
  readonly #host: ForwardingHost;
  readonly #owned = new Map<string, Owned>();
  /** Subscriptions of clients of this node that other nodes have, by client and URI. */
  readonly #subscribed = new Map<string, Map<string, Subscribed>>();
  /** Clients of other nodes that have subscriptions here, by node and id. */
  readonly #guests = new Map<string, Map<string, GatewayClient>>();
  #stopSweeping: StopTimer = () => {};
  #isStopped = false;

  constructor(cluster: Cluster, leaseMs: number, host: ForwardingHost) {
    this.#cluster = cluster;
    this.#leaseMs = leaseMs;
    this.#host = host;
    this.#sweepLater();
  }

  /** Answers a request: here, or on the node that has its server. Rejects with an `RpcError`. */
  async answer(exchange: Exchange, request: ClientRequest): Promise<Result> {
    const { method, params } = request;
    if (method === 'resources/subscribe' || method === 'resources/unsubscribe') {
      const { uri } = params;
      if (typeof uri !== 'string')
        throw new RpcError(INVALID_PARAMS, 'Invalid params: "uri" must be a string.');
      const { client, identity } = exchange;
      const isSubscribing = method === 'resources/subscribe';
      await (isSubscribing ? this.subscribe(client, uri, identity) : this.unsubscribe(client, uri)).catch(
        (error: unknown) => {
          throw toRpcError(error);
        },
      );
      return {};
    }
    const place = this.#placeOf(exchange, request);
    if (place === undefined) return this.#host.answer(exchange, request);
    return this.#answerAt(place, exchange, request);
  }

  async #answerAt(place: Place, exchange: Exchange, request: ClientRequest): Promise<Result> {
    const deadline = performance.now() + this.#leaseMs * LOOKS_FOR_LEASES;
    let mayRepeat = this.#host.mayRepeat(request);
    for (;;) {
      const holder = await this.#ownerOf(place, exchange.signal);
      if (holder.isSelf) return this.#runHere(place, () => this.#host.answer(exchange, request));
      try {
        return await this.#forward(exchange, request, place, holder);
      } catch (error) {
        if (!(error instanceof PlenumError) || exchange.signal.aborted) throw toRpcError(error);
        const { maybeExecuted = true, code } = error;
        if (code === 'INVALID_ARGUMENTS') throw toRpcError(error);
        // It did not run, as another node has the server by now, or its owner is gone.
        const isUnrun = !maybeExecuted && code !== 'TIMEOUT';
        if ((!isUnrun && !mayRepeat) || performance.now() > deadline)
          throw nodeUnreachable(place.server, maybeExecuted);
        if (!isUnrun) mayRepeat = false;
        await sleep(LOOK_AGAIN_MS, exchange.signal);
      }
    }
  }

  /** Subscribes a client to a resource. Rejects as subscribing does here, or with an `RpcError`. */
  async subscribe(client: GatewayClient, uri: string, identity: Identity): Promise<void> {
    const place = this.#placeOf({ client, identity }, { method: 'resources/read', params: { uri } });
    if (place === undefined) return this.#host.subscribe(client, uri, identity);
    const { node, fence, isSelf } = await this.#ownerOf(place, undefined);
    if (isSelf) return this.#runHere(place, () => this.#host.subscribe(client, uri, identity));
    const { subscriptions } = client;
    if (!subscriptions.has(uri) && subscriptions.size >= this.#host.bounds.subscriptions)
      throw tooManySubscriptions();
    // Before the answer comes, the first update may.
    subscriptions.set(uri, place.server);
    const subscribed = { client, uri, node };
    const mine = this.#subscribed.get(client.id) ?? new Map<string, Subscribed>();
    this.#subscribed.set(client.id, mine.set(uri, subscribed));
    const { name } = place;
    const body = { about: 'subscribe', client: sentClient(client, identity), uri, lease: name };
    try {
      const call = await this.#cluster.call(node, body, { lease: { name, fence } });
      readOutcome(await call.answer);
    } catch (error) {
      subscriptions.delete(uri);
      this.#forget(subscribed);
      throw error instanceof PlenumError ? nodeUnreachable(place.server, false) : error;
    }
  }

  async unsubscribe(client: GatewayClient, uri: string): Promise<void> {
    const subscribed = this.#subscribed.get(client.id)?.get(uri);
    if (subscribed === undefined) return this.#host.unsubscribe(client, uri);
    this.#forget(subscribed);
    client.subscriptions.delete(uri);
    this.#cluster.tell({ about: 'unsubscribe', client: client.id, uri }, subscribed.node);
  }

  /** A client of this node is gone. */
  onGone(client: GatewayClient): void {
    const subscribed = this.#subscribed.get(client.id);
    this.#subscribed.delete(client.id);
    for (const node of new Set([...(subscribed?.values() ?? [])].map((each) => each.node)))
      this.#cluster.tell({ about: 'gone', client: client.id }, node);
  }

  /** Answers a call of another node. */
  async onCall(call: IncomingCall): Promise<Body> {
    const { about, client: sent, request, uri, lease } = call.body;
    const place = typeof lease === 'string' ? this.#owned.get(lease) : undefined;
    if (about === 'request') {
      const client = readClient(this.#host.sdk, sent, undefined);
      const exchange = new ForwardedExchange(call, client);
      const run = (): Promise<Result> => this.#host.answer(exchange, readRequest(request));
      return sentOutcome(this.#counted(place, run));
    }
    if (about !== 'subscribe' || typeof uri !== 'string') throw new TypeError('No node calls so.');
    const guest = this.#guestOf(call.from, sent);
    return sentOutcome(
      this.#counted(place, async () => {
        await this.#host.subscribe(guest, uri, guest.identity);
        return {};
      }),
    );
  }

  /** What another node has told. */
  onTold({ about, client: id, uri, notification }: Body, from: string): void {
    if (typeof id !== 'string') return;
    const guest = this.#guests.get(from)?.get(id);
    if (about === 'gone' && guest !== undefined) this.#dismiss(from, guest);
    if (about === 'unsubscribe' && guest !== undefined && typeof uri === 'string')
      this.#host.unsubscribe(guest, uri).catch(() => {}); // The session with the server has ended.
    const told = readRaw(notification);
    if (about !== 'notify' || told === undefined) return;
    const [subscribed] = this.#subscribed.get(id)?.values() ?? [];
    // By what a client may see, a subscription may have ended here alone.
    const changed = told.params?.['uri'];
    if (typeof changed === 'string' && subscribed?.client.subscriptions.has(changed) === true)
      subscribed.client.channel?.notify(told).catch(() => {}); // The client is gone.
  }

  /** The nodes that are alive now have changed. */
  onNodes(alive: ReadonlySet<string>): void {
    for (const [node, guests] of this.#guests)
      if (!alive.has(node)) for (const guest of guests.values()) this.#dismiss(node, guest);
    for (const subscribed of [...this.#subscribed.values()].flatMap((each) => [...each.values()]))
      if (!alive.has(subscribed.node)) this.#resubscribe(subscribed);
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopSweeping();
  }

  /** Where a request must run; undefined when any node will do. */
  #placeOf(sender: Sender, request: ClientRequest): Place | undefined {
    const { client } = sender;
    const server = this.#host.serverOf(sender, request);
    if (server === undefined || !this.#host.keepsState(server)) return undefined;
    const isolation = this.#host.isolationOf(server);
    // The sessions of one client are where the client is.
    if (isOwn(client, isolation)) return undefined;
    const key = isolation === 'shared' ? '' : keyOf(client, isolation);
    return { name: nameOf(server, key), server, key };
  }

  /** Who has a server; takes it when nobody has. Waits for the lease of a node that died. */
  async #ownerOf({ name, server, key }: Place, signal: AbortSignal | undefined): Promise<LeaseHolder> {
    const { leases } = this.#cluster;
    const deadline = performance.now() + this.#leaseMs * LOOKS_FOR_LEASES;
    for (;;) {
      let holder: LeaseHolder;
      try {
        holder = await leases.acquire(name, () => this.#onLost(name));
      } catch {
        throw nodeUnreachable(server, false);
      }
      if (holder.isSelf && !this.#owned.has(name))
        this.#owned.set(name, { server, key, running: 0, usedAt: performance.now() });
      if (holder.isSelf || (await this.#cluster.knows(holder.node))) return holder;
      if (performance.now() > deadline || signal?.aborted === true || this.#isStopped)
        throw nodeUnreachable(server, false);
      await sleep(LOOK_AGAIN_MS, signal);
    }
  }

  #runHere<T>({ name }: Place, run: () => Promise<T>): Promise<T> {
    return this.#counted(this.#owned.get(name), run);
  }

  /** While it runs, the server is not given back. */
  async #counted<T>(owned: Owned | undefined, run: () => Promise<T>): Promise<T> {
    if (owned !== undefined) owned.running++;
    try {
      return await run();
    } finally {
      if (owned !== undefined) {
        owned.running--;
        owned.usedAt = performance.now();
      }
    }
  }

  async #forward(
    exchange: Exchange,
    request: ClientRequest,
    { name }: Place,
    { node, fence }: LeaseHolder,
  ): Promise<Result> {
    const side = new ClientSide(exchange);
    let call: OutgoingCall | undefined;
    const body = { ...sentRequest(exchange, request), lease: name };
    try {
      call = await this.#cluster.call(node, body, {
        signal: exchange.signal,
        lease: { name, fence },
        onPart: (part) => {
          if (call !== undefined) side.onPart(part, call);
        },
      });
      return readOutcome(await call.answer);
    } finally {
      side.end();
    }
  }

  /** The node that had a subscription is gone: another one gets it. What changed meanwhile nobody knows. */
  #resubscribe(subscribed: Subscribed): void {
    const { client, uri } = subscribed;
    this.#forget(subscribed);
    // It has ended it itself, or may not have it any more.
    if (!client.subscriptions.delete(uri)) return;
    this.subscribe(client, uri, client.identity)
      .then(() => client.channel?.notify({ method: 'notifications/resources/updated', params: { uri } }))
      .catch(() => {}); // The client is gone, or no node has the server: its next read says so.
  }

  #forget({ client, uri }: Subscribed): void {
    const mine = this.#subscribed.get(client.id);
    mine?.delete(uri);
    if (mine?.size === 0) this.#subscribed.delete(client.id);
  }

  #guestOf(node: string, sent: unknown): GatewayClient {
    const id = isRecord(sent) ? String(sent['id']) : '';
    const guests = this.#guests.get(node) ?? new Map<string, GatewayClient>();
    const known = guests.get(id);
    if (known !== undefined) return known;
    const made = readClient(this.#host.sdk, sent, this.#channelTo(node, id));
    this.#guests.set(node, guests.set(id, made));
    return made;
  }

  /** Reaches a client of another node. It cannot be asked outside its requests. */
  #channelTo(node: string, client: string): ClientChannel {
    return {
      isOpen: false,
      notify: async (notification) => this.#cluster.tell({ about: 'notify', client, notification }, node),
      ask: () => Promise.reject(new Error('A client of another node cannot be asked outside its requests.')),
    };
  }

  #dismiss(node: string, guest: GatewayClient): void {
    const guests = this.#guests.get(node);
    guests?.delete(guest.id);
    if (guests?.size === 0) this.#guests.delete(node);
    this.#host.dismiss(guest);
  }

  /** Another node has a server that this one had. */
  #onLost(name: string): void {
    const owned = this.#owned.get(name);
    this.#owned.delete(name);
    if (owned !== undefined) this.#host.endSessions(owned.server, owned.key);
  }

  #sweepLater(): void {
    if (this.#isStopped) return;
    const { upstreamIdleMs } = this.#host.bounds;
    this.#stopSweeping = startTimer(Math.max(upstreamIdleMs / SWEEPS, LEAST_SWEEP_MS), () => {
      for (const [name, { server, key, running, usedAt }] of this.#owned) {
        const isIdle = running === 0 && performance.now() - usedAt > upstreamIdleMs;
        if (!isIdle || this.#host.isKept(server, key)) continue;
        this.#owned.delete(name);
        void this.#cluster.leases.release(name);
      }
      this.#sweepLater();
    });
  }
}

/** What a lease is called. Keys of sessions hold names of principals, which Redis need not know. */
function nameOf(server: string, key: string): string {
  return `server:${createHash('sha256').update(`${server}\n${key}`).digest('base64url')}`;
}
