import { randomUUID } from 'node:crypto';
import {
  callGivenUp,
  nodeGone,
  nodeSilent,
  redisNotAnswering,
  tooLongForNodes,
} from '../../errors/cluster.ts';
import { isRecord } from '../../internal/checks.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { onAbort } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { Envelope } from './envelopes.ts';
import type { NodeRecord } from './node-registry.ts';
import type { RedisClock } from './redis-clock.ts';
import { script, type RedisConnection } from './redis-connection.ts';

type Body = Envelope['body'];

/** A lease that the called node must have for the call to run. */
export interface LeaseNeeded {
  readonly name: string;
  readonly fence: string;
}

export interface CallOptions {
  /** Ends the call: the other node is told, and it rejects with the reason. */
  readonly signal?: AbortSignal | undefined;
  readonly lease?: LeaseNeeded | undefined;
  /** Called with what the other node sends while it works. */
  readonly onPart?: (part: Body) => void;
}

/** A call of another node that is under way. */
export interface OutgoingCall {
  /**
   * Rejects with `TIMEOUT` when the node did not accept the call in time, with `CONNECTION_LOST` when the node has died, or its
   * answer may have been lost; `maybeExecuted` says whether it may have run. With `NOT_CONNECTED` when the node does not have
   * the lease that is needed: it did not run.
   */
  readonly answer: Promise<Body>;
  /** Sends something to where the call runs. */
  send(part: Body): void;
}

/** A call of another node that this one works on. */
export interface IncomingCall {
  readonly from: string;
  readonly body: Body;
  /** Aborts when the caller gives up, or has died. */
  readonly signal: AbortSignal;
  /** Sends something to the caller. */
  send(part: Body): void;
  /** What the caller sends meanwhile. */
  onPart: (part: Body) => void;
}

/** What calls need of the cluster. */
export interface CallHost {
  readonly connection: RedisConnection;
  readonly clock: RedisClock;
  readonly prefix: string;
  readonly instance: string;
  /** Until when a call may be accepted, in milliseconds from now. */
  readonly acceptMs: number;
  keyOfLease(name: string): string;
  /** Sends a message to a node; messages arrive in the order in which they were sent. Rejects as commands of Redis do. */
  send(node: string, body: Body): Promise<'sent' | 'nobody' | 'too long'>;
  /** Answers a call. What it rejects with is not sent: the caller learns that the call failed. */
  answer(call: IncomingCall): Promise<Body>;
}

/** How many calls of other nodes this one works on at a time. */
const MAX_INCOMING = 10_000;

/**
 * Accepts a call: once, in time, and under the lease that it needs.
 * KEYS: the call, and the lease if it needs one. ARGV: until, instance, fence.
 */
