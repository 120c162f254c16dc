import { fileURLToPath } from 'node:url';

/**
 * What a value may be. All but `function` and `object` are data that a file can hold: checks, the JSON Schema of the
 * configuration file and the tables in the documentation are made from the same kind.
 */
export type Kind =
  | TextKind
  | { readonly is: 'string' }
  | { readonly is: 'flag' }
  | NumberKind
  | { readonly is: 'literal'; readonly value: string | boolean | null }
  | WordKind
  | ListKind
  | { readonly is: 'record'; readonly of: Kind; readonly wanted: string }
  | { readonly is: 'options'; readonly options: OptionTable; readonly wanted: string }
  | VariantKind
  | EitherKind
  | { readonly is: 'function' }
  | ObjectKind;

/** A text that is not empty and has no NUL character, which no argument, path or header can hold. */
interface TextKind {
  readonly is: 'text';
  /** Says what a text must be that breaks a further rule. */
  readonly rule?: (text: string) => string | undefined;
}

/** One of a few words. */
interface WordKind {
  readonly is: 'word';
  readonly words: readonly string[];
  /** The word that another spelling stands for. */
  readonly meant?: (text: string) => string | undefined;
}

interface NumberKind {
  readonly is: 'number';
  readonly unit: 'ms' | 'bytes' | 'count' | 'any';
  readonly least: number;
  /** Whether `least` itself is refused. */
  readonly above?: boolean;
  /** The largest value, which a port has. */
  readonly most?: number;
  /** Whether only whole numbers and `Infinity` will do. */
  readonly whole: boolean;
}

interface ListKind {
  readonly is: 'list';
  readonly of: Kind;
  readonly wanted: string;
}

/** One of several sets of options, told apart by the word in one of them. */
interface VariantKind {
  readonly is: 'variant';
  readonly by: string;
  readonly variants: Readonly<Record<string, OptionTable>>;
  readonly wanted: string;
}

/** One of several kinds. */
interface EitherKind {
  readonly is: 'either';
  readonly kinds: readonly Kind[];
}

/** An object of a class. It is recognised by its methods, as a program may have loaded the class twice. */
interface ObjectKind {
  readonly is: 'object';
  readonly wanted: string;
  readonly fits: (value: object) => boolean;
  /** Says what was found, as it stands after "not", where the class of the object says too little. */
  readonly found?: (value: object) => string | undefined;
}

/** What is known of one option. */
export interface Option {
  readonly kind: Kind;
  /** What holds when it is not given. */
  readonly default?: unknown;
  /** The default in words, where it is no fixed value. */
  readonly byDefault?: string;
  /** One sentence for the documentation and for editors. */
  readonly about: string;
  readonly required?: boolean;
  /** Whether a server's lists may depend on it: then it is part of the key of a cached catalog. */
  readonly catalog?: boolean;
  /** Its kind in a configuration file, or `false` if it cannot stand there. By default `kind`, if that is data. */
  readonly file?: false | Kind;
  /** Its names in other libraries and in earlier versions, for the advice about an unknown option. */
  readonly alias?: readonly string[];
}

/** Options by name. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The defaults of a table's options. */
export function defaultsOf<T extends OptionTable>(table: T): { readonly [K in keyof T]: T[K]['default'] } {
  const entries = Object.entries(table).map(([name, option]) => [name, option.default]);
  return Object.fromEntries(entries);
}

export const text: Kind = { is: 'text' };
export const string: Kind = { is: 'string' };
export const flag: Kind = { is: 'flag' };
export const anyFunction: Kind = { is: 'function' };

/** A time in milliseconds that may be 0. */
export const duration: Kind = { is: 'number', unit: 'ms', least: 0, whole: false };

/** A time limit for an answer in milliseconds; 0 is refused, as no answer could come in time. */
export const timeLimit: Kind = { is: 'number', unit: 'ms', least: 0, above: true, whole: false };

/** Any number at all. */
export const number: Kind = { is: 'number', unit: 'any', least: -Infinity, whole: false };

export function count(least: number, unit: 'count' | 'bytes' = 'count'): Kind {
  return { is: 'number', unit, least, whole: true };
}

/** A port to listen on, or 0 for any that is free. */
export const port: Kind = { is: 'number', unit: 'count', least: 0, most: 65_535, whole: true };

export function textThat(rule: (text: string) => string | undefined): Kind {
  return { is: 'text', rule };
}

export function literal(value: string | boolean | null): Kind {
  return { is: 'literal', value };
}

export function oneOf(...words: readonly string[]): Kind {
  return { is: 'word', words };
}

/** One of a few words, in any spelling that `meant` knows. */
export function oneOfSpelt(meant: (text: string) => string | undefined, ...words: readonly string[]): Kind {
  return { is: 'word', words, meant };
}

export function listOf(of: Kind, wanted: string): Kind {
  return { is: 'list', of, wanted };
}

export function recordOf(of: Kind, wanted: string): Kind {
  return { is: 'record', of, wanted };
}

export function optionsOf(options: OptionTable, wanted = 'an object of options'): Kind {
  return { is: 'options', options, wanted };
}

export function either(...kinds: readonly Kind[]): Kind {
  return { is: 'either', kinds };
}

/** `true`, `false`, or an object of options. */
export function switchOf(options: OptionTable): Kind {
  return either(flag, optionsOf(options));
}

export function objectThat(
  wanted: string,
  fits: (value: object) => boolean,
  found?: (value: object) => string | undefined,
): Kind {
  return { is: 'object', wanted, fits, ...(found !== undefined && { found }) };
}

/** An object with these methods. */
export function objectWith(wanted: string, ...methods: readonly string[]): Kind {
  const fits = (value: object): boolean =>
    methods.every((method) => typeof Reflect.get(value, method) === 'function');
  return objectThat(wanted, fits);
}

export const texts: Kind = listOf(string, 'an array of strings');
export const globs: Kind = listOf(text, 'an array of globs');
export const textsByName: Kind = recordOf(string, 'an object of strings');
export const abortSignal: Kind = objectThat(
  'an AbortSignal',
  (value) => 'aborted' in value && typeof Reflect.get(value, 'addEventListener') === 'function',
);
export const urlObject: Kind = objectThat('a URL', (value) => value instanceof URL);

/** A file: its path, or its URL. */
export const file: Kind = either(
  text,
  objectThat('a file: URL', (value) => {
    try {
      return value instanceof URL && fileURLToPath(value) !== '';
    } catch {
      return false;
    }
  }),
);

/** Keys of `_meta` that the client of the protocol sets itself (specification 2026-07-28, `_meta`). */
const KEYS_OF_THE_PROTOCOL = [
  'progressToken',
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/serverInfo',
  'io.modelcontextprotocol/subscriptionId',
];

/** The first key of a caller's `_meta` that is not the caller's to set. */
export function protocolKeyIn(meta: object): string | undefined {
  return KEYS_OF_THE_PROTOCOL.find((key) => key in meta);
}

/** The `_meta` of a caller. */
export const callerMeta: Kind = objectThat(
  "an object without the protocol's own keys",
  (value) => !Array.isArray(value) && protocolKeyIn(value) === undefined,
  (value) => {
    const key = protocolKeyIn(value);
    return key === undefined ? undefined : `one with "${key}"`;
  },
);
