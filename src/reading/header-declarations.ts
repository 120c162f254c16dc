import type { JSONRPCResultResponse } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';
import { Findings, type OddityLog } from './oddities.ts';
import { MOST_LEVELS } from './shapes.ts';

const DECLARATION = 'x-mcp-header';
/** RFC 9110: `token`. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES: readonly unknown[] = ['string', 'integer', 'boolean'];

/** Keywords under which no argument can be told before the call, and no declaration may stand. */
const ELSEWHERE = [
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'patternProperties',
  'dependentSchemas',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  '$defs',
  'definitions',
];
/** Those of them that hold schemas by name. */
const BY_NAME = new Set(['patternProperties', 'dependentSchemas', '$defs', 'definitions']);

/**
 * Leaves out of a list of tools those with an argument that is to be sent as an HTTP header, too (`x-mcp-header`, 2026-07-28),
 * and cannot be. The protocol demands that. The official client does so as well, and writes to the console of the host.
 */
export function withoutUnsendable(answer: JSONRPCResultResponse, log: OddityLog): JSONRPCResultResponse {
  const tools: unknown = isRecord(answer.result) ? answer.result['tools'] : undefined;
  if (!Array.isArray(tools)) return answer;
  const sendable = sendableTools(tools, log);
  return sendable === tools ? answer : { ...answer, result: { ...answer.result, tools: sendable } };
}

/** The tools without those; the same array when there are none. */
export function sendableTools<T>(tools: T[], log: OddityLog): T[] {
  const findings = new Findings();
  const sendable = tools.filter((tool: unknown, index) => {
    if (!isRecord(tool) || areSendable(tool['inputSchema'])) return true;
    const { name } = tool;
    findings.add(
      'header-declaration',
      typeof name === 'string' ? `tool "${name}"` : `tool number ${index + 1}`,
    );
    return false;
  });
  if (sendable.length === tools.length) return tools;
  log.report('its answer to tools/list', findings);
  return sendable;
}

/** Whether each declaration in a schema is right: of an argument of a simple type, at a place that the call tells, and unique. */
function areSendable(inputSchema: unknown): boolean {
  const names = new Set<string>();
  const visit = (schema: unknown, isArgument: boolean, level: number): boolean => {
    if (!isRecord(schema) || level > MOST_LEVELS) return true;
    if (DECLARATION in schema) {
      const name = schema[DECLARATION];
      if (!isArgument || level === 0 || !TYPES.includes(schema['type'])) return false;
      if (typeof name !== 'string' || !TOKEN.test(name) || names.has(name.toLowerCase())) return false;
      names.add(name.toLowerCase());
    }
    return (
      childrenOf(schema['properties'], true).every((child) => visit(child, isArgument, level + 1)) &&
      ELSEWHERE.every((keyword) =>
        childrenOf(schema[keyword], BY_NAME.has(keyword)).every((child) => visit(child, false, level + 1)),
      )
    );
  };
  return visit(inputSchema, true, 0);
}

function childrenOf(value: unknown, byName: boolean): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (byName) return Object.values(value);
  return Array.isArray(value) ? value : [value];
}
