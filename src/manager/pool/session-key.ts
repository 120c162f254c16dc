import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { canonicalJson } from '../../internal/json/canonical-json.ts';
import { unusableServer } from '../../errors/options.ts';
import { specFailure } from '../../errors/pool.ts';
import { isRecord } from '../../internal/checks.ts';
import { withoutUndefined } from '../../options/check-options.ts';
import { describe } from '../../options/wording.ts';
import type { HeadersSource } from '../../server-spec.ts';
import type { ManagedServer, ManagedServerSpec, ServerSpecContext } from './managed-server.ts';

/**
 * A spec for one principal, and the key of its sessions. Sessions of one server with the same key are interchangeable.
 */
export interface KeyedSpec {
  readonly spec: ManagedServerSpec;
  readonly key: string;
  /** What the function that computes the headers returned; undefined when there is none. */
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** The key of a server's sessions when only principals can differ. */
export function principalKey(principal: string | undefined): string {
  return principal === undefined ? '' : `=${principal}`;
}

/** Whether a function computes the spec or the headers; it is called for each session. */
export function isComputed(server: ManagedServer): boolean {
  return typeof server === 'function' || headersFunction(server) !== undefined;
}

/**
 * Calls the functions that compute spec and headers. The key is made of principal, spec and computed headers. Rejects
 * with `CONNECT_FAILED` when a function fails, or with the `PlenumError` that it threw.
 */
export async function resolveKeyedSpec(
  server: ManagedServer,
  context: ServerSpecContext,
): Promise<KeyedSpec> {
  try {
    const spec = typeof server === 'function' ? computed(await server(context), context.server) : server;
    const ask = headersFunction(spec);
    const headers = ask === undefined ? undefined : await ask();
    const key = `${principalKey(context.principal)} ${fingerprint([spec, headers])}`;
    return { spec, key, headers };
  } catch (error) {
    throw specFailure(context.server, error);
  }
}

/**
 * The spec with the headers that are part of its key. The first connection uses these. A later one calls the function
 * again, as a token may have expired; if the headers differ, `onDrift` is called, as the session no longer fits its key.
 */
export function pinHeaders({ spec, headers }: KeyedSpec, onDrift: () => void): ManagedServerSpec {
  const ask = headersFunction(spec);
  if (ask === undefined || headers === undefined) return spec;
  let first = true;
  const pinned = async (): Promise<Readonly<Record<string, string>>> => {
    if (first) {
      first = false;
      return headers;
    }
    const fresh = await ask();
    if (!isDeepStrictEqual(fresh, headers)) onDrift();
    return fresh;
  };
  return { ...spec, headers: pinned };
}

/** What a function of the caller's returned as a spec. */
function computed(spec: ManagedServerSpec, server: string): ManagedServerSpec {
  if (isRecord(spec)) return withoutUndefined(spec);
  throw unusableServer(
    `The spec that is computed for server "${server}" must be an object, not ${describe(spec)}.`,
    server,
  );
}

function headersFunction(spec: ManagedServerSpec): Extract<HeadersSource, () => unknown> | undefined {
  const headers: HeadersSource | undefined = 'url' in spec ? spec.headers : undefined;
  return typeof headers === 'function' ? headers : undefined;
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/**
 * A hash that is the same for equal data in any order of keys. Functions and objects that are not plain data are equal
 * only to themselves. It is a hash because the data may hold secrets.
 */
function fingerprint(data: unknown): string {
  return createHash('sha256').update(canonicalJson(data, identify)).digest('base64url');
}

function identify(value: unknown): string {
  const isObject = typeof value === 'function' || (typeof value === 'object' && value !== null);
  return isObject ? `#${identityOf(value)}` : `<${typeof value}>`;
}

function identityOf(object: object): number {
  let identity = identities.get(object);
  if (identity === undefined) {
    identity = ++lastIdentity;
    identities.set(object, identity);
  }
  return identity;
}
