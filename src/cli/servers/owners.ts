import { prefixedName } from '../../group/catalog/prefixed-name.ts';
import type { ServerSet } from './server-set.ts';

/**
 * Names of the servers that may have a tool or prompt of this exposed name, so that the others need not be opened:
 * under `prefixed` naming, the part before the first `__` tells.
 */
export function possibleOwners({ servers, broken, options }: ServerSet, exposedName: string): Set<string> {
  const owners = [...Object.keys(servers), ...broken.keys()].filter((name) => {
    const naming = servers[name]?.naming ?? options.naming ?? 'prefixed';
    return naming !== 'prefixed' || prefixesOf(name).has(firstPart(exposedName));
  });
  return new Set(owners);
}

/** A long name of a server may be cut to make room for that of a long tool. */
function prefixesOf(server: string): Set<string> {
  return new Set([prefixedName(server, 'x'), prefixedName(server, 'x'.repeat(64))].map(firstPart));
}

function firstPart(name: string): string {
  return name.split('__', 1)[0] ?? '';
}

/** Whether a name is a URI, or a template, that no tool or prompt is called by. */
export function looksLikeUri(name: string): boolean {
  return /^[a-z][a-z\d+.-]*:\//i.test(name);
}
