import { clusterIsForeign, nodeIdTaken } from '../../errors/cluster.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { settledWithin } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { ResolvedCluster } from './cluster-options.ts';
import { ClusterSecrets } from './cluster-secrets.ts';
import { NodeRegistry, type ClusterNode, type Standing } from './node-registry.ts';
import { RedisClock } from './redis-clock.ts';
import { RedisConnection } from './redis-connection.ts';

/** How long Redis may take to answer at least, in milliseconds: a busy machine is not a dead one. */
const LEAST_ANSWER_MS = 3_000;
/** How long leaving may take, in milliseconds. */
const LEAVE_MS = 500;
/** How many times a node renews what it has within a lease. */
const BEATS = 3;

/** A gateway as a node of a cluster. While Redis cannot be reached it goes on alone. */
export class Cluster {
  readonly #options: ResolvedCluster;
  readonly #connection: RedisConnection;
  readonly #registry: NodeRegistry;
  readonly #onProblem: (error: PlenumError) => void;
  #standing: Standing = 'member';
  #beating: Promise<void> | undefined;
  #isClosed = false;
  #stopTimer: StopTimer = () => {};

  private constructor(
    options: ResolvedCluster,
    connection: RedisConnection,
    registry: NodeRegistry,
    onProblem: (error: PlenumError) => void,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#registry = registry;
    this.#onProblem = onProblem;
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
    const { url, leaseMs, secrets, prefix } = options;
    let onUp = (): void => {};
    const connection = await RedisConnection.open(
      { url, channels: [], answerMs: Math.max(leaseMs, LEAST_ANSWER_MS) },
      { onMessage: () => {}, onUp: () => onUp(), onDown: onProblem },
    );
    const registry = new NodeRegistry(
      options,
      connection,
      new ClusterSecrets(secrets, prefix),
      new RedisClock(),
    );
    try {
      await registry.join(signal);
    } catch (error) {
      connection.close();
      throw error;
    }
    const cluster = new Cluster(options, connection, registry, onProblem);
    onUp = () => void cluster.#beatNow();
    cluster.#beatLater();
    return cluster;
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

  /** Tells the other nodes that this one is about to end. */
  async drain(): Promise<void> {
    this.#registry.state = 'draining';
    await this.#beatNow();
  }

  /** Takes this node out of the cluster. Never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    // Without Redis its record expires.
    await settledWithin(this.#leave(), LEAVE_MS);
    this.#connection.close();
    await this.#connection.closed();
  }

  async #leave(): Promise<void> {
    await this.#beating;
    if (this.#standing === 'member') await this.#registry.leave();
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
      this.#beatLater();
    });
    await this.#beating;
  }

  async #beat(): Promise<void> {
    let standing: Standing;
    try {
      ({ standing } = await this.#registry.beat());
    } catch {
      return; // The connection has told its end; it tells when it is there again.
    }
    if (standing === this.#standing) return;
    this.#standing = standing;
    if (standing === 'taken') this.#onProblem(nodeIdTaken(this.#options.nodeId));
    if (standing === 'foreign') this.#onProblem(clusterIsForeign(this.#options.prefix));
  }
}
