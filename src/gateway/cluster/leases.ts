import type { ResolvedCluster } from './cluster-options.ts';
import { script, type RedisConnection } from './redis-connection.ts';

/** Who has a lease. `fence` grows whenever another node gets it: what an earlier owner still does can be told by it. */
export interface LeaseHolder {
  readonly node: string;
  readonly fence: string;
  readonly isSelf: boolean;
}

/** The time, and a fencing number that is larger than all before: also when Redis has lost the last one, as time goes on. */
const FENCING = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function grow(key)
  local fence = math.max((tonumber(redis.call('GET', key)) or 0) + 1, t[1] * 1000000 + t[2])
  local text = string.format('%.0f', fence)
  redis.call('SET', key, text, 'PX', 86400000)
  return text
end
local function keep(key, node, instance, fence, lease)
  redis.call('HSET', key, 'node', node, 'instance', instance, 'fence', fence, 'until', now + lease)
  redis.call('PEXPIRE', key, lease + 600000)
end
`;

/** KEYS: lease, fence. ARGV: node, instance, lease time. Returns fence and holder. */
const ACQUIRE = script(`${FENCING}
local had = redis.call('HMGET', KEYS[1], 'node', 'instance', 'fence', 'until')
if had[2] == ARGV[2] then
  keep(KEYS[1], ARGV[1], ARGV[2], had[3], tonumber(ARGV[3]))
  return {had[3], ARGV[1], 1}
end
if had[4] and tonumber(had[4]) > now then return {had[3], had[1], 0} end
local fence = grow(KEYS[2])
keep(KEYS[1], ARGV[1], ARGV[2], fence, tonumber(ARGV[3]))
return {fence, ARGV[1], 1}`);

/**
 * KEYS: fence, then leases. ARGV: node, instance, lease time, when the latest renewal was at least, then the fence of each.
 * Returns the fence of each, or 0 where it was lost. One of which Redis knows nothing is taken anew, as Redis was emptied;
 * after so long a time that Redis may have forgotten another owner it is lost.
 */
const RENEW = script(`${FENCING}
local fences = {}
for i = 2, #KEYS do
  local had = redis.call('HMGET', KEYS[i], 'instance', 'fence')
  local fence = '0'
  if had[1] == ARGV[2] and had[2] == ARGV[i + 3] then fence = had[2]
  elseif not had[1] and now < tonumber(ARGV[4]) + 600000 then fence = grow(KEYS[1]) end
  if fence ~= '0' then keep(KEYS[i], ARGV[1], ARGV[2], fence, tonumber(ARGV[3])) end
  table.insert(fences, fence)
