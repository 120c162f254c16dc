import { parseTree, printParseErrorCode, type Node, type ParseError, createScanner } from 'jsonc-parser';
import type { JsonPath } from './json-path.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A syntax error in a JSON text. */
interface JsonFault {
  readonly at: Position;
  readonly path: JsonPath;
  readonly message: string;
}

/** A name that stands twice in one object. The last one counts, as in every parser. */
export interface Duplicate {
  readonly path: JsonPath;
  /** Where the name stands again. */
  readonly at: Position;
  readonly first: Position;
}

const MARK = '\uFEFF';

/** Further errors usually follow from the first ones. */
const MAX_FAULTS = 10;

/**
 * A JSON text, which may have comments, trailing commas and a byte order mark: its value, and the position of each
 * part of it.
 */
export class JsonDocument {
  /** Without the byte order mark. */
  readonly text: string;
  readonly byteOrderMark: string;
  /** Undefined when the text is not JSON. */
  readonly value: unknown;
  readonly faults: readonly JsonFault[];
  readonly duplicates: readonly Duplicate[];
  readonly #root: Node | undefined;
  readonly #lineStarts: readonly number[];

  constructor(source: string) {
    this.byteOrderMark = source.startsWith(MARK) ? MARK : '';
    this.text = source.slice(this.byteOrderMark.length);
    this.#lineStarts = lineStartsOf(this.text);
    const tooDeep = checkNesting(this.text);
    if (tooDeep !== undefined) {
      const message = `nested more than ${tooDeep.limit} levels deep`;
      this.faults = [{ at: this.#position(tooDeep.offset), path: [], message }];
      this.duplicates = [];
      return;
    }
    const errors: ParseError[] = [];
    this.#root = parseTree(this.text, errors, { allowTrailingComma: true });
    this.faults = this.#root === undefined ? [this.#emptiness()] : this.#faultsOf(errors);
    this.duplicates = this.#root === undefined ? [] : this.#duplicatesIn(this.#root);
    if (this.#root !== undefined && this.faults.length === 0) this.value = valueOf(this.#root);
  }

  /** The position of the value at `path`; when there is none, of the nearest value around it. */
  locate(path: JsonPath): Position {
    return this.#position(this.#find(path)?.offset ?? 0);
  }

  /** The position of the key of the property at `path`. */
  locateKey(path: JsonPath): Position {
    const node = this.#find(path);
    const key = node?.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
    return this.#position((key ?? node)?.offset ?? 0);
  }

  #find(path: JsonPath): Node | undefined {
    let node = this.#root;
    for (const step of path) {
      const child: Node | undefined =
        typeof step === 'number' ? node?.children?.[step] : propertyOf(node, step)?.children?.[1];
      if (child === undefined) break;
      node = child;
    }
    return node;
  }

  #emptiness(): JsonFault {
    return { at: { line: 1, column: 1 }, path: [], message: 'found nothing, allowed a JSON object' };
  }

  #faultsOf(errors: readonly ParseError[]): JsonFault[] {
    const seen = new Set<number>();
    const faults: JsonFault[] = [];
    for (const { error, offset } of errors) {
      // The parser recovers and reports several errors at one place.
      if (seen.has(offset) || faults.length === MAX_FAULTS) continue;
      seen.add(offset);
      const code = printParseErrorCode(error);
      faults.push({ at: this.#position(offset), path: [], message: FAULTS[code] ?? 'not valid JSON' });
    }
    return faults;
  }

  #duplicatesIn(root: Node): Duplicate[] {
    const duplicates: Duplicate[] = [];
    const visit = (node: Node, path: JsonPath): void => {
      const first = new Map<string, Node>();
      for (const [index, child] of (node.children ?? []).entries()) {
        if (node.type === 'array') visit(child, [...path, index]);
        const [key, value] = node.type === 'object' ? (child.children ?? []) : [];
        if (key === undefined || value === undefined) continue;
        const name = String(key.value);
        const earlier = first.get(name);
        if (earlier === undefined) first.set(name, key);
        else
          duplicates.push({
            path: [...path, name],
            at: this.#position(key.offset),
            first: this.#position(earlier.offset),
          });
        visit(value, [...path, name]);
      }
    };
    visit(root, []);
    return duplicates;
  }

  #position(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}

const FAULTS: Partial<Record<string, string>> = {
  InvalidSymbol: 'found a word that is not JSON; text stands in double quotes',
  InvalidNumberFormat: 'found a number that is not JSON',
  PropertyNameExpected: 'expected a name in double quotes',
  ValueExpected: 'expected a value',
  ColonExpected: 'expected a colon',
  CommaExpected: 'expected a comma',
  CloseBraceExpected: 'expected a closing brace }',
  CloseBracketExpected: 'expected a closing bracket ]',
  EndOfFileExpected: 'found more after the end of the JSON value',
  InvalidCommentToken: 'found a comment that is not one',
  UnexpectedEndOfComment: 'found a comment without its end',
  UnexpectedEndOfString: 'found text without its closing quote',
  UnexpectedEndOfNumber: 'found a number without its end',
  InvalidUnicode: 'found a \\u without four hexadecimal digits',
  InvalidEscapeCharacter: 'found a backslash that escapes nothing; a backslash itself is written \\\\',
  InvalidCharacter: 'found a character that must be escaped in JSON text',
};

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (const { index, 0: end } of text.matchAll(/\r\n|\r|\n/g)) starts.push(index + end.length);
  return starts;
}

function propertyOf(node: Node | undefined, name: string): Node | undefined {
  if (node?.type !== 'object') return undefined;
  return node.children?.findLast(({ children }) => children?.[0]?.value === name);
}

/** The value of a node. A key "__proto__" becomes a property like any other. */
function valueOf(node: Node): unknown {
  if (node.type === 'array') return node.children?.map(valueOf) ?? [];
  if (node.type !== 'object') return node.value;
  const entries = (node.children ?? []).flatMap(({ children }) => {
    const [key, value] = children ?? [];
    return key === undefined || value === undefined ? [] : [[String(key.value), valueOf(value)] as const];
  });
  return Object.fromEntries(entries);
}

const DEEPEST = 100;

/** Finds where a text is nested too deeply. The parser is recursive, so this is checked before. */
function checkNesting(text: string): { offset: number; limit: number } | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (;;) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    if (offset >= text.length) return undefined;
    const token = text[offset];
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth = Math.max(0, depth - 1);
    if (depth > DEEPEST) return { offset, limit: DEEPEST };
  }
}
