import { configProblems } from '../../errors/config.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { ConfigProblem, ConfigRemark, ConfigWarning } from '../config.ts';
import { printable } from '../../internal/text.ts';
import type { Duplicate, JsonDocument, Position } from '../json/json-document.ts';
import { printPath, type JsonPath } from '../json/json-path.ts';

/** Collects the problems and warnings of a file, so that they are reported together. */
export class Findings {
  readonly warnings: ConfigWarning[] = [];
  readonly #problems: ConfigProblem[] = [];
  readonly #file: string;
  readonly #document: JsonDocument;

  constructor(file: string, document: JsonDocument) {
    this.#file = file;
    this.#document = document;
    for (const { at, path, message } of document.faults) this.#refuse(at, path, message);
  }

  problem(path: JsonPath, message: string, server?: string): void {
    this.#refuse(this.#document.locate(path), path, message, server);
  }

  /** Adds a problem with the key of a property rather than its value. */
  keyProblem(path: JsonPath, message: string, server?: string): void {
    this.#refuse(this.#document.locateKey(path), path, message, server);
  }

  warn(path: JsonPath, message: string): void {
    this.warnings.push(this.#remark(this.#document.locateKey(path), path, message));
  }

  /** A name that must stand once stands twice. */
  duplicateProblem({ path, at, first }: Duplicate, server?: string): void {
    const message = `found ${nameAt(path)} a second time, the first is at ${first.line}:${first.column}; a name stands once`;
    this.#refuse(at, path, message, server);
  }

  duplicateWarning({ path, at, first }: Duplicate): void {
    const message = `${nameAt(path)} stands a second time, the first is at ${first.line}:${first.column}; the last one counts.`;
    this.warnings.push(this.#remark(at, path, message));
  }

  throwIfFailed(): void {
    if (this.#problems.length > 0) throw this.error();
  }

  /** As {@link throwIfFailed}, but ignores the problems of single servers. */
  throwIfUnusable(): void {
    if (this.#problems.some(({ server }) => server === undefined)) throw this.error();
  }

  /** Servers with problems, each with an error of its own. */
  broken(): Map<string, PlenumError> {
    const names = new Set(this.#problems.flatMap(({ server }) => server ?? []));
    return new Map([...names].map((name) => [name, this.error(name)]));
  }

  /** All problems as one error, or those of one server. */
  error(only?: string): PlenumError {
    const problems = this.#problems
      .filter(({ server }) => only === undefined || server === only)
      .toSorted((a, b) => a.line - b.line || a.column - b.column);
    return configProblems(problems, printRemark, only);
  }

  #refuse(at: Position, path: JsonPath, message: string, server?: string): void {
    this.#problems.push({ ...this.#remark(at, path, message), ...(server !== undefined && { server }) });
  }

  #remark({ line, column }: Position, path: JsonPath, message: string): ConfigRemark {
    return { file: this.#file, line, column, path: printPath(path), message };
  }
}

function nameAt(path: JsonPath): string {
  return `"${printable(String(path.at(-1)), 80)}"`;
}

/** `file:line:column path: message`. */
export function printRemark({ file, line, column, path, message }: ConfigRemark): string {
  return `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}: ${message}`;
}
