import { invalidOption } from '../../errors/options.ts';
import type { CatalogKind, CatalogOrigin } from '../../group/catalog/catalog.ts';
import { isRecord } from '../../internal/checks.ts';
import { compileGlob } from '../../internal/glob/glob.ts';
import { visibleText } from '../../internal/visible-text.ts';
import { mayDestroy, isReadOnly } from '../../toolkit/policy/tool-rules.ts';
import type { ClientRule, EntryRule, EntryTraits } from './client-rule.ts';
import { looseSpellingsOf, spellingsOf } from './uri-spellings.ts';

/** A tool, prompt, resource or template, as rules look at it. */
export class Entry {
  readonly kind: CatalogKind;
  /** The exposed name of a tool or prompt. Resources are known by their URIs alone. */
  readonly name: string;
  readonly origin: CatalogOrigin;
  #names: readonly string[] | undefined;
  #looseNames: readonly string[] | undefined;

  constructor(kind: CatalogKind, name: string, origin: CatalogOrigin) {
    this.kind = kind;
    this.name = name;
    this.origin = origin;
  }

  /** All names by which it is known. */
  get names(): readonly string[] {
    this.#names ??= namesOf(this);
    return this.#names;
  }

  /** And those by which a server may know it. */
  get looseNames(): readonly string[] {
    this.#looseNames ??= this.kind === 'resources' ? looseSpellingsOf(this.origin.upstreamName) : this.names;
    return this.#looseNames;
  }
}

/** Whether an entry fits. `some`: by one of its names at least; `all`: by each of them. */
export type EntryMatcher = (entry: Entry, by: 'some' | 'all') => boolean;

const KIND = {
  tools: 'tool',
  prompts: 'prompt',
  resources: 'resource',
  resourceTemplates: 'resource',
} as const;

/** Names are compared up to this length. What has a longer one fits no rule that allows, and each that denies. */
const MAX_LENGTH = 8_192;

/** Compiles rules, of which one must fit. Throws `CONFIG_INVALID`. */
export function compileEntryRules(
  field: string,
  rules: readonly EntryRule[] | undefined,
): EntryMatcher | undefined {
  if (rules === undefined) return undefined;
  const matchers = rules.map((rule, nr) => compileRule(`${field}[${nr}]`, rule));
  return (entry, by) => {
    if (isTooLong(entry)) return by === 'some';
    return matchers.some((matches) => matches(entry, by));
  };
}

function compileRule(field: string, rule: EntryRule): EntryMatcher {
  const { kind, name, server, readOnlyHint, destructiveHint }: EntryTraits =
    typeof rule === 'string' ? { name: rule } : rule;
  const isOfTools = readOnlyHint !== undefined || destructiveHint !== undefined;
  if (kind === undefined && name === undefined && server === undefined && !isOfTools)
    throw invalidOption(field, 'must ask for something');
  if (isOfTools && kind !== undefined && kind !== 'tool')
    throw invalidOption(`${field}.kind`, 'must be "tool" with "readOnlyHint" and "destructiveHint"');
  const wanted = isOfTools ? 'tool' : kind;
  const isNamed = name === undefined ? undefined : compileGlobs(nameField(field, rule), name);
  const isOfServer = server === undefined ? undefined : compileGlobs(`${field}.server`, server);
  return (entry, by) =>
    (wanted === undefined || KIND[entry.kind] === wanted) &&
    isOfServer?.(entry.origin.server) !== false &&
    (readOnlyHint === undefined || isReadOnly(annotated(entry)) === readOnlyHint) &&
    (destructiveHint === undefined || mayDestroy(annotated(entry)) === destructiveHint) &&
    (isNamed === undefined || (by === 'some' ? entry.looseNames.some(isNamed) : isAllowedBy(entry, isNamed)));
}

/** Whether rules leave anything of a server: none that denies is for all of it, and one that allows can be for it. */
export function compileServerRules({
  allow,
  deny = [],
}: Pick<ClientRule, 'allow' | 'deny'>): (server: string) => boolean {
  const denied = deny.flatMap((rule) => (isOfServersAlone(rule) ? serversOf(rule) : []));
  const allowed = allow?.map(serversOf);
  return (server) =>
    !denied.some((matches) => matches(server)) && allowed?.some((matches) => matches(server)) !== false;
}

/** The servers that a rule can be for. */
function serversOf(rule: EntryRule): (server: string) => boolean {
  const server = typeof rule === 'string' ? undefined : rule.server;
  return server === undefined ? () => true : compileGlobs('server', server);
}

function isOfServersAlone(rule: EntryRule): boolean {
  if (typeof rule === 'string') return false;
  return Object.entries(rule).every(([trait, value]) => trait === 'server' || value === undefined);
}

function annotated({ origin }: Entry): Parameters<typeof mayDestroy>[0] {
  const annotations = 'annotations' in origin && isRecord(origin.annotations) ? origin.annotations : {};
  const { readOnlyHint, destructiveHint } = annotations;
  return {
    annotations: {
      ...(typeof readOnlyHint === 'boolean' && { readOnlyHint }),
      ...(typeof destructiveHint === 'boolean' && { destructiveHint }),
    },
  };
}

function nameField(field: string, rule: EntryRule): string {
  return typeof rule === 'string' ? field : `${field}.name`;
}

/** A tool is allowed by any of its names; a resource only if each spelling of its URI is. */
function isAllowedBy(entry: Entry, isNamed: (name: string) => boolean): boolean {
  const { kind, names } = entry;
  return KIND[kind] === 'resource' ? names.every(isNamed) : names.some(isNamed);
}

function namesOf({ kind, name, origin }: Entry): readonly string[] {
  if (kind === 'resources') return spellingsOf(origin.upstreamName);
  if (kind === 'resourceTemplates') return [origin.upstreamName];
  // Without the cleaning, the cutting and the hashes of exposed names.
  const raw = `${origin.server}__${origin.upstreamName}`;
  return raw === name ? [name] : [...new Set([name, raw, visibleText(raw)])];
}

function isTooLong({ name, origin }: Entry): boolean {
  return name.length > MAX_LENGTH || origin.upstreamName.length > MAX_LENGTH;
}

/** Compiles globs, of which one must match. Throws `CONFIG_INVALID`. */
export function compileGlobs(field: string, given: string | readonly string[]): (text: string) => boolean {
  const globs = typeof given === 'string' ? [given] : given;
  if (globs.length === 0) throw invalidOption(field, 'must not be empty');
  const matchers = globs.map((glob) => {
    const compiled = compileGlob(glob);
    if ('problem' in compiled) throw invalidOption(field, `is not a glob (${compiled.problem})`);
    return compiled.matches;
  });
  return (text) => matchers.some((matches) => matches(text));
}
