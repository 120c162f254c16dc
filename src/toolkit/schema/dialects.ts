import type { SchemaDialect, StrictRules } from './dialect.ts';

const COMPOSITION = ['oneOf', 'anyOf', 'allOf'];

/** https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas */
const OPENAI_FORMATS = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);

const OPENAI_STRICT: StrictRules = {
  closeObjects: false,
  keywords: new Set([
    'type',
    'properties',
    'required',
    'additionalProperties',
    'items',
    'enum',
    'const',
    'anyOf',
    '$ref',
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'multipleOf',
    'minItems',
    'maxItems',
    'pattern',
    'format',
    'title',
    'description',
    '$defs',
  ]),
  maxProperties: 5000,
  maxDepth: 10,
  maxEnumValues: 1000,
  maxCharacters: 120_000,
  maxLongEnumCharacters: 15_000,
  longEnum: 250,
};

/** OpenAI, for functions that are not `strict`. */
export const openaiDialect: SchemaDialect = {
  provider: 'OpenAI',
  toolName: /^[a-zA-Z0-9_-]{1,64}$/,
  notAtRoot: [...COMPOSITION, 'enum', 'not'],
  formats: OPENAI_FORMATS,
  portablePatterns: true,
  spelledOut: true,
};

/** OpenAI, for functions that are `strict`: the model can only send arguments that match the schema. */
export const openaiStrictDialect: SchemaDialect = { ...openaiDialect, strict: OPENAI_STRICT };

/** As strict, but also for objects without `additionalProperties`, to which the model then cannot add properties. */
export const openaiClosedDialect: SchemaDialect = {
  ...openaiDialect,
  strict: { ...OPENAI_STRICT, closeObjects: true },
};

export const anthropicDialect: SchemaDialect = {
  provider: 'Anthropic',
  toolName: /^[a-zA-Z0-9_-]{1,128}$/,
  notAtRoot: COMPOSITION,
  propertyName: /^[a-zA-Z0-9_.-]{1,64}$/,
};

/** The subset that every provider accepts, for adapters that do not know the provider. */
export const genericDialect: SchemaDialect = {
  provider: 'a model API',
  toolName: /^[a-zA-Z0-9_-]{1,64}$/,
  notAtRoot: [...COMPOSITION, 'enum', 'not'],
  propertyName: /^[a-zA-Z0-9_.-]{1,64}$/,
  formats: OPENAI_FORMATS,
  portablePatterns: true,
  spelledOut: true,
};
