import { PlenumError } from '../../errors/plenum-error.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { compileUriTemplate } from '../../group/catalog/uri-template.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { Limit, settledWithin } from '../../internal/limit.ts';
import type { Invocation } from '../command-line/invocation.ts';
import type { ConfiguredServer } from '../../config/config.ts';

/** How long the others may take once a server has what is wanted, in milliseconds: they may have it too. */
const GRACE_MS = 1_000;

/** How the servers of {@link openUntil} came out. */
interface Arrivals {
  readonly failures: ReadonlyMap<string, PlenumError>;
  /** Names of those that nobody waits for any longer; they are being ended. */
  readonly late: readonly string[];
}

/**
 * Opens servers side by side until `isEnough` of those that are there, or until each has come or failed. So a server
 * that hangs keeps nobody from what another one has. Rejects with `ABORTED` only.
 */
async function openUntil(
  group: SessionGroup,
  servers: Readonly<Record<string, ConfiguredServer>>,
  isEnough: () => boolean,
  signal: AbortSignal,
): Promise<Arrivals> {
  const failures = new Map<string, PlenumError>();
  const pending = new Set(Object.keys(servers));
  const limit = new Limit({}, signal);
  const enough = createDeferred<void>();
  const arrivals = Object.entries(servers).map(async ([name, spec]) => {
    try {
      await group.add(name, spec, { signal: limit.signal });
    } catch (error) {
      if (limit.verdict?.by === 'owner') return;
      failures.set(name, PlenumError.from(error, 'CONNECT_FAILED', `Connecting to server "${name}"`));
    }
    pending.delete(name);
    if (isEnough()) enough.resolve();
  });
  const all = Promise.all(arrivals);
  await Promise.race([all, enough.promise]);
  if (pending.size > 0) await settledWithin(all, GRACE_MS);
  limit.throwIfEnded();
  const late = [...pending];
  limit.end(new Error('Another server has it.'));
  return { failures, late };
}

/** Opens servers until one has a resource or template. Those that are not waited for are named to people. */
export async function searchFor(
  uri: string,
  group: SessionGroup,
  servers: Readonly<Record<string, ConfiguredServer>>,
  { terminal, interrupt: { signal } }: Invocation,
): Promise<{ group: SessionGroup; failures: Arrivals['failures'] }> {
  try {
    const specs = Object.entries(servers).map(
      ([name, spec]) => [name, { ...spec, naming: 'prefixed' }] as const,
    );
    const { failures, late } = await openUntil(
      group,
      Object.fromEntries(specs),
      () => hasResource(group, uri),
      signal,
    );
    if (late.length > 0 && !terminal.json) terminal.note(`Not waited for: ${late.join(', ')}`);
    return { group, failures };
  } catch (error) {
    await group.destroy(error);
    throw error;
  }
}

/** Whether a server that is there has a resource, or a template that could make its URI. */
function hasResource({ resources, resourceTemplates }: SessionGroup, uri: string): boolean {
  if (resources.has(uri) || resourceTemplates.has(uri)) return true;
  return [...resourceTemplates.keys()].some((template) => compileUriTemplate(template)(uri));
}
