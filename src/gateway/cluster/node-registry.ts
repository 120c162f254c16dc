import { randomUUID } from 'node:crypto';
import { clusterIsForeign, nodeIdTaken } from '../../errors/cluster.ts';
import { isRecord } from '../../internal/checks.ts';
import { sleep } from '../../internal/limit.ts';
import type { ResolvedCluster } from './cluster-options.ts';
import type { ClusterSecrets } from './cluster-secrets.ts';
import type { RedisClock } from './redis-clock.ts';
import { script, type RedisConnection } from './redis-connection.ts';

/** A node of a cluster, as the others know it. */
export interface ClusterNode {
  /** What it is called. */
  readonly id: string;
  /** Whether it is this node. */
  readonly isSelf: boolean;
  /** The URL of its endpoint, if it was told one. */
  readonly advertise: string | undefined;
  /** Whether it takes new sessions, or is about to end. */
  readonly state: 'serving' | 'draining';
  /** Since when, in epoch milliseconds on the clock of Redis. */
  readonly since: number;
}

/** What else nodes want to know of each other. */
export interface NodeRecord extends ClusterNode {
  /** Random for each start of a node. */
  readonly instance: string;
  /** How many times it has connected to Redis. */
  readonly epoch: number;
  /** Digests of the secrets that it has. */
  readonly secrets: readonly string[];
}

/**
 * Registers a node, or renews it, and returns Redis's time and the records of all nodes. Without effect when the prefix is
 * another cluster's, or the id another instance's.
 * KEYS: cluster, the node, nodes. ARGV: lease, instance, id, record, mark, marks that are good, prefix of nodes.
 */
