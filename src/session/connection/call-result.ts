import type { CallToolResult, StandardSchemaV1, StandardSchemaV1Sync } from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';
import { isToolResult, wholeOf } from '../../reading/whole-result.ts';
import { official } from '../../transport/official.ts';
import type { ProtocolEra } from '../session.ts';

type CallResultSchema = StandardSchemaV1Sync<unknown, CallToolResult>;
type Validate = CallResultSchema['~standard']['validate'];

/**
 * The schema of `tools/call` results. It accepts what the official client accepts by default. The client's own check is
 * built again for each request and copies each result; this one recognises usual results quickly and does not copy them.
 */
export function callResultOf(era: ProtocolEra): CallResultSchema {
  return era === 'legacy' ? LEGACY : MODERN;
}

const MODERN = schemaOf((value) => official.specTypeSchemas.CallToolResult['~standard'].validate(value));

/**
 * In older revisions the official client is stricter than the official schema, which is for all revisions, but it takes
 * structured content and `_meta` as they are.
 */
const LEGACY = schemaOf((value) => {
  if (!isRecord(value)) return invalid('not an object');
  const { content, structuredContent, _meta } = value;
  if (content === undefined && OTHER_RESULTS.some((key) => key in value))
    return invalid('content is missing, and there are members that belong to another kind of result');
  if (structuredContent !== undefined && !isPlainObject(structuredContent))
    return invalid('structuredContent is not an object');
  const outcome = official.specTypeSchemas.CallToolResult['~standard'].validate(value);
  if (outcome.issues !== undefined) return outcome;
  const unstripped = {
    ...(structuredContent !== undefined && { structuredContent: withoutPrototype(structuredContent) }),
    ...(isRecord(_meta) && { _meta: withoutPrototype(_meta) }),
  };
  return { value: { ...outcome.value, ...unstripped } };
});

/** Members of results of other kinds. */
const OTHER_RESULTS = ['task', 'inputRequests', 'requestState'];

function schemaOf(validateUnusual: Validate): CallResultSchema {
  const validate: Validate = (value) => {
    if (isUsual(value)) return { value };
    const whole = wholeOf(value);
    return isToolResult(whole) && whole !== value ? { value: whole } : validateUnusual(value);
  };
  return { '~standard': { version: 1, vendor: 'mcp-plenum', validate } };
}

/**
 * The result in a complete answer of 2026-07-28, as the official client gives it to its caller. Undefined for one that it
 * would refuse or change, also for some that it would not, and for one without usable structured content (null).
 */
export function usualResultIn(result: Readonly<Record<string, unknown>>): CallToolResult | undefined {
  const { content, structuredContent, isError, _meta } = result;
  if (result['resultType'] !== 'complete' || !Array.isArray(content)) return undefined;
  for (const key in result) {
    if (key === 'resultType') continue;
    if (key === 'structuredContent' ? !isUsualValue(structuredContent) : !isUsualMember(key, result[key]))
      return undefined;
  }
  const usual: Record<string, unknown> = { content };
  if (structuredContent !== undefined) usual['structuredContent'] = structuredContent;
  if (isError !== undefined) usual['isError'] = isError;
  if (_meta !== undefined) usual['_meta'] = _meta;
  return isToolResult(usual) ? usual : undefined;
}

/** Structured content of 2026-07-28 may be any value; null may be meant to say that there is none. */
function isUsualValue(value: unknown): boolean {
  if (typeof value !== 'object') return value !== undefined;
  return Array.isArray(value) || (isPlainObject(value) && !Object.hasOwn(value, '__proto__'));
}

function invalid(message: string): StandardSchemaV1.FailureResult {
  return { issues: [{ message }] };
}

/**
 * Whether a result is valid in every revision and has no member that the schema strips. False also for some that are.
 */
function isUsual(value: unknown): value is CallToolResult {
  if (!isRecord(value) || !Array.isArray(value['content'])) return false;
  for (const key in value) if (!isUsualMember(key, value[key])) return false;
  return true;
}

function isUsualMember(key: string, value: unknown): boolean {
  switch (key) {
    case 'content':
      return (value as unknown[]).every(isUsualText);
    case 'structuredContent':
      return isPlainObject(value) && !Object.hasOwn(value, '__proto__');
    case 'isError':
      return typeof value === 'boolean';
    case '_meta':
      return isUsualMeta(value);
    default:
      return false;
  }
}

function isUsualText(block: unknown): boolean {
  return (
    isRecord(block) && block['type'] === 'text' && typeof block['text'] === 'string' && hasMembers(block, 2)
  );
}

/** Whether `_meta` holds nothing but the server's name and version, which 2026-07-28 servers add to every result. */
function isUsualMeta(meta: unknown): boolean {
  if (!isRecord(meta) || !hasMembers(meta, 1)) return false;
  const info = meta[official.SERVER_INFO_META_KEY];
  return (
    isRecord(info) &&
    typeof info['name'] === 'string' &&
    typeof info['version'] === 'string' &&
    hasMembers(info, 2)
  );
}

function hasMembers(value: object, count: number): boolean {
  for (const _ in value) count--;
  return count === 0;
}

/** A JSON object can have a member `__proto__`; copied by assignment, it would change the prototype of the copy. */
function withoutPrototype(record: Record<string, unknown>): Record<string, unknown> {
  if (!Object.hasOwn(record, '__proto__')) return record;
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== '__proto__'));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
