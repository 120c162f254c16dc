import type { ManagedServerStats } from './manager-stats.ts';

/**
 * Which server: its name, or a function that chooses one by how they all are doing (row M7). A run asks it before
 * every attempt, so that it can turn to another server when one fails.
 */
export type ServerRoute =
  string | ((servers: ReadonlyMap<string, ManagedServerStats>) => string | Promise<string>);