const BEAT = script(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local lease = tonumber(ARGV[1])
local mark = redis.call('GET', KEYS[1])
if mark then
  local known = false
  for each in string.gmatch(ARGV[6], '%S+') do if each == mark then known = true end end
  if not known then return {'foreign', now} end
end
local holder = redis.call('HGET', KEYS[2], 'instance')
if holder and holder ~= ARGV[2] then return {'taken', now, redis.call('HGET', KEYS[2], 'beats')} end
redis.call('SET', KEYS[1], ARGV[5], 'PX', lease * 20)
redis.call('HSET', KEYS[2], 'instance', ARGV[2], 'record', ARGV[4])
redis.call('HINCRBY', KEYS[2], 'beats', 1)
redis.call('PEXPIRE', KEYS[2], lease)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
redis.call('ZADD', KEYS[3], now + lease, ARGV[3])
redis.call('PEXPIRE', KEYS[3], lease * 20)
local answer = {'ok', now}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  local record = redis.call('HGET', ARGV[7] .. id, 'record')
  if record then
    table.insert(answer, id)
    table.insert(answer, record)
  end
end
return answer`);

const TIME = script(`
local t = redis.call('TIME')
return t[1] * 1000 + math.floor(t[2] / 1000)`);

/** KEYS: the node, nodes. ARGV: instance, id. */
const LEAVE = script(`
if redis.call('HGET', KEYS[1], 'instance') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1`);

/** How this node stands with the others. */
export type Standing = 'member' | 'taken' | 'foreign';

interface Beat {
  readonly standing: Standing;
  /** How often the holder of the id has renewed its record, when that is another. */
  readonly beats: unknown;
}

/** How often, within a lease, the record of another holder is looked at when joining. */
const LOOKS = 10;
/** For how many leases a record is good that was read: longer than any lives, but not for ever. */
const GOOD_FOR = 3;

/** The nodes of a cluster, among which this one registers. */
export class NodeRegistry {
  readonly instance = randomUUID();
  readonly #options: ResolvedCluster;
  readonly #connection: RedisConnection;
  readonly #secrets: ClusterSecrets;
  readonly #clock: RedisClock;
  #nodes: ReadonlyMap<string, NodeRecord> = new Map();
  #since: number | undefined;
  state: ClusterNode['state'] = 'serving';

  constructor(
    options: ResolvedCluster,
    connection: RedisConnection,
    secrets: ClusterSecrets,
    clock: RedisClock,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#secrets = secrets;
    this.#clock = clock;
  }

  /** The nodes by id, as they were at the last beat. */
  get nodes(): ReadonlyMap<string, NodeRecord> {
    return this.#nodes;
  }

  /**
   * Registers this node. Waits for the record of one that has died. Rejects with `CONFIG_INVALID` when a node of this id is
   * alive, or the prefix another cluster's; and as commands of Redis do.
   */
  async join(signal: AbortSignal | undefined): Promise<void> {
    const { nodeId, prefix, leaseMs } = this.#options;
    const askedAt = performance.now();
    // The record says when it was written.
    this.#clock.note(Number(await this.#connection.run(TIME, [], [])), askedAt);
    let first: unknown;
    for (;;) {
      const { standing, beats } = await this.beat();
      if (standing === 'member') return;
      if (standing === 'foreign') throw clusterIsForeign(prefix);
      first ??= beats;
      if (beats !== first) throw nodeIdTaken(nodeId);
      // Opening the servers, which comes next, notices an abort, too.
      if (signal?.aborted === true) return;
      await sleep(leaseMs / LOOKS, signal);
    }
  }

  /** Renews the record of this node, and reads those of the others. Rejects as commands of Redis do. */
  async beat(): Promise<Beat> {
    const { nodeId, prefix, leaseMs } = this.#options;
    const keys = [`${prefix}:cluster`, `${prefix}:node:${nodeId}`, `${prefix}:nodes`];
    const marks = this.#secrets.marks.join(' ');
    const askedAt = performance.now();
    const answer = await this.#connection.run(BEAT, keys, [
      String(Math.round(leaseMs)),
      this.instance,
      nodeId,
      this.#record(),
      this.#secrets.mark,
      marks,
      `${prefix}:node:`,
    ]);
    const [said, now, ...rest]: unknown[] = Array.isArray(answer) ? answer : [];
    this.#clock.note(Number(now), askedAt);
    this.#since ??= this.#clock.now();
    if (said === 'taken' || said === 'foreign') {
      this.#nodes = new Map();
      return { standing: said, beats: rest[0] };
    }
    const nodes = new Map<string, NodeRecord>();
    for (let at = 0; at + 1 < rest.length; at += 2) {
      const record = this.#read(rest[at], rest[at + 1]);
      if (record !== undefined) nodes.set(record.id, record);
    }
    this.#nodes = nodes;
    this.#secrets.chooseFor([...nodes.values()].map(({ secrets }) => secrets));
    return { standing: 'member', beats: undefined };
  }

  /** Takes this node out of the cluster. */
  async leave(): Promise<void> {
    const { nodeId, prefix } = this.#options;
    const keys = [`${prefix}:node:${nodeId}`, `${prefix}:nodes`];
    await this.#connection.run(LEAVE, keys, [this.instance, nodeId]);
  }

  #record(): string {
    const { nodeId, advertise } = this.#options;
    const now = this.#clock.now();
    const record = {
      id: nodeId,
      instance: this.instance,
      advertise,
      state: this.state,
      since: Math.round(this.#since ?? now),
      epoch: this.#connection.epoch,
      secrets: this.#secrets.ids,
      at: Math.round(now),
    };
    return this.#secrets.signByAll(JSON.stringify(record), `node:${nodeId}`);
  }

  /** A record of Redis, if that node wrote it, and lately. */
  #read(id: unknown, written: unknown): NodeRecord | undefined {
    if (typeof id !== 'string' || typeof written !== 'string') return undefined;
    const text = this.#secrets.verifyAny(written, `node:${id}`);
    const read: unknown = text === undefined ? undefined : JSON.parse(text);
    if (!isRecord(read)) return undefined;
    const { instance, advertise, state, since, epoch, secrets, at } = read;
    const age = this.#clock.now() - Number(at);
    if (typeof instance !== 'string' || !Array.isArray(secrets) || !(age < GOOD_FOR * this.#options.leaseMs))
      return undefined;
    return {
      id,
      isSelf: instance === this.instance,
      advertise: typeof advertise === 'string' ? advertise : undefined,
      state: state === 'draining' ? 'draining' : 'serving',
      since: Number(since),
      instance,
      epoch: Number(epoch),
      secrets: secrets.map(String),
    };
  }
}
