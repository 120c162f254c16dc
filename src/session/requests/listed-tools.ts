import type { CallToolResult, JsonSchemaValidator, Tool } from '@modelcontextprotocol/client';
import { invalidResult } from '../../errors/call.ts';
import { messageOf, type PlenumError } from '../../errors/plenum-error.ts';
import { printable } from '../../internal/text.ts';
import type { SchemaCompiler } from '../../schema-check/schema-validator.ts';

/**
 * The tools of the latest `tools/list`. The validator of a tool's output schema is compiled at the tool's first call, and
 * dropped with the list.
 */
export class ListedTools {
  readonly #server: string;
  #tools = new Map<string, ListedTool>();

  constructor(server: string) {
    this.#server = server;
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
    const listed = new Map<string, ListedTool>();
    for (const tool of tools) {
      if (!listed.has(tool.name)) listed.set(tool.name, new ListedTool(this.#server, tool, compiler));
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
}

/** One listed tool. */
export class ListedTool {
  readonly tool: Tool;
  readonly #server: string;
  readonly #compiler: LazyCompiler;
  #validate: JsonSchemaValidator<unknown> | undefined;
  #mirrorsHeaders: boolean | undefined;

  constructor(server: string, tool: Tool, compiler: LazyCompiler) {
    this.#server = server;
    this.tool = tool;
    this.#compiler = compiler;
  }

  /** Whether some argument must be sent as an HTTP header, too (SEP-2243, `x-mcp-header`). */
  get mirrorsHeaders(): boolean {
    this.#mirrorsHeaders ??= JSON.stringify(this.tool.inputSchema).includes('"x-mcp-header"');
    return this.#mirrorsHeaders;
  }

  /**
   * Compiles the validator, unless there is nothing to compile. Rejects with `INVALID_RESULT` when the schema cannot be
   * used: no result could be accepted, so the tool must not run.
   */
  prepare(): Promise<void> | undefined {
    const { outputSchema } = this.tool;
    return outputSchema === undefined || this.#validate !== undefined
      ? undefined
      : this.#compile(outputSchema);
  }

  /** Throws `INVALID_RESULT` when structured content is missing or does not fit. */
  check(result: CallToolResult): void {
    if (this.#validate === undefined || result.isError === true) return;
    const name = printable(this.tool.name);
    if (result.structuredContent === undefined) {
      throw this.#invalid(`Tool "${name}" promises structured content by its output schema and gave none`);
    }
    const outcome = this.#validate(result.structuredContent);
    if (!outcome.valid) {
      throw this.#invalid(
        `Structured content of tool "${name}" does not fit its output schema`,
        outcome.errorMessage,
      );
    }
  }

  async #compile(outputSchema: object): Promise<void> {
    const compiler = await this.#compiler();
    try {
      this.#validate ??= compiler.compile(outputSchema);
    } catch (error) {
      const name = printable(this.tool.name);
      throw this.#invalid(`Tool "${name}" was not called: its output schema cannot be used`, error);
    }
  }

  #invalid(what: string, detail?: unknown): PlenumError {
    const more = detail === undefined ? '' : `: ${printable(messageOf(detail), 500)}`;
    return invalidResult(`${what}${more} (server "${this.#server}").`, {
      server: this.#server,
      ...(detail instanceof Error && { cause: detail }),
    });
  }
}

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
