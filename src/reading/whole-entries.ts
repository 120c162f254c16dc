import type { JSONRPCResultResponse } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';
import { standIn, wholeOf } from './whole-result.ts';

const LISTS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;

/** Members that the official client passes on as they are; it drops others, such as those of later revisions. */
const PASSED_ON = new Set([
  'name',
  'title',
  'description',
  'inputSchema',
  'outputSchema',
  'uri',
  'uriTemplate',
  'mimeType',
  'size',
  '_meta',
]);

/** Has the entries of a list carry themselves past the official client, in their `_meta`, where it would drop some of them. */
export function carryingEntries(answer: JSONRPCResultResponse): JSONRPCResultResponse {
  const { result } = answer;
  for (const list of LISTS) {
    const entries = result[list];
    if (Array.isArray(entries) && entries.some(losesMembers))
      return { ...answer, result: { ...result, [list]: entries.map(carryingItself) } };
  }
  return answer;
}

function losesMembers(entry: unknown): boolean {
  if (!isRecord(entry)) return false;
  for (const key in entry) if (!PASSED_ON.has(key)) return true;
  return false;
}

function carryingItself(entry: unknown): unknown {
  if (!isRecord(entry) || !losesMembers(entry)) return entry;
  const { _meta } = entry;
  return { ...entry, _meta: standIn(isRecord(_meta) ? _meta : {}, entry) };
}

/** The list with the entries as they were before {@link carryingEntries}. */
export function withWholeEntries<T extends object>(result: T): T {
  for (const list of LISTS) {
    const entries: unknown = Reflect.get(result, list);
    if (Array.isArray(entries)) return { ...result, [list]: entries.map(wholeEntry) };
  }
  return result;
}

function wholeEntry(entry: unknown): unknown {
  if (!isRecord(entry) || entry['_meta'] === undefined) return entry;
  const { _meta, ...checked } = entry;
  const whole = wholeOf(_meta);
  return whole === _meta || !isRecord(whole) ? entry : { ...checked, ...whole };
}
