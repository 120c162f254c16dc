import { policyMatchesNothing } from '../../errors/gateway.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { CATALOG_KINDS, type Catalog, type CatalogOrigin } from '../../group/catalog/catalog.ts';
import type { ClientRule, EntryRule } from './client-rule.ts';
import { compileEntryRules, compileGlobs, Entry } from './entry-rules.ts';

/** What there is for rules to match. */
export interface Matchable {
  readonly servers: readonly string[];
  readonly catalog: Catalog;
  /** Whether all servers are listed: else what matches nothing may match something later. */
  readonly isComplete: boolean;
}

/** More than these are not told of. */
const MAX_TOLD = 100;

/** What rules for clients name and does not exist: probably a mistake. */
export function unmatchedRules(
  rules: readonly ClientRule[] | undefined,
  { servers, catalog, isComplete }: Matchable,
): readonly PlenumError[] {
  if (rules === undefined) return [];
  const entries: Entry[] = CATALOG_KINDS.flatMap((kind) => {
    const ofKind: ReadonlyMap<string, CatalogOrigin> = catalog[kind];
    return [...ofKind].map(([name, origin]) => new Entry(kind, name, origin));
  });
  const found: PlenumError[] = [];
  const tell = (option: string, text: string, noun: 'server' | 'entry', known: readonly string[]): void => {
    if (found.length < MAX_TOLD) found.push(policyMatchesNothing(option, text, noun, known));
  };
  const lookAt = (field: string, rule: EntryRule): void => {
    if (!isComplete || found.length === MAX_TOLD) return;
    const matches = compileEntryRules(field, [rule]);
    if (entries.some((entry) => matches?.(entry, 'some') === true)) return;
    const text = typeof rule === 'string' ? rule : JSON.stringify(rule);
    tell(
      field,
      text,
      'entry',
      entries.map(({ name }) => name),
    );
  };
  for (const [nr, { servers: globs = [], allow = [], deny = [], approve = [] }] of rules.entries()) {
    for (const [at, glob] of globs.entries()) {
      const option = `clients[${nr}].servers[${at}]`;
      if (!servers.some(compileGlobs(option, glob))) tell(option, glob, 'server', servers);
    }
    for (const [name, list] of Object.entries({ allow, deny, approve }))
      for (const [at, rule] of list.entries()) lookAt(`clients[${nr}].${name}[${at}]`, rule);
  }
  return found;
}
