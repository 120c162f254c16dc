import { withoutUndefined } from '../options/check-options.ts';
import { serverSpecOptions } from '../options/tables/server.ts';
import { checkTarget } from './pool/check-target.ts';
import { CircuitBreaker, type CircuitStatus } from './runs/circuit-breaker.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { ManagedServer } from './pool/managed-server.ts';
import type { SessionManagerOptions } from './manager-options.ts';
import type { ManagedServerStats, ManagedServerStatus } from './manager-stats.ts';
import { Bucket, ServerPool } from './pool/server-pool.ts';
import { isComputed, principalKey, resolveKeyedSpec, type KeyedSpec } from './pool/session-key.ts';

/** All that a manager keeps about one of its servers. */
export class ServerRecord {
  readonly name: string;
  readonly pool: ServerPool;
  readonly circuit: CircuitBreaker;
  readonly latency = new LatencyHistogram();
  retries = 0;
  leases = 0;
  /** How many sessions of `openSession` are not closed. */
  fresh = 0;
  /** As the program gave it. */
  readonly given: ManagedServer;
  readonly #given: ManagedServer;
  readonly #options: SessionManagerOptions;

  constructor(
    name: string,
    given: ManagedServer,
    options: SessionManagerOptions,
    onCircuit: (status: CircuitStatus) => void,
  ) {
    this.name = name;
    this.pool = new ServerPool(name);
    this.circuit = new CircuitBreaker(name, options.circuit, onCircuit);
    this.given = given;
    this.#given = withoutUndefined(given);
    this.#options = options;
  }

  /** The spec for a principal; undefined when a function of the caller computes spec or headers. */
  knownSpec(principal: string | undefined): KeyedSpec | undefined {
    const given = this.#given;
    if (typeof given === 'function' || isComputed(given)) return undefined;
    return { spec: given, key: principalKey(principal), headers: undefined };
  }

  /** The bucket for a spec. Call `enter` on it in the same turn: a new bucket is stored only then. */
  bucketFor(principal: string | undefined, keyed: KeyedSpec): Bucket {
    return this.pool.buckets.get(keyed.key) ?? this.#createBucket(principal, keyed);
  }

  /** Calls the functions that compute spec and headers, if there are any. */
  resolve(principal: string | undefined, signal: AbortSignal): Promise<KeyedSpec> {
    return resolveKeyedSpec(this.#given, { server: this.name, principal, signal });
  }

  /** How long the caller's functions for spec and headers may take, in milliseconds. */
  get connectTimeoutMs(): number {
    const own = typeof this.#given === 'function' ? undefined : this.#given.connectTimeoutMs;
    return own ?? this.#options.connectTimeoutMs ?? serverSpecOptions.connectTimeoutMs.default;
  }

  status(isClosing: boolean): ManagedServerStatus {
    const sessions = this.pool.sessions.size + this.fresh;
    const state = isClosing ? (sessions > 0 ? 'draining' : 'closed') : this.#state;
    return Object.freeze({ state, sessions, leases: this.leases, circuit: this.circuit.status });
  }

  get #state(): ManagedServerStatus['state'] {
    const { pool, circuit } = this;
    if (pool.count('idle', 'leased', 'checking') > 0) return 'ready';
    if (circuit.status.state !== 'closed') return 'failed';
    return pool.count('opening') > 0 ? 'connecting' : 'idle';
  }

  stats(): ManagedServerStats {
    const { pool, fresh, retries, leases } = this;
    return Object.freeze({
      open: pool.sessions.size,
      opening: pool.count('opening', 'checking'),
      idle: pool.count('idle'),
      leased: pool.count('leased'),
      closing: pool.count('closing'),
      leases,
      fresh,
      waiting: pool.waiters.size,
      created: pool.created,
      closed: Object.freeze({ ...pool.closed }),
      retries,
      circuit: this.circuit.status,
      latency: this.latency.summary(),
    });
  }

  #createBucket(principal: string | undefined, keyed: KeyedSpec): Bucket {
    const checked = checkTarget(this.name, keyed.spec, { manager: this.#options });
    const { spec } = keyed;
    if ('server' in spec && typeof spec.server !== 'function') this.pool.limit = 1;
    return new Bucket(this.pool, principal, keyed, checked);
  }
}
