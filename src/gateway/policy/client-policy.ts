import { invalidOption } from '../../errors/options.ts';
import type { CatalogKind, CatalogOrigin } from '../../group/catalog/catalog.ts';
import type { Identity } from '../identity/identity.ts';
import type { ClaimValue, ClientMatch, ClientRule } from './client-rule.ts';
import { compileEntryRules, compileGlobs, compileServerRules, Entry } from './entry-rules.ts';
import { RateLimits } from './rate-limits.ts';

/**
 * What one client may see and do. Every way in asks the same two questions: a list, a call, a search, a subscription, and
 * what a client is told of changes.
 */
export interface ClientPolicy {
  /** Whether nothing is kept from the client, so that nothing need be asked. */
  readonly isWhole: boolean;
  readonly view: 'tools' | 'search';
  /** How much a principal may call; undefined without limits. */
  readonly rates: RateLimits | undefined;
  /** Whether anything of a server may be seen. */
  allowsServer(server: string): boolean;
  allows(kind: CatalogKind, name: string, origin: CatalogOrigin): boolean;
  /** Whether a call of this tool needs the consent of the client's user. */
  needsApproval(name: string, origin: CatalogOrigin): boolean;
}

const WHOLE: ClientPolicy = {
  isWhole: true,
  view: 'tools',
  rates: undefined,
  allowsServer: () => true,
  allows: () => true,
  needsApproval: () => false,
};

/** For clients that no rule is for. */
const NOTHING: ClientPolicy = {
  ...WHOLE,
  isWhole: false,
  allowsServer: () => false,
  allows: () => false,
};

/** What each client may see and do, by the rules of a gateway. May change. */
export class ClientPolicies {
  #rules: readonly CompiledRule[] | undefined;
  /** Clients of one session show the same identity in many requests. */
  #known = new WeakMap<Identity, ClientPolicy>();

  constructor(rules: readonly ClientRule[] | undefined) {
    this.configure(rules);
  }

  /** With the rules as they are now. */
  copy(): ClientPolicies {
    const copy = new ClientPolicies(undefined);
    copy.#rules = this.#rules;
    return copy;
  }

  /** Throws `CONFIG_INVALID`; then the former rules stay. */
  configure(rules: readonly ClientRule[] | undefined): void {
    this.#rules = compileClientRules(rules);
    this.#known = new WeakMap();
  }

  /** The first rule counts that is for a client. The same object for all clients of one rule. */
  of(identity: Identity): ClientPolicy {
    if (this.#rules === undefined) return WHOLE;
    const known = this.#known.get(identity);
    if (known !== undefined) return known;
    const policy = this.#rules.find(({ isFor }) => isFor(identity))?.policy ?? NOTHING;
    this.#known.set(identity, policy);
    return policy;
  }
}

interface CompiledRule {
  readonly isFor: (identity: Identity) => boolean;
  readonly policy: ClientPolicy;
}

/** Throws `CONFIG_INVALID`. */
export function compileClientRules(
  rules: readonly ClientRule[] | undefined,
): readonly CompiledRule[] | undefined {
  return rules?.map((rule, nr) => {
    const field = `clients[${nr}]`;
    return { isFor: compileMatch(`${field}.match`, rule.match), policy: compileRule(field, rule) };
  });
}

function compileRule(field: string, rule: ClientRule): ClientPolicy {
  expectValues(field, rule);
  const isServed = rule.servers === undefined ? undefined : compileGlobs(`${field}.servers`, rule.servers);
  const allowed = compileEntryRules(`${field}.allow`, rule.allow);
  const denied = compileEntryRules(`${field}.deny`, rule.deny);
  const approved = compileEntryRules(`${field}.approve`, rule.approve);
  const ofServers = compileServerRules(rule);
  const allowsServer = (server: string): boolean => isServed?.(server) !== false && ofServers(server);
  return {
    isWhole: isServed === undefined && allowed === undefined && denied === undefined,
    view: rule.view ?? 'tools',
    rates: rule.rate === undefined ? undefined : new RateLimits(`${field}.rate`, rule.rate),
    allowsServer,
    allows: (kind, name, origin) => {
      if (!allowsServer(origin.server)) return false;
      const entry = new Entry(kind, name, origin);
      return allowed?.(entry, 'all') !== false && denied?.(entry, 'some') !== true;
    },
    needsApproval: (name, origin) => approved?.(new Entry('tools', name, origin), 'some') === true,
  };
}

function compileMatch(field: string, match: ClientMatch = {}): (identity: Identity) => boolean {
  expectValues(field, match);
  expectValues(`${field}.claim`, match.claim ?? {});
  const { key, principal, scope, claim = {} } = match;
  const isKey = key === undefined ? undefined : compileGlobs(`${field}.key`, key);
  const principals = principal === undefined ? undefined : oneOrMore(`${field}.principal`, principal);
  const scopes = scope === undefined ? undefined : oneOrMore(`${field}.scope`, scope);
  const claims = Object.entries(claim).map(
    ([name, wanted]) => [name, oneOrMore(`${field}.claim.${name}`, wanted)] as const,
  );
  return (identity) =>
    (isKey === undefined || (identity.key !== undefined && isKey(identity.key))) &&
    (principals === undefined || principals.includes(identity.principal)) &&
    (scopes === undefined || scopes.some((each) => identity.scopes?.includes(each) === true)) &&
    claims.every(([name, wanted]) => hasClaim(identity.claims, name, wanted));
}

/** A member that is there and has no value, such as an unset variable, would let in more than was meant. */
function expectValues(field: string, given: object): void {
  for (const [name, value] of Object.entries(given))
    if (value === undefined) throw invalidOption(`${field}.${name}`, 'must have a value, or not be there');
}

function oneOrMore<T extends ClaimValue>(field: string, given: T | readonly T[]): readonly T[] {
  const values: readonly T[] = isList(given) ? given : [given];
  if (values.length === 0) throw invalidOption(field, 'must not be empty');
  return values;
}

function isList<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given);
}

function hasClaim(claims: Identity['claims'], name: string, wanted: readonly ClaimValue[]): boolean {
  if (claims === undefined || !Object.hasOwn(claims, name)) return false;
  const held: unknown = claims[name];
  const values: readonly unknown[] = Array.isArray(held) ? held : [held];
  return values.some((value) => wanted.some((each) => each === value));
}
