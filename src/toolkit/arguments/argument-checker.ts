import { toolNotCalled } from '../../errors/toolkit.ts';
import { printable } from '../../internal/text.ts';
import { SchemaCompiler } from '../../schema-check/schema-validator.ts';
import type { ToolDefinition } from '../tool-source.ts';
import { argumentProblems, type ArgumentProblem } from './argument-problems.ts';

type Check = (args: Readonly<Record<string, unknown>>) => readonly ArgumentProblem[];

/** A compiler keeps every schema that it compiled, so it is replaced after this many. */
const SCHEMAS_PER_COMPILER = 256;
const MAX_TOLD = 5;
const MAX_TOLD_LENGTH = 300;

/** Checks arguments before a call is sent. A schema is compiled at the tool's first call. */
export class ArgumentChecker {
  readonly #checks = new WeakMap<object, Check>();
  #compiler = new SchemaCompiler();
  #compiled = 0;

  /**
   * Throws `INVALID_ARGUMENTS` when `args` do not match the tool's input schema; the message says where and why, and
   * `data.problems` lists the first 50. With a schema that cannot be compiled nothing is checked here; the server
   * checks the arguments.
   */
  check(
    name: string,
    { inputSchema, server }: ToolDefinition,
    args: Readonly<Record<string, unknown>>,
  ): void {
    const problems = this.#checkOf(inputSchema)(args);
    if (problems.length === 0) return;
    throw toolNotCalled(name, `its arguments do not fit. ${describe(problems)}`, { server, problems });
  }

  #checkOf(schema: object): Check {
    const known = this.#checks.get(schema);
    if (known !== undefined) return known;
    if (++this.#compiled % SCHEMAS_PER_COMPILER === 0) this.#compiler = new SchemaCompiler();
    const made = compile(this.#compiler, schema);
    this.#checks.set(schema, made);
    return made;
  }
}

function compile(compiler: SchemaCompiler, schema: object): Check {
  let validate: ReturnType<SchemaCompiler['compile']>;
  try {
    validate = compiler.compile(schema);
  } catch {
    return () => [];
  }
  return (args) => {
    try {
      const { valid, errorMessage = '' } = validate(args);
      return valid ? [] : argumentProblems(errorMessage, schema, args);
    } catch (error) {
      if (error instanceof RangeError) return [{ path: '', problem: 'are nested too deeply to be checked' }];
      throw error;
    }
  };
}

function describe(problems: readonly ArgumentProblem[]): string {
  const told = problems.slice(0, MAX_TOLD).map(({ path, problem }) => {
    const where = path === '' ? 'They' : printable(path, MAX_TOLD_LENGTH);
    return `${where} ${printable(problem, MAX_TOLD_LENGTH)}.`;
  });
  const more = problems.length - told.length;
  return told.join(' ') + (more > 0 ? ` And ${more} more.` : '');
}
