import type { ToolAnnotations } from '@modelcontextprotocol/client';
import { invalidOption } from '../../errors/options.ts';
import { messageOf, type PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { checkValue } from '../../options/check-options.ts';
import { flag, text } from '../../options/kinds.ts';
import { createToolFilter } from '../../group/catalog/tool-filter.ts';
import { policyNamesOf, type ToolDefinition } from '../tool-source.ts';
import type { ToolPolicy } from './tool-policy.ts';

/** Whether a tool fits, by the names that a policy knows it by. */
type ToolMatcher = (names: readonly string[], tool: ToolDefinition) => boolean;

/** No glob matches a longer name, so a tool with such a name is not allowed when there are rules. */
const MAX_NAME_LENGTH = 256;

/** Compiles `allow` and `deny`. Throws `CONFIG_INVALID`. */
export function compileRules({
  allow,
  deny,
}: Pick<ToolPolicy, 'allow' | 'deny'>): (name: string, tool: ToolDefinition) => boolean {
  const allowed = compileList('policy.allow', allow);
  const denied = compileList('policy.deny', deny);
  if (allowed === undefined && denied === undefined) return () => true;
  return (name, tool) => {
    const names = policyNamesOf(name, tool);
    const isTooLong = names.some(({ length }) => length > MAX_NAME_LENGTH);
    if (isTooLong || (tool.server?.length ?? 0) > MAX_NAME_LENGTH) return false;
    return (allowed === undefined || allowed(names, tool)) && denied?.(names, tool) !== true;
  };
}

function compileList(field: string, rules: unknown): ToolMatcher | undefined {
  if (rules === undefined) return undefined;
  if (!Array.isArray(rules)) throw invalid(field, 'must be an array of rules');
  const matchers = rules.map((rule: unknown, index) => compileRule(`${field}[${index}]`, rule));
  return (names, tool) => matchers.some((matches) => matches(names, tool));
}

/** The traits that a rule can have, and how each is checked. */
const TRAITS: Readonly<Record<string, (field: string, wanted: unknown) => ToolMatcher>> = {
  name: (field, wanted) => {
    const matches = compileGlobs(field, wanted);
    return (names) => names.some(matches);
  },
  server: (field, wanted) => {
    const matches = compileGlobs(field, wanted);
    return (_, { server }) => server !== undefined && matches(server);
  },
  readOnlyHint: (field, wanted) => {
    checkValue(field, flag, wanted);
    return (_, tool) => isReadOnly(tool) === wanted;
  },
  destructiveHint: (field, wanted) => {
    checkValue(field, flag, wanted);
    return (_, tool) => mayDestroy(tool) === wanted;
  },
};

function compileRule(field: string, rule: unknown): ToolMatcher {
  if (typeof rule === 'string') {
    const matches = compileGlobs(field, rule);
    return (names) => names.some(matches);
  }
  if (!isRecord(rule)) throw invalid(field, 'must be a glob or an object of what a tool must fit');
  const asked = Object.entries(rule).filter(([, wanted]) => wanted !== undefined);
  // A rule with a misspelt trait must not match every tool.
  if (asked.length === 0) throw invalid(field, 'must ask for something');
  const matchers = asked.map(([trait, wanted]) => {
    const compile = Object.hasOwn(TRAITS, trait) ? TRAITS[trait] : undefined;
    if (compile === undefined) {
      throw invalid(`${field}.${trait}`, `is not known; known are ${Object.keys(TRAITS).join(', ')}`);
    }
    return compile(`${field}.${trait}`, wanted);
  });
  return (names, tool) => matchers.every((matches) => matches(names, tool));
}

export function compileGlobs(field: string, wanted: unknown): (text: string) => boolean {
  const globs: unknown[] = Array.isArray(wanted) ? wanted : [wanted];
  if (globs.length === 0) throw invalid(field, 'must not be empty');
  for (const glob of globs) checkValue(field, text, glob);
  try {
    return createToolFilter({ allow: globs.map(String) });
  } catch (error) {
    throw invalid(field, `is not a glob (${messageOf(error)})`);
  }
}

/** What the rules look at of a tool's annotations. */
type Annotated = {
  readonly annotations?: Pick<ToolAnnotations, 'readOnlyHint' | 'destructiveHint'> | undefined;
};

export function isReadOnly({ annotations }: Annotated): boolean {
  return annotations?.readOnlyHint === true;
}

/** By the protocol's defaults. A tool annotated as both read-only and destructive counts as destructive. */
export function mayDestroy(tool: Annotated): boolean {
  return tool.annotations?.destructiveHint ?? !isReadOnly(tool);
}

function invalid(field: string, what: string): PlenumError {
  return invalidOption(field, what);
}
