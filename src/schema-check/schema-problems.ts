import type { ErrorObject } from 'ajv';
import type { ArgumentProblem } from '../errors/registry.ts';
import { isRecord } from '../internal/checks.ts';

/** Data can have thousands of errors. A reader needs only the first ones. */
const MAX_PROBLEMS = 50;
const MAX_ERRORS = 10_000;
const MAX_LISTED = 20;

/** The first findings of the engine, each completed from the schema: which values are allowed, which property is unknown. */
export function schemaProblems(errors: readonly ErrorObject[]): ArgumentProblem[] {
  const found = new Map<string, ArgumentProblem>();
  const unknown = new Map<string, UnknownProperties>();
  for (const error of errors.slice(0, MAX_ERRORS)) {
    const extra = unknownPropertyOf(error);
    if (extra !== undefined) {
      const key = `${error.keyword} ${error.instancePath}`;
      const known = unknown.get(key);
      if (known?.schema === error.parentSchema) known?.names.push(extra);
      else unknown.set(key, { error, schema: error.parentSchema, names: [extra] });
      if (known !== undefined) continue;
    }
    const problem = problemOf(error);
    const key = `${problem.path} ${problem.problem}`;
    if (!found.has(key)) found.set(key, problem);
    if (found.size === MAX_PROBLEMS) break;
  }
  for (const { error, names } of unknown.values()) {
    const { path, problem } = problemOf(error);
    const key = `${path} ${problem}`;
    if (found.has(key)) found.set(key, { path, problem: problem + listUnknown(error, names) });
  }
  return [...found.values()];
}

/** Properties of one object that its schema does not allow. */
interface UnknownProperties {
  readonly error: ErrorObject;
  readonly schema: unknown;
  readonly names: string[];
}

function unknownPropertyOf({ params }: ErrorObject): string | undefined {
  const name: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  return typeof name === 'string' ? name : undefined;
}

function problemOf({
  keyword,
  instancePath: path,
  params,
  message,
  parentSchema,
}: ErrorObject): ArgumentProblem {
  const what = message ?? `must fit "${keyword}"`;
  const missing: unknown = params['missingProperty'];
  if (keyword === 'required' && typeof missing === 'string') {
    return { path: pointerTo(path, missing), problem: 'is required' };
  }
  if (keyword === 'enum' && isRecord(parentSchema) && Array.isArray(parentSchema['enum'])) {
    return { path, problem: `${what}: ${list(parentSchema['enum'])}` };
  }
  if (keyword === 'const') return { path, problem: `${what}: ${list([params['allowedValue']])}` };
  return { path, problem: what };
}

function listUnknown({ parentSchema }: ErrorObject, names: readonly string[]): string {
  const properties = isRecord(parentSchema) ? parentSchema['properties'] : undefined;
  const known = isRecord(properties) ? Object.keys(properties) : [];
  return ` such as ${list(names)}${known.length === 0 ? '' : `; known are ${list(known)}`}`;
}

function list(values: readonly unknown[]): string {
  const shown = values.slice(0, MAX_LISTED).map((value) => JSON.stringify(value));
  return shown.join(', ') + (values.length > shown.length ? ', …' : '');
}

/** The JSON pointer (RFC 6901) of a property of the value at `parent`. */
function pointerTo(parent: string, key: string): string {
  return `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
