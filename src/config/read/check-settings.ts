import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import { meantBy } from '../../options/check-options.ts';
import { faultsOf } from '../../options/faults.ts';
import { optionsOf } from '../../options/kinds.ts';
import { knownPart } from '../../options/known-part.ts';
import { describe, describeWord } from '../../options/wording.ts';
import { expandValues, type TemplateScope } from '../expand/template.ts';
import type { Findings } from './findings.ts';
import type { SettingsKind } from './settings.ts';
import { AnswerPending } from '../expand/inputs.ts';
import { isWithin, type JsonPath } from '../json/json-path.ts';

/** Settings of a file before expansion, and their place in it. */
export interface RawSettings {
  readonly values: Readonly<Record<string, unknown>>;
  /** Maps a path in `values` to the path in the document. */
  readonly locate: (path: JsonPath) => JsonPath;
  /** The scope for the text at a path in `values`. */
  readonly scopeAt: (path: JsonPath) => TemplateScope;
  /** The server that has these settings; undefined for those of the whole file. */
  readonly server?: string;
}

/**
 * Expands settings and checks them. Returns undefined when there is a problem, which is added to `findings`, or when
 * the user must be asked for an input first.
 */
export function checkSettings<T>(
  settings: SettingsKind<T>,
  { values, locate, scopeAt, server }: RawSettings,
  findings: Findings,
): T | undefined {
  const unexpanded: JsonPath[] = [];
  const expanded = expandValues(values, [], scopeAt, (path, reason) => {
    unexpanded.push(path);
    if (!(reason instanceof AnswerPending)) findings.problem(locate(path), reason.message, server);
  });
  const kind = optionsOf(settings.table);
  const known = knownPart(kind, expanded, (path, table) => {
    const key = String(path.at(-1));
    findings.warn(locate(path), `Unknown key "${printable(key, 80)}".${meantBy(key, table)}`);
  });
  if (settings.fits(known)) return unexpanded.length === 0 ? known : undefined;
  for (const fault of faultsOf(kind, known)) {
    if (unexpanded.some((each) => isWithin(each, fault.path))) continue;
    if ('unknown' in fault) {
      findings.problem(locate(fault.path), 'found a key that is not known', server);
      continue;
    }
    findings.problem(locate(fault.path), `found ${found(values, fault)}, allowed ${fault.wanted}`, server);
  }
  return undefined;
}

/** Describes the unexpanded value in the file: the expanded one may be a secret. */
function found(
  values: unknown,
  { path, isWord }: { readonly path: JsonPath; readonly isWord: boolean },
): string {
  let value = values;
  for (const step of path) {
    const holder: unknown = value;
    value = Array.isArray(holder) || isRecord(holder) ? Reflect.get(holder, step) : undefined;
  }
  if (isWord) return describeWord(value);
  return typeof value === 'string' && value.includes('${') ? 'what a string expands to' : describe(value);
}
