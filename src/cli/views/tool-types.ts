import type { compile, normalizeIdentifier } from 'json-schema-to-typescript-lite';
import type { ToolEntry } from '../../group/catalog/catalog.ts';
import { plainSchema } from '../questions/plain-schema.ts';

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
  /** The name of the type of its structured result, if it says that it has one. */
  readonly result?: string;
  readonly source: string;
  /** Whether its schemas could not be made sense of: then the types stand for anything. */
  readonly isVague: boolean;
}

/** Makes types of tools' schemas. No two of them have the same name. */
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
      isVague: args.isVague || result?.isVague === true,
    };
  }

  async #declare(
    wanted: string,
    schema: unknown,
  ): Promise<{ name: string; source: string; isVague: boolean }> {
    const name = this.#free(wanted);
    const { compile } = this.#compiler;
    try {
      const source = await compile(plainSchema(schema, name), name, {
        additionalProperties: true,
        unknownAny: true,
        ignoreMinAndMaxItems: true,
        declareExternallyReferenced: true,
        // There is nothing left to resolve outside; and nothing would be.
        $refOptions: { resolve: { external: false, file: false, http: false } },
      });
      // A schema that says nothing at all has no declaration.
      if (new RegExp(`^export (interface|type) ${name}\\b`, 'm').test(source))
        return { name, source: source.trim(), isVague: false };
    } catch {
      // As below: one bad schema is no reason to keep the types of the others back.
    }
    return { name, source: `export type ${name} = Record<string, unknown>;`, isVague: true };
  }

  #free(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#taken.has(name); number++) name = `${wanted}${number}`;
    this.#taken.add(name);
    return name;
  }
}