end
return {now, fences}`);

/** KEYS: lease. ARGV: instance. The fence stays, so that an owner that has not heard of it is found out. */
const RELEASE = script(`
if redis.call('HGET', KEYS[1], 'instance') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'instance', '', 'until', 0)
return 1`);

/** How many leases are renewed in one step. */
const BATCH = 500;

interface Held {
  fence: string;
  /** Until when nobody else can have it, as `performance.now()` tells. */
  until: number;
  readonly onLost: () => void;
}

/**
 * The leases of one node: of what must exist once in the cluster. One whose time has run out while the node was frozen, or
 * cut off from Redis, is kept when nobody else had it meanwhile, and else is lost.
 */
export class Leases {
  readonly #options: Pick<ResolvedCluster, 'nodeId' | 'prefix' | 'leaseMs'>;
  readonly #instance: string;
  readonly #connection: RedisConnection;
  readonly #held = new Map<string, Held>();
  /** When the latest renewal was, in milliseconds on Redis's clock; before the first one it counts as if it was just now. */
  #renewedAt = 2 ** 53;

  constructor(
    options: Pick<ResolvedCluster, 'nodeId' | 'prefix' | 'leaseMs'>,
    instance: string,
    connection: RedisConnection,
  ) {
    this.#options = options;
    this.#instance = instance;
    this.#connection = connection;
  }

  /** How many this node has. */
  get size(): number {
    return this.#held.size;
  }

  /** The key of a lease in Redis. */
  keyOf(name: string): string {
    return `${this.#options.prefix}:lease:${name}`;
  }

  /** The fence of a lease that this node has; undefined when it has it not, or must ask whether it still has it. */
  fenceOf(name: string): string | undefined {
    const held = this.#held.get(name);
    if (held === undefined) return undefined;
    // While Redis is down nobody gets it through Redis, and this node goes on for its own clients.
    return performance.now() < held.until || !this.#connection.isUp ? held.fence : undefined;
  }

  /**
   * Takes a lease that nobody has. Resolves with who has it. `onLost` is called when it turns out that another has it.
   * Rejects as commands of Redis do.
   */
  async acquire(name: string, onLost: () => void): Promise<LeaseHolder> {
    const known = this.fenceOf(name);
    const { nodeId, prefix, leaseMs } = this.#options;
    if (known !== undefined) return { node: nodeId, fence: known, isSelf: true };
    const askedAt = performance.now();
    const keys = [this.keyOf(name), `${prefix}:fence`];
    const args = [nodeId, this.#instance, String(Math.round(leaseMs))];
    const [fence, node, isMine] = textsOf(await this.#connection.run(ACQUIRE, keys, args));
    if (fence === undefined || node === undefined) throw new TypeError('Redis gave no lease.');
    const held = this.#held.get(name);
    if (isMine !== '1') {
      if (held !== undefined) this.#lose(name, held);
      return { node, fence, isSelf: false };
    }
    // With another fence it was someone else's in between, and what ran under the earlier one must end.
    if (held !== undefined && held.fence !== fence) this.#lose(name, held);
    const until = askedAt + leaseMs;
    if (held?.fence === fence) held.until = until;
    else this.#held.set(name, { fence, until, onLost });
    return { node: nodeId, fence, isSelf: true };
  }

  /** Gives a lease back. Never rejects: without Redis it expires. */
  async release(name: string): Promise<void> {
    if (!this.#held.delete(name)) return;
    await this.#connection.run(RELEASE, [this.keyOf(name)], [this.#instance]).catch(() => {});
  }

  /** Gives all back. Never rejects. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((name) => this.release(name)));
  }

  /** Renews all that this node has. Rejects as commands of Redis do. */
  async renew(): Promise<void> {
    const all = [...this.#held];
    for (let at = 0; at < all.length; at += BATCH) await this.#renew(all.slice(at, at + BATCH));
  }

  /** Another instance has the id of this node: it has nothing any more. */
  loseAll(): void {
    for (const [name, held] of this.#held) this.#lose(name, held);
  }

  async #renew(some: readonly (readonly [string, Held])[]): Promise<void> {
    const { nodeId, prefix, leaseMs } = this.#options;
    const askedAt = performance.now();
    const fences = some.map(([, { fence }]) => fence);
    const answer = await this.#connection.run(
      RENEW,
      [`${prefix}:fence`, ...some.map(([name]) => this.keyOf(name))],
      [nodeId, this.#instance, String(Math.round(leaseMs)), String(this.#renewedAt), ...fences],
    );
    const [now, renewed]: unknown[] = Array.isArray(answer) ? answer : [];
    for (const [index, fence] of textsOf(renewed).entries()) {
      const [name, held] = some[index] ?? [];
      // Meanwhile it may have been given back, or taken anew.
      if (name === undefined || held === undefined || this.#held.get(name) !== held) continue;
      if (fence === '0') this.#lose(name, held);
      else {
        held.fence = fence;
        held.until = askedAt + leaseMs;
      }
    }
    this.#renewedAt = Number(now);
  }

  #lose(name: string, held: Held): void {
    this.#held.delete(name);
    held.onLost();
  }
}

function textsOf(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}
