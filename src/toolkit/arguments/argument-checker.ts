import type { ArgumentProblem } from '../../errors/registry.ts';
import { toolNotCalled } from '../../errors/toolkit.ts';
import { printable } from '../../internal/text.ts';
import { SchemaCompiler, type CompiledSchema } from '../../schema-check/schema-validator.ts';
import type { ToolDefinition } from '../tool-source.ts';

/** A compiler keeps every schema that it compiled, so it is replaced after this many. */
const SCHEMAS_PER_COMPILER = 256;
const MAX_TOLD = 5;
const MAX_TOLD_LENGTH = 300;

/** Checks arguments before a call is sent. A schema is compiled at the tool's first call. */
export class ArgumentChecker {
  readonly #compiled = new WeakMap<object, CompiledSchema>();
  #compiler = new SchemaCompiler();
  #count = 0;

  /**
   * Throws `INVALID_ARGUMENTS` when `args` do not match the tool's input schema; the message says where and why, and
   * `data.problems` lists the first 50. With a schema that cannot be compiled nothing is checked here; the server
   * checks the arguments, and `unchecked` says why.
   */
  check(
    name: string,
    { inputSchema, server }: ToolDefinition,
    args: Readonly<Record<string, unknown>>,
  ): void {
    const compiled = this.#compiledOf(inputSchema);
    if ('problem' in compiled) return;
    const problems = compiled.check(args);
    if (problems.length === 0) return;
    throw toolNotCalled(name, `its arguments do not fit. ${describe(problems)}`, { server, problems });
  }

  /** Why arguments are not checked against a schema; undefined when they are, and before they were for the first time. */
  unchecked(schema: object): string | undefined {
    const compiled = this.#compiled.get(schema);
    return compiled !== undefined && 'problem' in compiled ? compiled.problem : undefined;
  }

  #compiledOf(schema: object): CompiledSchema {
    const known = this.#compiled.get(schema);
    if (known !== undefined) return known;
    if (++this.#count % SCHEMAS_PER_COMPILER === 0) this.#compiler = new SchemaCompiler();
    const made = this.#compiler.compile(schema);
    this.#compiled.set(schema, made);
    return made;
  }
}

function describe(problems: readonly ArgumentProblem[]): string {
  const told = problems.slice(0, MAX_TOLD).map(({ path, problem }) => {
    const where = path === '' ? 'They' : printable(path, MAX_TOLD_LENGTH);
    return `${where} ${printable(problem, MAX_TOLD_LENGTH)}.`;
  });
  const more = problems.length - told.length;
  return told.join(' ') + (more > 0 ? ` And ${more} more.` : '');
}
