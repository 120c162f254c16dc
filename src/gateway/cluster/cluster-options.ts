import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { clusterOptionUnusable } from '../../errors/cluster.ts';
import { gatewayClusterOptions } from '../../options/tables/gateway-cluster.ts';

/** What makes several gateways one: each is a node, and they share what they keep in Redis 7. */
export interface GatewayCluster {
  /**
   * The URL of Redis, `redis://` or `rediss://`, with user, password and number of the database if it needs them. Required, here
   * or by `plenum serve --cluster`.
   */
  url?: string;
  /**
   * What this node is called. No two nodes may have the same.
   * @default the name of the machine and a random part
   */
  nodeId?: string;
  /** The URL of the endpoint of this node. `nodes()` shows it; nothing else uses it yet. */
  advertise?: string;
  /**
   * The secret that all nodes share, followed by earlier ones that are still good: of 32 characters or more each. To replace
   * it, restart one node after the other with `[new, old]`, and when all have it, again with `[new]`.
   */
  secrets: readonly string[];
  /**
   * What all keys in Redis begin with; each cluster on one Redis needs its own.
   * @default 'plenum'
   */
  prefix?: string;
  /**
   * How long a node may be silent before the others take it for dead, in milliseconds; the same for all nodes, and 500 at least.
   * @default 3000
   */
  leaseMs?: number;
}

/** Such options with their defaults. */
export interface ResolvedCluster {
  readonly url: string;
  readonly nodeId: string;
  readonly advertise: string | undefined;
  readonly secrets: readonly string[];
  readonly prefix: string;
  readonly leaseMs: number;
}

const LEAST_LEASE_MS = 500;
const MAX_SECRETS = 10;

/** Fills in the defaults of options that are of the right kinds. Throws `CONFIG_INVALID`. */
export function resolveCluster(given: GatewayCluster): ResolvedCluster {
  const { url, nodeId, advertise, secrets } = given;
  const { prefix = gatewayClusterOptions.prefix.default } = given;
  const { leaseMs = gatewayClusterOptions.leaseMs.default } = given;
  if (url === undefined) throw clusterOptionUnusable('url', 'must be the URL of Redis');
  const { length } = secrets;
  if (length === 0) throw clusterOptionUnusable('secrets', 'must have at least one secret');
  if (length > MAX_SECRETS) throw clusterOptionUnusable('secrets', `may have ${MAX_SECRETS} secrets`);
  if (new Set(secrets).size < length) throw clusterOptionUnusable('secrets', 'has a secret twice');
  if (!(leaseMs >= LEAST_LEASE_MS && Number.isFinite(leaseMs)))
    throw clusterOptionUnusable('leaseMs', `must be ${LEAST_LEASE_MS} or more, and finite`);
  if (!/^\/?\d*$/.test(new URL(url).pathname))
    throw clusterOptionUnusable('url', 'must have the number of a database as its path, or none');
  return { url, nodeId: nodeId ?? madeUpId(), advertise, secrets: [...secrets], prefix, leaseMs };
}

function madeUpId(): string {
  const machine = hostname().replaceAll(/[^\w.-]/g, '-');
  return `${machine.slice(0, 40)}-${randomBytes(6).toString('hex')}`;
}
