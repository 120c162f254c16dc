import type { JsonPath } from '../json/json-path.ts';
import { AnswerPending } from './inputs.ts';
import { expandTemplate, TemplateError, type TemplateScope } from './template.ts';

/** What the values of one text may come to, in characters; each reference counts for some. */
const MOST_CHARACTERS = 1_000_000;
const COST_OF_REFERENCE = 1_000;
const MAX_DEPTH = 20;

/** The variables of an `envFile`; `unknown` when it could not be read, or the user has to be asked for its path. */
export type FileVariables = ReadonlyMap<string, string> | 'unknown';

/**
 * The variables that one server of a file brings along, in `env` and in its `envFile`. Its process will have them, so
 * its other texts mean them first, and then the environment. Inside `env` it is the other way round, as in editors:
 * `"PATH": "${PATH}:/opt/bin"` extends the variable of the environment.
 */
export class OwnVariables {
  /** The `env` of the server, unexpanded. */
  readonly #env: ReadonlyMap<string, string>;
  readonly #file: FileVariables;
  readonly #scopeAt: (path: JsonPath) => TemplateScope;
  /** The variables of `env` that were referred to. */
  readonly used = new Set<string>();

  constructor(
    env: Readonly<Record<string, unknown>>,
    file: FileVariables,
    scopeAt: (path: JsonPath) => TemplateScope,
  ) {
    const set = Object.entries(env).filter(([, value]) => isValue(value));
    this.#env = new Map(set.map(([name, value]) => [name, String(value)]));
    this.#file = file;
    this.#scopeAt = scopeAt;
  }

  /** The scope for the text at `path` of the server. */
  scopeAt(path: JsonPath): TemplateScope {
    // What is in the file cannot say where the file is.
    if (path[0] === 'envFile') return this.#scopeAt(path);
    const evaluation: Evaluation = { left: MOST_CHARACTERS, names: new Set() };
    return path[0] === 'env' ? this.#insideEnv(path, evaluation) : this.#outsideEnv(path, evaluation);
  }

  #outsideEnv(path: JsonPath, evaluation: Evaluation): TemplateScope {
    const outer = this.#scopeAt(path);
    return {
      ...outer,
      variable: (name) => this.#valueOf(name, evaluation) ?? this.#inFile(name) ?? outer.variable(name),
    };
  }

  #insideEnv(path: JsonPath, evaluation: Evaluation): TemplateScope {
    const outer = this.#scopeAt(path);
    return {
      ...outer,
      variable: (name) => outer.variable(name) ?? this.#valueOf(name, evaluation) ?? this.#inFile(name),
    };
  }

  #inFile(name: string): string | undefined {
    if (this.#file === 'unknown') throw new AnswerPending();
    return this.#file.get(name);
  }

  /** The value of a variable of `env`; undefined when there is none, and inside of its own value. */
  #valueOf(name: string, evaluation: Evaluation): string | undefined {
    const text = this.#env.get(name);
    if (text === undefined || evaluation.names.has(name)) return undefined;
    this.used.add(name);
    evaluation.names.add(name);
    if (evaluation.names.size > MAX_DEPTH)
      throw new TemplateError(`has more than ${MAX_DEPTH} variables that refer to each other`);
    const value = text.includes('${')
      ? expandTemplate(text, this.#insideEnv(['env', name], evaluation))
      : text;
    evaluation.names.delete(name);
    evaluation.left -= value.length + COST_OF_REFERENCE;
    if (evaluation.left < 0) throw new TemplateError('has references that come to too much text');
    return value;
  }
}

interface Evaluation {
  /** Values that refer to several others grow by the power of their number. */
  left: number;
  /** The variables whose values are being expanded. */
  readonly names: Set<string>;
}

function isValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
