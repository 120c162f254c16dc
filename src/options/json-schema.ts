import { wordOption } from './faults.ts';
import type { Kind, Option, OptionTable } from './kinds.ts';

type Schema = Record<string, unknown>;

/** A JSON Schema (draft 7) for the values of a kind. Objects may have further properties. */
export function jsonSchemaOf(kind: Kind): Schema {
  switch (kind.is) {
    case 'text':
      return { type: 'string', minLength: 1 };
    case 'string':
      return { type: 'string' };
    case 'flag':
      return { type: 'boolean' };
    case 'number': {
      const { least, most, above, whole } = kind;
      const bound = above === true ? { exclusiveMinimum: least } : { minimum: least };
      return {
        type: whole ? 'integer' : 'number',
        ...(least > -Infinity && bound),
        ...(most !== undefined && { maximum: most }),
      };
    }
    case 'literal':
      return kind.value === null ? { type: 'null' } : { const: kind.value };
    case 'word':
      return { type: 'string', enum: [...kind.words] };
    case 'list':
      return { type: 'array', items: jsonSchemaOf(kind.of) };
    case 'record':
      return { type: 'object', additionalProperties: jsonSchemaOf(kind.of) };
    case 'options':
      return objectSchemaOf(kind.options);
    case 'variant':
      return {
        anyOf: Object.entries(kind.variants).map(([word, table]) => {
          const { about } = wordOption(kind.variants);
          return objectSchemaOf({
            [kind.by]: { kind: { is: 'literal', value: word }, required: true, about },
            ...table,
          });
        }),
      };
    case 'either':
      return { anyOf: kind.kinds.map(jsonSchemaOf) };
    case 'function':
    case 'object':
      return {};
  }
}

/** A JSON Schema for an object with these options. */
export function objectSchemaOf(table: OptionTable): Schema {
  const entries = Object.entries(table);
  const required = entries.filter(([, option]) => option.required === true).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, option]) => [name, propertyOf(option)])),
    ...(required.length > 0 && { required }),
  };
}

function propertyOf(option: Option): Schema {
  const { kind, about, byDefault } = option;
  const unit = kind.is === 'number' && kind.unit === 'ms' ? ' In milliseconds.' : '';
  const inWords = byDefault === undefined ? '' : ` Default: ${byDefault}.`;
  const hasDefault = option.default !== undefined && option.default !== Infinity;
  return {
    ...jsonSchemaOf(kind),
    description: `${about}${unit}${inWords}`,
    ...(hasDefault && { default: option.default }),
  };
}
