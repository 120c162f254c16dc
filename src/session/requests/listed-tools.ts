import type { CallToolResult, Tool } from '@modelcontextprotocol/client';
import { invalidResult } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { jsonText } from '../../internal/json/json-copy.ts';
import { printable } from '../../internal/text.ts';
import type { SchemaCheck, SchemaCompiler } from '../../schema-check/schema-validator.ts';

/** How many tools are remembered whose results are not checked, so that each is reported once. */
const MAX_REPORTED = 1_000;

/**
 * The tools of the latest `tools/list`. The check of a tool's output schema is compiled at the tool's first call, and
 * dropped with the list.
 */
export class ListedTools {
  readonly #server: string;
  readonly #report: (problem: PlenumError) => void;
  readonly #reported = new Set<string>();
  #tools = new Map<string, ListedTool>();

  /** `report` is called once for each tool whose results cannot be checked. */
  constructor(server: string, report: (problem: PlenumError) => void) {
    this.#server = server;
    this.#report = report;
  }

  replace(tools: readonly Tool[]): void {
    this.#tools = this.#listed(tools);
  }

  /** Takes one page of the list: its tools replace those of the same name, and the others stay. */
  add(tools: readonly Tool[]): void {
    for (const [name, tool] of this.#listed(tools)) this.#tools.set(name, tool);
  }

  #listed(tools: readonly Tool[]): Map<string, ListedTool> {
    const compiler = compilerOfOneList();
    const report = (tool: string, why: string): void => this.#reportOnce(tool, why);
    const listed = new Map<string, ListedTool>();
    for (const tool of tools) {
      if (!listed.has(tool.name)) {
        listed.set(tool.name, new ListedTool(this.#server, tool, compiler, report));
      }
    }
    return listed;
  }

  /** Forgets the list, because it may have changed: a check against an old schema could refuse a valid result. */
  clear(): void {
    this.#tools = new Map();
  }

  get(name: string): ListedTool | undefined {
    return this.#tools.get(name);
  }

  #reportOnce(tool: string, why: string): void {
    if (this.#reported.has(tool) || this.#reported.size === MAX_REPORTED) return;
    this.#reported.add(tool);
    const what = `Results of tool "${printable(tool)}" are not checked: its output schema cannot be used`;
    this.#report(
      invalidResult(`${what}, ${printable(why, 500)} (server "${this.#server}").`, { server: this.#server }),
    );
  }
}

/** One listed tool. */
export class ListedTool {
  readonly tool: Tool;
  readonly #server: string;
  readonly #compiler: LazyCompiler;
  readonly #report: (tool: string, why: string) => void;
  /** `unchecked` when the schema cannot be used. */
  #check: SchemaCheck | 'unchecked' | undefined;
  #mirrorsHeaders: boolean | undefined;

  constructor(
    server: string,
    tool: Tool,
    compiler: LazyCompiler,
    report: (tool: string, why: string) => void,
  ) {
    this.#server = server;
    this.tool = tool;
    this.#compiler = compiler;
    this.#report = report;
  }

  /** Whether some argument must be sent as an HTTP header, too (SEP-2243, `x-mcp-header`). */
  get mirrorsHeaders(): boolean {
    this.#mirrorsHeaders ??= jsonText(this.tool.inputSchema)?.includes('"x-mcp-header"') === true;
    return this.#mirrorsHeaders;
  }

  /** Compiles the check, unless there is nothing to compile. With a schema that cannot be used, nothing is checked. */
  prepare(): Promise<void> | undefined {
    const { outputSchema } = this.tool;
    return outputSchema === undefined || this.#check !== undefined ? undefined : this.#compile(outputSchema);
  }

  /** Throws `INVALID_RESULT` when structured content is missing or does not fit. */
  check(result: CallToolResult): void {
    if (this.#check === undefined || this.#check === 'unchecked' || result.isError === true) return;
    const name = printable(this.tool.name);
    if (result.structuredContent === undefined) {
      throw this.#invalid(`Tool "${name}" promises structured content by its output schema and gave none`);
    }
    const problems = this.#check(result.structuredContent);
    if (problems.length === 0) return;
    const told = problems.slice(0, MAX_TOLD).map(({ path, problem }) => `${path || 'it'} ${problem}`);
    throw this.#invalid(
      `Structured content of tool "${name}" does not fit its output schema: ${printable(told.join('; '), 500)}`,
    );
  }

  /** Whether its output schema accepts this as structured content. */
  accepts(structuredContent: unknown): boolean {
    return typeof this.#check === 'function' && this.#check(structuredContent).length === 0;
  }

  async #compile(outputSchema: unknown): Promise<void> {
    const compiler = await this.#compiler();
    if (this.#check !== undefined) return;
    const compiled = compiler.compile(outputSchema);
    this.#check = 'check' in compiled ? compiled.check : 'unchecked';
    if ('problem' in compiled) this.#report(this.tool.name, compiled.problem);
  }

  #invalid(what: string): PlenumError {
    return invalidResult(`${what} (server "${this.#server}").`, { server: this.#server });
  }
}

/** How many places that do not fit a message tells. */
const MAX_TOLD = 5;

type LazyCompiler = () => Promise<SchemaCompiler>;

/** Loads the compiler when it is first needed: most tools have no output schema, and many others are never called. */
function compilerOfOneList(): LazyCompiler {
  let made: Promise<SchemaCompiler> | undefined;
  const make = async (): Promise<SchemaCompiler> => {
    const { SchemaCompiler: Compiler } = await import('../../schema-check/schema-validator.ts');
    return new Compiler();
  };
  return () => (made ??= make());
}
