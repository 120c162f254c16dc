import { createHash } from 'node:crypto';
import { canonicalJson } from '../../internal/json/canonical-json.ts';
import { tableOfSpec } from '../../options/tables/group.ts';

/**
 * A hash of all options that may change what a server lists. Environment and headers are among them, as another account
 * may have another catalog; so are options that are in no table. It is a hash because options may hold secrets. Values
 * that are not data, such as functions and auth providers, are replaced by the server's name.
 */
export function fingerprintOf(server: string, spec: object, capabilities: object): string {
  const table = tableOfSpec(spec) ?? {};
  const relevant = Object.entries(spec).filter(([key]) => table[key]?.catalog ?? !Object.hasOwn(table, key));
  const text = canonicalJson(
    { spec: Object.fromEntries(relevant), capabilities },
    () => `<object of ${JSON.stringify(server)}>`,
  );
  return createHash('sha256').update(text).digest('hex');
}
