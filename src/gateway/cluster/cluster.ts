import { clusterIsForeign, nodeGone, nodeIdTaken } from '../../errors/cluster.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { settledWithin } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { ResolvedCluster } from './cluster-options.ts';
import { ClusterSecrets } from './cluster-secrets.ts';
import { Envelopes, type Envelope } from './envelopes.ts';
import { Leases } from './leases.ts';
import { NodeCalls, type CallOptions, type IncomingCall, type OutgoingCall } from './node-calls.ts';
import { NodeRegistry, type ClusterNode, type Standing } from './node-registry.ts';
import { RedisClock } from './redis-clock.ts';
import { RedisConnection } from './redis-connection.ts';

type Body = Envelope['body'];

/** What a node does for the others. */
export interface ClusterListener {
  /** Another node has told something, to this one or to all. */
  onTold(body: Body, from: string): void;
  /** These nodes are alive. */
  onNodes?(alive: ReadonlySet<string>): void;
  /** Something that was told to all may have been missed. */
  onMissed(): void;
  /** Answers a call of another node. What it rejects with is not sent. Without it calls of others are not accepted. */
  answer?(call: IncomingCall): Promise<Body>;
}

/** How long Redis may take to answer at least, in milliseconds: a busy machine is not a dead one. */
const LEAST_ANSWER_MS = 3_000;
/** How long leaving may take, in milliseconds. */
const LEAVE_MS = 500;
/** Within what part of a lease another node has to accept a call. */
const ACCEPT_WITHIN = 2 / 3;
/** How many times a node renews what it has within a lease. */
const BEATS = 3;

/** A gateway as a node of a cluster. While Redis cannot be reached it goes on alone. */
export class Cluster {
  readonly #options: ResolvedCluster;
  readonly #connection: RedisConnection;
  readonly #registry: NodeRegistry;
  readonly #envelopes: Envelopes;
  readonly #calls: NodeCalls;
  readonly #onProblem: (error: PlenumError) => void;
  /** What must exist once in the cluster, and is this node's. */
  readonly leases: Leases;
  #listener: ClusterListener | undefined;
  #standing: Standing | undefined;
  #beating: Promise<void> | undefined;
  #isClosed = false;
  #stopTimer: StopTimer = () => {};

