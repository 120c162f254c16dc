import type * as official from '@modelcontextprotocol/server';
import type { StandardSchemaV1Sync } from '@modelcontextprotocol/server';

/** The official server package, which is loaded when the first gateway is made. */
export type OfficialServer = typeof official;

export function loadOfficialServer(): Promise<OfficialServer> {
  return import('@modelcontextprotocol/server');
}

/** What a peer sent, read by the schema of the specification; undefined when it does not fit. */
export function readAs<T>(schema: StandardSchemaV1Sync<unknown, T>, value: unknown): T | undefined {
  const read = schema['~standard'].validate(value);
  return read.issues === undefined ? read.value : undefined;
}
