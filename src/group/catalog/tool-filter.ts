import { invalidOption } from '../../errors/options.ts';
import { checkValue } from '../../options/check-options.ts';
import { globs as globsKind } from '../../options/kinds.ts';
import { compileGlob } from '../../internal/glob/glob.ts';

/** Which tools of a server a group exposes. */
export interface ToolFilterOptions {
  /**
   * Globs of upstream names: only these tools are listed and can be called. Case-sensitive; `*` stands for any
   * characters, `?` for one, `{a,b}` for alternatives; docs/groups.md has the rest.
   * @default all of them
   */
  allow?: readonly string[];
  /**
   * Globs of upstream names: these tools are neither listed nor callable, even if `allow` matches them.
   * @default none
   */
  deny?: readonly string[];
}

/** Whether a tool, by its upstream name, is exposed. */
export type ToolFilter = (upstreamName: string) => boolean;

/** Longer names, twice what the specification allows, are never exposed: no model takes them. */
const MAX_NAME_LENGTH = 256;

/** `allowField` is the name of the option that has the globs of `allow`. Throws `CONFIG_INVALID`. */
export function createToolFilter({ allow, deny }: ToolFilterOptions, allowField = 'allow'): ToolFilter {
  const allowed = createMatcher(allowField, allow);
  const denied = createMatcher('deny', deny);
  if (allowed === undefined && denied === undefined) return () => true;
  return (name) => {
    if (name.length > MAX_NAME_LENGTH) return false;
    return (allowed === undefined || allowed(name)) && denied?.(name) !== true;
  };
}

/** The globs that match none of a server's tools, each with the name of its option. */
export function unmatchedGlobs(
  { allow = [], deny = [] }: ToolFilterOptions,
  names: readonly string[],
): { readonly option: string; readonly glob: string }[] {
  const all = [
    ...allow.map((glob, nr) => ({ option: `allow[${nr}]`, glob })),
    ...deny.map((glob, nr) => ({ option: `deny[${nr}]`, glob })),
  ];
  return all.filter(({ glob }) => !names.some(createToolFilter({ allow: [glob] })));
}

function createMatcher(field: string, globs: readonly string[] | undefined): ToolFilter | undefined {
  if (globs === undefined) return undefined;
  checkValue(field, globsKind, globs);
  const matchers = globs.map((glob, index) => {
    const compiled = compileGlob(glob);
    if ('problem' in compiled)
      throw invalidOption(`${field}[${index}]`, `is not a glob: ${compiled.problem}`);
    return compiled.matches;
  });
  return (name) => matchers.some((matches) => matches(name));
}
