import { prefixesOf, prefixIn } from '../../group/catalog/prefixed-name.ts';
import type { ServerSet } from './server-set.ts';

/**
 * Names of the servers that may have a tool or prompt with this exposed name, so that the others need not be opened:
 * with `prefixed` naming, the part before the first `__` names the server.
 */
export function possibleOwners({ servers, broken, options }: ServerSet, exposedName: string): Set<string> {
  const owners = [...Object.keys(servers), ...broken.keys()].filter((name) => {
    const naming = servers[name]?.naming ?? options.naming ?? 'prefixed';
    return naming !== 'prefixed' || prefixesOf(name).has(prefixIn(exposedName));
  });
  return new Set(owners);
}

/** Whether a name is a URI or a URI template, and so not that of a tool or prompt. */
export function looksLikeUri(name: string): boolean {
  return /^[a-z][a-z\d+.-]*:\//i.test(name);
}
