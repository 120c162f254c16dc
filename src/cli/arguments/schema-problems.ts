import { printable } from '../../internal/text.ts';
import { SchemaCompiler } from '../../schema-check/schema-validator.ts';
import type { ArgumentProblem } from '../../errors/registry.ts';
import type { ArgumentPath } from './argument-path.ts';
import type { Schema } from './schema-types.ts';

const MAX_SHOWN = 5;

/**
 * What arguments break of their schema, in sentences: types, ranges, enumerations, formats. Nothing of a schema that
 * cannot be used: the server checks, too. `unchecked` are the paths of values that are sent whatever they are.
 */
export function problemsOf(
  args: Readonly<Record<string, unknown>>,
  schema: Schema,
  unchecked: readonly ArgumentPath['steps'][],
): string[] {
  const free = unchecked.map(pointerOf);
  const problems = found(args, schema).filter(
    ({ path, problem }) =>
      // Which arguments are there was looked at before.
      !(path.lastIndexOf('/') === 0 && problem === 'is required') &&
      !free.some((each) => path === each || path.startsWith(`${each}/`)),
  );
  const shown = problems.slice(0, MAX_SHOWN).map(({ path, problem }) => {
    const name = nameOf(path);
    return `${name === '' ? 'The arguments' : `Argument "${printable(name, 200)}"`} ${printable(problem, 300)}.`;
  });
  if (problems.length > MAX_SHOWN) shown.push(`And ${problems.length - MAX_SHOWN} more.`);
  return shown;
}

function found(args: Readonly<Record<string, unknown>>, schema: Schema): readonly ArgumentProblem[] {
  const compiled = new SchemaCompiler().compile(schema);
  return 'check' in compiled ? compiled.check(args) : [];
}

/** The JSON pointer of a path; up to `[]`, which may be any item. */
function pointerOf(steps: ArgumentPath['steps']): string {
  const end = steps.findIndex((step) => typeof step === 'symbol');
  const known = end === -1 ? steps : steps.slice(0, end);
  return known.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** A JSON pointer as the names of arguments are typed. */
function nameOf(pointer: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps
    .map((step, at) => (/^\d+$/.test(step) && at > 0 ? `[${step}]` : at > 0 ? `.${step}` : step))
    .join('');
}
