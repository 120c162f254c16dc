import { isRecord } from '../../internal/checks.ts';
import { pointerTo, subschemaAt, valueAt } from './json-pointer.ts';
import type { ArgumentProblem } from '../../errors/registry.ts';

export type { ArgumentProblem } from '../../errors/registry.ts';

/**
 * Separates the findings in the validator's message, and takes each of them apart. There is only the message: the
 * official validator keeps the list of errors of its engine to itself, and exports no engine for JSON Schema 2020-12,
 * the dialect of MCP, that could be given to it. A finding in other words is passed on as it is.
 */
const BETWEEN = /, (?=data(?:\/| must| boolean))/;
const FINDING = /^data(\/.*?)? ((?:must|boolean schema)\b.*)$/s;
const MISSING = /^must have required property '(.*)'$/s;

/** Arguments can have thousands of errors. A model needs only the first ones, and each costs time. */
const MAX_FINDINGS = 50;
const MAX_LENGTH = 100_000;

/**
 * The first findings of the validator, each completed from the schema: which values are allowed, which property is
 * unknown.
 */
export function argumentProblems(
  errorMessage: string,
  schema: unknown,
  args: Readonly<Record<string, unknown>>,
): ArgumentProblem[] {
  const findings = new Set(errorMessage.slice(0, MAX_LENGTH).split(BETWEEN, MAX_FINDINGS));
  return [...findings].map((finding) => {
    const [, path = '', problem = finding] = FINDING.exec(finding) ?? [];
    const missing = MISSING.exec(problem)?.[1];
    if (missing !== undefined) return { path: pointerTo(path, missing), problem: 'is required' };
    return { path, problem: problem + detail(problem, subschemaAt(schema, path), valueAt(args, path)) };
  });
}

function detail(problem: string, schema: unknown, value: unknown): string {
  if (!isRecord(schema)) return '';
  const allowed = schema['enum'];
  if (problem.endsWith('allowed values') && Array.isArray(allowed)) return `: ${list(allowed)}`;
  if (problem.endsWith('constant') && 'const' in schema) return `: ${list([schema['const']])}`;
  if (!problem.endsWith('additional properties') || !isRecord(value)) return '';
  const known = new Set(isRecord(schema['properties']) ? Object.keys(schema['properties']) : []);
  const unknown = Object.keys(value).filter((key) => !known.has(key));
  return ` such as ${list(unknown)}${known.size === 0 ? '' : `; known are ${list([...known])}`}`;
}

const MAX_LISTED = 20;

function list(values: readonly unknown[]): string {
  const shown = values.slice(0, MAX_LISTED).map((value) => JSON.stringify(value));
  return shown.join(', ') + (values.length > shown.length ? ', …' : '');
}
