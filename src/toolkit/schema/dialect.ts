/** A JSON object: a schema, or the arguments of a call. */
export type JsonObject = Record<string, unknown>;

/** The part of JSON Schema 2020-12 that a provider accepts, as data. `portableSchema` applies these rules. */
export interface SchemaDialect {
  /** The provider's name, for messages. */
  readonly provider: string;
  /** The pattern for names of tools. */
  readonly toolName: RegExp;
  /** Keywords that are not accepted at the top level. */
  readonly notAtRoot: readonly string[];
  /** The pattern for names of properties. */
  readonly propertyName?: RegExp;
  /** The accepted formats; all when absent. Others are moved to the description. */
  readonly formats?: ReadonlySet<string>;
  /**
   * Whether only regular expressions that every engine can compile are accepted. Others are moved to the description.
   */
  readonly portablePatterns?: boolean;
  /** Whether arrays must have `items` and objects must have `properties`. */
  readonly spelledOut?: boolean;
  /** The rules of OpenAI's strict mode, for a dialect that uses it. */
  readonly strict?: StrictRules;
}

/** The rules and limits of OpenAI's strict mode. */
export interface StrictRules {
  /** Whether an object without `additionalProperties` becomes one that allows no other properties. */
  readonly closeObjects: boolean;
  readonly keywords: ReadonlySet<string>;
  readonly maxProperties: number;
  readonly maxDepth: number;
  readonly maxEnumValues: number;
  /** Maximum characters of all names of properties and definitions, enum values and constants together. */
  readonly maxCharacters: number;
  /** Maximum characters of the texts of an enum with more than `longEnum` values. */
  readonly maxLongEnumCharacters: number;
  readonly longEnum: number;
}