  private constructor(
    options: ResolvedCluster,
    connection: RedisConnection,
    onProblem: (error: PlenumError) => void,
  ) {
    const { nodeId, secrets: given, prefix } = options;
    this.#options = options;
    this.#connection = connection;
    this.#onProblem = onProblem;
    const clock = new RedisClock();
    const secrets = new ClusterSecrets(given, prefix);
    this.#registry = new NodeRegistry(options, connection, secrets, clock);
    const { instance } = this.#registry;
    this.#envelopes = new Envelopes(secrets, clock, { id: nodeId, instance });
    this.leases = new Leases(options, instance, connection);
    this.#calls = new NodeCalls({
      connection,
      clock,
      prefix,
      instance,
      acceptMs: options.leaseMs * ACCEPT_WITHIN,
      keyOfLease: (name) => this.leases.keyOf(name),
      send: (node, body) => this.#send(channelOf(prefix, node), body),
      answer: (call) => this.#listener?.answer?.(call) ?? Promise.reject(nodeGone(nodeId, false)),
    });
  }

  /**
   * Registers this node. Rejects with `CONFIG_INVALID` when the package `redis` is not installed, when a node of the same id is
   * alive, or when nodes with other secrets use the prefix; with `CONNECT_FAILED` when Redis cannot be reached.
   */
  static async join(
    options: ResolvedCluster,
    onProblem: (error: PlenumError) => void,
    signal: AbortSignal | undefined,
  ): Promise<Cluster> {
    const { url, leaseMs, prefix, nodeId } = options;
    const heard = { message: (_channel: string, _message: string): void => {}, up: () => {}, down: () => {} };
    const channels = [channelOf(prefix, nodeId), busOf(prefix)];
    const connection = await RedisConnection.open(
      { url, channels, answerMs: Math.max(leaseMs, LEAST_ANSWER_MS) },
      {
        onMessage: (channel, message) => heard.message(channel, message),
        onUp: () => heard.up(),
        onDown: (error) => {
          heard.down();
          onProblem(error);
        },
      },
    );
    const cluster = new Cluster(options, connection, onProblem);
    heard.message = (channel, message) => cluster.#onMessage(channel, message);
    heard.up = () => cluster.#onUp();
    heard.down = () => cluster.#calls.onDown();
    try {
      await cluster.#registry.join(signal);
    } catch (error) {
      connection.close();
      throw error;
    }
    cluster.#standing = 'member';
    cluster.#beatLater();
    // The others know of it at once.
    void cluster.#send(busOf(prefix), { about: 'nodes' }).catch(() => {});
    return cluster;
  }

  /** From now on this node answers the others. */
  serve(listener: ClusterListener): void {
    this.#listener = listener;
  }

  /** The nodes, as they were at the last beat. */
  get nodes(): readonly ClusterNode[] {
    return [...this.#registry.nodes.values()].map(({ id, isSelf, advertise, state, since }) => ({
      id,
      isSelf,
      advertise,
      state,
      since,
    }));
  }

  /** Tells something to one node, or to all others. Without Redis they do not hear it. */
  tell(body: Body, node?: string): void {
    const { prefix } = this.#options;
    this.#send(node === undefined ? busOf(prefix) : channelOf(prefix, node), body).catch(() => {}); // They are told that they may have missed something.
  }

  /** Whether a node is alive. Rejects never. */
  async knows(node: string): Promise<boolean> {
    // It may have joined since the last beat.
    if (!this.#registry.nodes.has(node)) await this.#beatNow();
    return this.#registry.nodes.has(node);
  }

  /** Calls another node. Rejects with `CONNECTION_LOST` when no such node is alive. */
  async call(node: string, body: Body, options: CallOptions = {}): Promise<OutgoingCall> {
    await this.knows(node);
    const record = this.#registry.nodes.get(node);
    if (record === undefined) throw nodeGone(node, false);
    return this.#calls.start(record, body, options);
  }

  /** Tells the other nodes that this one is about to end, and takes no further calls of theirs. */
  async drain(): Promise<void> {
    this.#calls.refuse();
    this.#registry.state = 'draining';
    await this.#beatNow();
  }

  /** Gives all leases back, so that other nodes need not wait for their end. Takes no longer than leaving. */
  async handOver(): Promise<void> {
    await settledWithin(this.leases.releaseAll(), LEAVE_MS);
  }

  /** Takes this node out of the cluster. Never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    this.#calls.close();
    // Without Redis its record expires.
    await settledWithin(this.#leave(), LEAVE_MS);
    this.#connection.close();
    await this.#connection.closed();
  }

  async #leave(): Promise<void> {
    await this.#beating;
    if (this.#standing !== 'member') return;
    await this.leases.releaseAll();
    await this.#registry.leave();
    await this.#send(busOf(this.#options.prefix), { about: 'nodes' });
  }

  // Not async: messages are to be sent in the order of the calls.
  #send(channel: string, body: Body): Promise<'sent' | 'nobody' | 'too long'> {
    const sealed = this.#envelopes.seal(channel, body);
    if (sealed === undefined) return Promise.resolve('too long');
    return this.#connection.publish(channel, sealed).then((count) => (count > 0 ? 'sent' : 'nobody'));
  }

  #onMessage(channel: string, message: string): void {
    if (this.#standing !== 'member' || this.#isClosed) return;
    const envelope = this.#envelopes.open(channel, message);
    if (envelope === undefined || envelope.instance === this.#registry.instance) return;
    // One that was replaced does not know of it yet.
    const known = this.#registry.nodes.get(envelope.from);
    if (known !== undefined && known.instance !== envelope.instance) return void this.#beatNow();
    const { body, from } = envelope;
    if (body['type'] !== undefined) {
      if (channel !== busOf(this.#options.prefix)) this.#calls.onMessage(envelope);
    } else if (body['about'] === 'nodes') void this.#beatNow();
    else this.#listener?.onTold(body, from);
  }

  #onUp(): void {
    void this.#beatNow();
    this.#listener?.onMissed();
  }

  #beatLater(): void {
    if (this.#isClosed) return;
    this.#stopTimer = startTimer(this.#options.leaseMs / BEATS, () => void this.#beatNow());
  }

  async #beatNow(): Promise<void> {
    if (this.#isClosed) return;
    this.#stopTimer();
    // One that is under way may have been begun before what is to be told.
    await this.#beating;
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
      this.#stopTimer();
      this.#beatLater();
    });
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const before = this.#standing;
    try {
      const { standing } = await this.#registry.beat();
      this.#standing = standing;
      this.#calls.onNodes(this.#registry.nodes);
      this.#listener?.onNodes?.(new Set(this.#registry.nodes.keys()));
      if (standing !== 'member') this.leases.loseAll();
      else await this.leases.renew();
    } catch {
      return; // The connection has told its end; it tells when it is there again.
    }
    if (this.#standing === before) return;
    if (this.#standing === 'taken') this.#onProblem(nodeIdTaken(this.#options.nodeId));
    if (this.#standing === 'foreign') this.#onProblem(clusterIsForeign(this.#options.prefix));
  }
}

function channelOf(prefix: string, node: string): string {
  return `${prefix}:to:${node}`;
}

function busOf(prefix: string): string {
  return `${prefix}:bus`;
}
