/** A JSON object: a schema, or the arguments of a call. */
export type JsonObject = Record<string, unknown>;

/** What a provider takes of JSON Schema 2020-12. Rules as data: `portableSchema` is what follows them. */
export interface SchemaDialect {
  /** Whose rules these are, for messages. */
  readonly provider: string;
  /** What the names of tools must match. */
  readonly toolName: RegExp;
  /** Keywords that may not stand at the top level. */
  readonly notAtRoot: readonly string[];
  /** What the names of properties must match. */
  readonly propertyName?: RegExp;
  /** The formats that may be named; all of them when absent. Others are said in the description. */
  readonly formats?: ReadonlySet<string>;
  /** Whether regular expressions must be ones that any engine compiles. Others are said in the description. */
  readonly portablePatterns?: boolean;
  /** Whether arrays must say what their items are, and objects what their properties are, be it nothing. */
  readonly spelledOut?: boolean;
  /** The subset that OpenAI can hold a model to. */
  readonly strict?: StrictRules;
}

/** Limits of OpenAI's strict mode. */
export interface StrictRules {
  /** Whether an object that does not say whether it may have other properties is taken to have none. */
  readonly closeObjects: boolean;
  readonly keywords: ReadonlySet<string>;
  readonly maxProperties: number;
  readonly maxDepth: number;
  readonly maxEnumValues: number;
  /** Characters of all names of properties and definitions, enum values and constants together. */
  readonly maxCharacters: number;
  /** Characters of the texts of one enum, once it has more than `longEnum` values. */
  readonly maxLongEnumCharacters: number;
  readonly longEnum: number;
}
