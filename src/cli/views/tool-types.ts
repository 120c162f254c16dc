import type { compile, normalizeIdentifier } from 'json-schema-to-typescript-lite';
import type { ToolEntry } from '../../group/catalog/catalog.ts';
import { plainSchema } from './plain-schema.ts';

interface Compiler {
  readonly compile: typeof compile;
  readonly normalizeIdentifier: typeof normalizeIdentifier;
}

/** The types of one tool. */
export interface ToolTypes {
  readonly name: string;
  readonly server: string;
  /** The name of the type of its arguments. */
  readonly arguments: string;
  /** The name of the type of its structured result, if it has an output schema. */
  readonly result?: string;
  readonly source: string;
  /** Whether a schema could not be translated, so that the type allows any value. */
  readonly isUntyped: boolean;
}

/** Generates TypeScript types from the schemas of tools, with unique names. */
export class TypeWriter {
  readonly #compiler: Compiler;
  readonly #taken = new Set<string>(['Tools']);

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
  }

  async typesOf(name: string, { server, inputSchema, outputSchema }: ToolEntry): Promise<ToolTypes> {
    const base = this.#compiler.normalizeIdentifier(name);
    const args = await this.#declare(`${base}Arguments`, inputSchema);
    const result =
      outputSchema === undefined ? undefined : await this.#declare(`${base}Result`, outputSchema);
    return {
      name,
      server,
      arguments: args.name,
      ...(result !== undefined && { result: result.name }),
      source: [args.source, ...(result === undefined ? [] : [result.source])].join('\n'),
      isUntyped: args.isUntyped || result?.isUntyped === true,
    };
  }

  async #declare(
    wanted: string,
    schema: unknown,
  ): Promise<{ name: string; source: string; isUntyped: boolean }> {
    const name = this.#free(wanted);
    const { compile } = this.#compiler;
    try {
      const source = await compile(plainSchema(schema, name), name, {
        additionalProperties: true,
        unknownAny: true,
        ignoreMinAndMaxItems: true,
        declareExternallyReferenced: true,
        // External references were removed already; the compiler would not fetch them either.
        $refOptions: { resolve: { external: false, file: false, http: false } },
      });
      // The compiler generates no declaration for an empty schema.
      if (new RegExp(`^export (interface|type) ${name}\\b`, 'm').test(source))
        return { name, source: source.trim(), isUntyped: false };
    } catch {
      // A schema that the compiler cannot handle must not prevent the types of other tools.
    }
    return { name, source: `export type ${name} = Record<string, unknown>;`, isUntyped: true };
  }

  #free(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#taken.has(name); number++) name = `${wanted}${number}`;
    this.#taken.add(name);
    return name;
  }
}