const ACCEPT = script(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if now >= tonumber(ARGV[1]) then return 'late' end
if KEYS[2] then
  local had = redis.call('HMGET', KEYS[2], 'instance', 'fence', 'until')
  if had[1] ~= ARGV[2] or had[2] ~= ARGV[3] or not had[3] or tonumber(had[3]) <= now then return 'stale' end
end
if redis.call('SET', KEYS[1], 'accepted', 'NX', 'PX', 60000) then return 'accepted' end
return 'known'`);

/** Gives a call up, unless it was accepted. KEYS: the call. */
const GIVE_UP = script(`
if redis.call('SET', KEYS[1], 'given up', 'NX', 'PX', 60000) then return 'given up' end
return redis.call('GET', KEYS[1])`);

interface Pending {
  readonly node: NodeRecord;
  readonly answered: Deferred<Body>;
  readonly onPart: (part: Body) => void;
  isAccepted: boolean;
  stopTimer: StopTimer;
}

interface Running {
  readonly call: IncomingCall;
  readonly instance: string;
  readonly controller: AbortController;
}

/**
 * Calls from node to node. Each runs once at most: the called node accepts it in Redis before it runs, and the caller that
 * waits in vain gives it up there, so that both know which of the two came first.
 */
export class NodeCalls {
  readonly #host: CallHost;
  /** Those that others work on, by id. */
  readonly #pending = new Map<string, Pending>();
  /** Those that this node works on, by id. */
  readonly #running = new Map<string, Running>();
  #isRefusing = false;

  constructor(host: CallHost) {
    this.#host = host;
  }

  /** How many calls others, and how many this node works on. */
  get open(): { readonly pending: number; readonly running: number } {
    return { pending: this.#pending.size, running: this.#running.size };
  }

  start(node: NodeRecord, body: Body, { signal, lease, onPart = () => {} }: CallOptions = {}): OutgoingCall {
    const id = randomUUID();
    const pending: Pending = {
      node,
      answered: createDeferred(),
      onPart,
      isAccepted: false,
      stopTimer: startTimer(this.#host.acceptMs, () => void this.#giveUp(id, pending, 'silent')),
    };
    this.#pending.set(id, pending);
    const stopListening = onAbort(signal, () => {
      this.#tell(node.id, { type: 'cancel', id });
      this.#settle(id, pending, () => pending.answered.reject(signal?.reason));
    });
    const answer = pending.answered.promise.finally(stopListening);
    answer.catch(() => {}); // It is the caller's, who may not wait for it any more.
    void this.#send(id, pending, {
      type: 'call',
      id,
      to: node.instance,
      until: Math.round(this.#host.clock.now() + this.#host.acceptMs),
      body,
      ...(lease !== undefined && { lease }),
    });
    return { answer, send: (part) => this.#tell(node.id, { type: 'part', to: 'called', id, body: part }) };
  }

  /** From now on refuses calls of others, who find another node. Those that run go on. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** A message that a node has sent to this one. */
  onMessage({ from, instance, body }: Envelope): void {
    const { type, id } = body;
    if (typeof id !== 'string') return;
    if (type === 'call') return void this.#accept(from, instance, id, body);
    const running = this.#running.get(id);
    if (running !== undefined && running.instance === instance) {
      if (type === 'cancel') running.controller.abort(callGivenUp());
      if (type === 'part' && body['to'] === 'called' && isRecord(body['body']))
        running.call.onPart(body['body']);
    }
    const pending = this.#pending.get(id);
    // Nobody but the node that was called can answer.
    if (pending === undefined || pending.node.instance !== instance) return;
    if (type === 'accepted') this.#onAccepted(pending);
    if (type === 'refused') void this.#giveUp(id, pending, 'stale');
    if (type === 'part' && body['to'] === 'caller' && isRecord(body['body'])) pending.onPart(body['body']);
    if (type === 'answer') {
      const answer = body['body'];
      this.#settle(id, pending, () => {
        if (isRecord(answer)) pending.answered.resolve(answer);
        else pending.answered.reject(nodeGone(pending.node.id, true));
      });
    }
  }

  /** The nodes that there are now: of those that are gone, or may have lost messages, no answer will come. */
  onNodes(nodes: ReadonlyMap<string, NodeRecord>): void {
    for (const [id, pending] of this.#pending) {
      const { node } = pending;
      const now = nodes.get(node.id);
      if (now?.instance !== node.instance || now.epoch !== node.epoch) void this.#giveUp(id, pending, 'gone');
    }
    for (const { call, instance, controller } of this.#running.values())
      if (nodes.get(call.from)?.instance !== instance) controller.abort(callGivenUp());
  }

  /** Redis is gone, and with it the answers that were under way. */
  onDown(): void {
    for (const [id, pending] of this.#pending)
      this.#settle(id, pending, () => pending.answered.reject(redisNotAnswering(true)));
  }

  /** Ends all calls, those of others, too. */
  close(): void {
    this.onDown();
    for (const { controller } of this.#running.values()) controller.abort(callGivenUp());
  }

  async #send(id: string, pending: Pending, message: Body): Promise<void> {
    const { node } = pending;
    try {
      const sent = await this.#host.send(node.id, message);
      if (sent === 'sent') return;
      const error = sent === 'nobody' ? nodeGone(node.id, false) : tooLongForNodes();
      this.#settle(id, pending, () => pending.answered.reject(error));
    } catch (error) {
      // It may have been sent; whoever has it must not run it.
      if (this.#pending.has(id)) await this.#giveUp(id, pending, 'gone', error);
    }
  }

  #onAccepted(pending: Pending): void {
    pending.isAccepted = true;
    pending.stopTimer();
  }

  /** No answer is to be expected. Says whether the call may have run. */
  async #giveUp(
    id: string,
    pending: Pending,
    why: 'silent' | 'stale' | 'gone',
    cause?: unknown,
  ): Promise<void> {
    pending.stopTimer();
    const { node } = pending;
    let mayHaveRun = true;
    if (!pending.isAccepted) {
      try {
        const key = `${this.#host.prefix}:call:${id}`;
        mayHaveRun = (await this.#host.connection.run(GIVE_UP, [key], [])) !== 'given up';
      } catch {
        // Nobody can tell.
      }
    }
    // It runs, and its node is there: the word that it was accepted is late, or lost.
    if (mayHaveRun && why === 'silent' && cause === undefined) return this.#onAccepted(pending);
    const error =
      why === 'silent'
        ? nodeSilent(node.id, this.#host.acceptMs)
        : why === 'stale' && !mayHaveRun
          ? callGivenUp()
          : nodeGone(node.id, mayHaveRun);
    this.#settle(id, pending, () => pending.answered.reject(error));
  }

  #settle(id: string, pending: Pending, settle: () => void): void {
    if (!this.#pending.delete(id)) return;
    pending.stopTimer();
    settle();
  }

  async #accept(from: string, instance: string, id: string, message: Body): Promise<void> {
    const { to, until, lease, body } = message;
    const { clock, prefix, connection, instance: own } = this.#host;
    // An earlier start of a node, that was frozen, may hear what is meant for the present one.
    if (to !== own || typeof until !== 'number' || !isRecord(body) || this.#running.has(id)) return;
    if (this.#isRefusing) return this.#tell(from, { type: 'refused', id });
    if (until <= clock.now() || this.#running.size >= MAX_INCOMING) return;
    const { name: leaseName, fence } = isRecord(lease) ? lease : {};
    const keys = [`${prefix}:call:${id}`];
    if (typeof leaseName === 'string') keys.push(this.#host.keyOfLease(leaseName));
    const controller = new AbortController();
    const call: IncomingCall = {
      from,
      body,
      signal: controller.signal,
      send: (part) => this.#tell(from, { type: 'part', to: 'caller', id, body: part }),
      onPart: () => {},
    };
    // It may be cancelled before it is accepted.
    this.#running.set(id, { call, instance, controller });
    try {
      const said = await connection.run(ACCEPT, keys, [
        String(until),
        own,
        typeof fence === 'string' ? fence : '',
      ]);
      if (said === 'stale') this.#tell(from, { type: 'refused', id });
      if (said !== 'accepted') return;
      this.#tell(from, { type: 'accepted', id });
      const answer = await this.#host.answer(call).catch(() => undefined);
      const sent = await this.#host.send(from, { type: 'answer', id, body: answer });
      if (sent === 'too long') this.#tell(from, { type: 'answer', id });
    } catch {
      // Without Redis the call was not accepted, or its caller knows that the answer is lost.
    } finally {
      this.#running.delete(id);
    }
  }

  #tell(node: string, message: Body): void {
    this.#host.send(node, message).catch(() => {}); // Without Redis the other node knows that messages are lost.
  }
}
