import { isRecord } from '../../internal/checks.ts';
import type { JsonPath } from '../json/json-path.ts';
import { expandTemplate, TemplateError, type TemplateScope } from './template.ts';

/**
 * A copy of `value` with every string in it expanded; names of properties stay as they are. What cannot be expanded
 * is told to `refuse`, and stays as it is, too.
 */
export function expandValues(
  value: unknown,
  path: JsonPath,
  scopeAt: (path: JsonPath) => TemplateScope,
  refuse: (path: JsonPath, reason: TemplateError) => void,
): unknown {
  if (typeof value === 'string') {
    try {
      return expandTemplate(value, scopeAt(path));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      refuse(path, error);
      return value;
    }
  }
  const expand = (part: unknown, step: string | number): unknown =>
    expandValues(part, [...path, step], scopeAt, refuse);
  if (Array.isArray(value)) return value.map(expand);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, expand(part, key)]));
}
