import { SessionGroup } from '../../src/index.ts';
import { stdioSpec } from '../../src/testing/index.ts';

const SERVERS = 8;
/** What it takes on a quiet machine of two cores. */
const QUIET_MS = 500;

/**
 * How many times slower this machine is now than a quiet one of two cores, measured by the start of a few servers;
 * 1 at the least. Chaos asks so much less of it, and gives everything so much more time.
 */
export async function measureSlowness(): Promise<number> {
  const startedAt = performance.now();
  const servers = Object.fromEntries(Array.from({ length: SERVERS }, (_, nr) => [`s${nr}`, stdioSpec()]));
  const group = await SessionGroup.connect({ servers, strict: true, connectTimeoutMs: 60_000 });
  await group.close();
  return Math.max(1, (performance.now() - startedAt) / QUIET_MS);
}
