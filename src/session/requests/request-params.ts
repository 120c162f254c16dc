import type { StandardSchemaV1 } from '@modelcontextprotocol/client';
import type { CallOptions } from '../call-options.ts';

/** `params` with the members that call options add: `_meta`, and the answers of an earlier round. */
export function withMeta<T extends object>(
  params: T,
  { meta, inputResponses, requestState }: CallOptions,
  extraMeta: Readonly<Record<string, unknown>> | undefined,
): T {
  const hasMeta = meta !== undefined || extraMeta !== undefined;
  if (!hasMeta && inputResponses === undefined && requestState === undefined) return params;
  return {
    ...params,
    ...(hasMeta && { _meta: { ...extraMeta, ...meta } }),
    ...(inputResponses !== undefined && { inputResponses }),
    ...(requestState !== undefined && { requestState }),
  };
}

/** Accepts any JSON-RPC result as it is. */
export const anyResult: StandardSchemaV1<unknown, Record<string, unknown>> = {
  '~standard': {
    version: 1,
    vendor: 'mcp-plenum',
    validate: (value) => ({ value: value as Record<string, unknown> }),
  },
};
