import { connectFailure } from '../../errors/connect.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { compileUriTemplate } from '../../session/requests/uri-template.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { Limit, settledWithin } from '../../internal/limit.ts';
import type { Invocation } from '../command-line/invocation.ts';
import type { ConfiguredServer } from '../../config/config.ts';

/** How long the other servers may take once one has the resource, in milliseconds: they may have it, too. */
const EXTRA_WAIT_MS = 1_000;

/** What became of the servers of {@link openUntil}. */
interface OpenOutcome {
  readonly failures: ReadonlyMap<string, PlenumError>;
  /** Names of the servers that are no longer waited for; they are being closed. */
  readonly late: readonly string[];
}

/**
 * Opens servers at the same time until `isEnough` accepts those that are ready, or until each is ready or has failed.
 * So a server that hangs does not delay what another server has. Rejects with `ABORTED` only.
 */
async function openUntil(
  group: SessionGroup,
  servers: Readonly<Record<string, ConfiguredServer>>,
  isEnough: () => boolean,
  signal: AbortSignal,
): Promise<OpenOutcome> {
  const failures = new Map<string, PlenumError>();
  const pending = new Set(Object.keys(servers));
  const limit = new Limit({}, signal);
  const enough = createDeferred<void>();
  const arrivals = Object.entries(servers).map(async ([name, spec]) => {
    try {
      await group.add(name, spec, { signal: limit.signal });
    } catch (error) {
      if (limit.verdict?.by === 'owner') return;
      failures.set(name, connectFailure(name, error));
    }
    pending.delete(name);
    if (isEnough()) enough.resolve();
  });
  const all = Promise.all(arrivals);
  await Promise.race([all, enough.promise]);
  if (pending.size > 0) await settledWithin(all, EXTRA_WAIT_MS);
  limit.throwIfEnded();
  const late = [...pending];
  limit.end(new Error('Another server has it.'));
  return { failures, late };
}

/** Opens servers until one has a resource or template. Prints the names of the servers that were not waited for. */
export async function searchFor(
  uri: string,
  group: SessionGroup,
  servers: Readonly<Record<string, ConfiguredServer>>,
  { terminal, interrupt: { signal } }: Invocation,
): Promise<{ group: SessionGroup; failures: OpenOutcome['failures'] }> {
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

/** Whether a ready server has the resource, or a template that matches its URI. */
function hasResource({ resources, resourceTemplates }: SessionGroup, uri: string): boolean {
  if (resources.has(uri) || resourceTemplates.has(uri)) return true;
  return [...resourceTemplates.keys()].some((template) => compileUriTemplate(template)(uri));
}
