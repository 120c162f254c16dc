import { printable } from '../../internal/text.ts';
import { isRecord } from '../../internal/checks.ts';
import type { JsonPath } from '../json/json-path.ts';

/** Gives the values of references. */
export interface TemplateScope {
  /** A variable of the environment; undefined when it is not set. */
  variable(name: string): string | undefined;
  /** A place such as `workspaceFolder`; undefined when there is none of that name. */
  place(name: string): string | undefined;
  /** The answer for an input. Throws a {@link TemplateError} when there is none. */
  input(id: string): string;
}

/** Why a text cannot be expanded. The message contains no expanded value. */
export class TemplateError extends Error {}

/** Deeper nesting of defaults is a mistake or an attack on the parser's stack. */
const MAX_DEPTH = 20;

type Part = string | Reference;

interface Reference {
  readonly name: string;
  readonly fallback: readonly Part[] | undefined;
}

/**
 * Replaces each `${…}` in a text; `$${` gives a literal `${`. A value is not expanded again. Throws a {@link
 * TemplateError}.
 */
export function expandTemplate(text: string, scope: TemplateScope): string {
  if (!text.includes('${')) return text;
  return evaluate(new TemplateParser(text).parse(), scope);
}

/** Names that refer to a place or a character, and to no variable of the environment. */
const PLACES = ['workspaceFolder', 'workspaceFolderBasename', 'userHome', 'pathSeparator', '/'] as const;

export type Place = (typeof PLACES)[number];

function isPlace(name: string): boolean {
  return PLACES.some((each) => each === name);
}

/**
 * The names of the environment variables that a text refers to, also in defaults. Of a text that cannot be expanded, the
 * names that can be read.
 */
export function variablesIn(text: string): string[] {
  if (!text.includes('${')) return [];
  try {
    return new TemplateParser(text).parse().flatMap(variablesOf);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const names = Array.from(text.matchAll(/\$\{((?:env:)?[A-Za-z_]\w*)/g), ([, name = '']) => name);
    return names.filter((name) => !isPlace(name)).map((name) => name.replace(/^env:/, ''));
  }
}

function variablesOf(part: Part): string[] {
  if (typeof part === 'string') return [];
  const name = isPlace(part.name) ? undefined : variableNamed(part.name);
  return [...(name === undefined ? [] : [name]), ...(part.fallback ?? []).flatMap(variablesOf)];
}

/** The variable that the name of a reference means. */
function variableNamed(name: string): string | undefined {
  return /^env:(.+)$/.exec(name)?.[1] ?? /^[A-Za-z_]\w*$/.exec(name)?.[0];
}

class TemplateParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(depth = 0): Part[] {
    const parts: Part[] = [];
    while (this.#at < this.#text.length) {
      if (this.#takes('$${')) parts.push('${');
      else if (this.#takes('${')) parts.push(this.#reference(depth));
      else if (depth > 0 && this.#text[this.#at] === '}') return parts;
      else parts.push(this.#plain());
    }
    return parts;
  }

  #takes(token: string): boolean {
    const found = this.#text.startsWith(token, this.#at);
    if (found) this.#at += token.length;
    return found;
  }

  #plain(): string {
    const start = this.#at++;
    while (this.#at < this.#text.length && !'$}'.includes(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #reference(depth: number): Reference {
    if (depth > MAX_DEPTH) throw new TemplateError(`has more than ${MAX_DEPTH} defaults inside each other`);
    const start = this.#at;
    while (
      this.#at < this.#text.length &&
      this.#text[this.#at] !== '}' &&
      !this.#text.startsWith(':-', this.#at)
    )
      this.#at++;
    const name = this.#text.slice(start, this.#at);
    const fallback = this.#takes(':-') ? this.parse(depth + 1) : undefined;
    if (this.#takes('}')) return { name, fallback };
    throw new TemplateError('has a "${" without its "}"; "${" itself is written "$${"');
  }
}

function evaluate(parts: readonly Part[], scope: TemplateScope): string {
  return parts.map((part) => (typeof part === 'string' ? part : valueOf(part, scope))).join('');
}

function valueOf({ name, fallback }: Reference, scope: TemplateScope): string {
  const place = scope.place(name);
  if (place !== undefined) return place;
  const input = /^input:(.+)$/.exec(name)?.[1];
  if (input !== undefined) return scope.input(input);
  const variable = variableNamed(name);
  if (variable === undefined) throw unknownReference(name);
  const value = scope.variable(variable);
  // As in a shell, the default also replaces an empty value.
  if (fallback !== undefined) return value === undefined || value === '' ? evaluate(fallback, scope) : value;
  if (value !== undefined) return value;
  throw new TemplateError(
    `needs the environment variable ${printable(variable, 80)}, which is not set; set it, or give a default: ` +
      `"\${${printable(name, 80)}:-…}"`,
  );
}

function unknownReference(name: string): TemplateError {
  const shown = printable(name, 80);
  if (/^(command|config|file|cmd|shell):/.test(name)) {
    return new TemplateError(`has "\${${shown}}", but nothing is run or read to get a value`);
  }
  return new TemplateError(
    `has "\${${shown}}", allowed \${VAR}, \${VAR:-default}, \${env:VAR}, \${input:id}, \${workspaceFolder} and ` +
      '${userHome}; "${" itself is written "$${"',
  );
}

/**
 * Copies `value` with every string in it expanded, but not the names of properties. A string that cannot be expanded
 * is passed to `refuse` and left as it is.
 */
export function expandValues(
  value: unknown,
  path: JsonPath,
  scopeAt: (path: JsonPath) => TemplateScope,
  refuse: (path: JsonPath, reason: TemplateError) => void,
): unknown {
  if (typeof value === 'string') {
    try {
      return expandTemplate(value, scopeAt(path));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      refuse(path, error);
      return value;
    }
  }
  const expand = (part: unknown, step: string | number): unknown =>
    expandValues(part, [...path, step], scopeAt, refuse);
  if (Array.isArray(value)) return value.map(expand);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, expand(part, key)]));
}
