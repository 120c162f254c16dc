import { createHash } from 'node:crypto';
import { canonicalJson } from '../../internal/canonical-json.ts';
import { tableOfSpec } from '../../options/tables/group.ts';

/**
 * Tells specs apart by all options that may make their servers list other things, environment and headers included:
 * another account has another catalog. What is in no table makes a difference, too. One way, so that no secret can be read from it. What is no data, such as a function or an
 * auth provider, counts as the server's name alone.
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
