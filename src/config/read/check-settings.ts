import type { z } from 'zod';
import { isRecord } from '../../internal/checks.ts';
import { printable, suggestion } from '../../internal/text.ts';
import { checkValue, type Mismatch } from './check-value.ts';
import { expandValues } from '../expand/expand-values.ts';
import { describe, describeWord, type Findings } from './findings.ts';
import { AnswerPending } from '../expand/inputs.ts';
import { isWithin, type JsonPath } from '../json/json-path.ts';
import type { Scope } from '../expand/scope.ts';
import { unknownKeys } from './unknown-keys.ts';

/** Settings as they stand in a file, and how to say where. */
export interface RawSettings {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where in the document something is that stands here at `path`. */
  readonly locate: (path: JsonPath) => JsonPath;
  /** The server that they are of. */
  readonly server?: string;
}

/**
 * Expands settings and checks them. Undefined when something is wrong, which is said then, or when an answer is
 * still to be asked for.
 */
export function checkSettings<T extends z.ZodType>(
  schema: T,
  { values, locate, server }: RawSettings,
  scope: Scope,
  findings: Findings,
): z.output<T> | undefined {
  const unexpanded: JsonPath[] = [];
  const expanded = expandValues(
    values,
    [],
    (path) => scope.at(locate(path)),
    (path, reason) => {
      unexpanded.push(path);
      if (!(reason instanceof AnswerPending)) findings.problem(locate(path), reason.message, server);
    },
  );
  for (const { path, known } of unknownKeys(schema, values)) {
    const key = String(path.at(-1));
    findings.warn(locate(path), `Unknown key "${printable(key, 80)}".${suggestion(key, known)}`);
  }
  const checked = checkValue(schema, expanded);
  if ('value' in checked) return unexpanded.length === 0 ? checked.value : undefined;
  for (const mismatch of checked.mismatches) {
    const { path, allowed } = mismatch;
    if (unexpanded.some((each) => isWithin(each, path))) continue;
    findings.problem(locate(path), `found ${found(values, mismatch)}, allowed ${allowed}`, server);
  }
  return undefined;
}

/** What stands in the file, never what it expands to. */
function found(values: unknown, { path, isWord }: Mismatch): string {
  let value = values;
  for (const step of path) {
    const holder: unknown = value;
    value = Array.isArray(holder) || isRecord(holder) ? Reflect.get(holder, step) : undefined;
  }
  if (isWord) return describeWord(value);
  return typeof value === 'string' && value.includes('${') ? 'what a string expands to' : describe(value);
}
