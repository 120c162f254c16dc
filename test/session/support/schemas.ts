import type { StandardSchemaV1 } from '@modelcontextprotocol/client';

/** A schema that asks for one field, written by hand: any Standard Schema does. */
function requiring<K extends string>(key: K): StandardSchemaV1<unknown, Record<K, unknown>> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        if (typeof value === 'object' && value !== null && key in value) {
          return { value: value as Record<K, unknown> };
        }
        return { issues: [{ message: `"${key}" is missing` }] };
      },
    },
  };
}

export const withContent = requiring('content');
export const withPrice = requiring('price');
