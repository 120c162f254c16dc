import picomatch from 'picomatch';
import { invalidOption } from '../../errors/options.ts';
import { checkValue } from '../../options/check-options.ts';
import { globs as globsKind } from '../../options/kinds.ts';
import { wildcardMatcher } from './wildcard.ts';

/** Which tools of a server a group exposes. */
export interface ToolFilterOptions {
  /**
   * Globs of upstream names: only these tools are listed and can be called. Case-sensitive; `*` stands for any
   * characters.
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

/** Longer names, twice what the specification allows, are never exposed: matching them could take very long. */
const MAX_NAME_LENGTH = 256;

/** Throws `CONFIG_INVALID`. */
export function createToolFilter({ allow, deny }: ToolFilterOptions): ToolFilter {
  const allowed = createMatcher('allow', allow);
  const denied = createMatcher('deny', deny);
  if (allowed === undefined && denied === undefined) return () => true;
  return (name) => {
    if (name.length > MAX_NAME_LENGTH) return false;
    return (allowed === undefined || allowed(name)) && denied?.(name) !== true;
  };
}

function createMatcher(field: string, globs: readonly string[] | undefined): ToolFilter | undefined {
  if (globs === undefined) return undefined;
  checkValue(field, globsKind, globs);
  const matchers = globs.map((glob, index) => {
    try {
      return wildcardMatcher(glob) ?? globMatcher(glob);
    } catch (cause) {
      throw invalidOption(`${field}[${index}]`, 'is not a glob', { cause });
    }
  });
  return (name) => matchers.some((matches) => matches(name));
}

function globMatcher(glob: string): ToolFilter {
  const matches = picomatch(flatGlob(glob), { windows: false, nonegate: true, strictSlashes: true });
  return (name) => matches(flatName(name));
}

/** Characters that picomatch treats as parts of a path, or that its `*` does not match, with a substitute for each. */
const STAND_INS = new Map(
  ['/', '.', '\n', '\r', '\u2028', '\u2029'].map((char, nr) => [char, String.fromCodePoint(0xe000 + nr)]),
);
const EMPTY = '\ue010';

/** Tool names are not paths, so `*` must match every character. */
function flatName(name: string): string {
  return name === '' ? EMPTY : name.replace(/[/.\n\r\u2028\u2029]/g, standIn);
}

/** As `flatName`, but keeps the dots of a range such as `{1..3}`. */
function flatGlob(glob: string): string {
  return glob.replace(/\{\w+\.\.\w+\}|[/.\n\r\u2028\u2029]/g, standIn);
}

function standIn(found: string): string {
  return STAND_INS.get(found) ?? found;
}
