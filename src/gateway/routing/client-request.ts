import { INVALID_PARAMS, RpcError } from './rpc-error.ts';

export type Params = Readonly<Record<string, unknown>>;
export type Result = Record<string, unknown>;

/** A request of a client. */
export interface ClientRequest {
  readonly method: string;
  readonly params: Params;
  /** Answers to an earlier `input_required`, and its state (2026-07-28). */
  readonly inputResponses?: Params | undefined;
  readonly requestState?: string | undefined;
}

/** The methods that clients are answered. A request of any other is refused by the official server. */
export const METHODS: ReadonlySet<unknown> = new Set([
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
]);

/** A param that must be a text. Throws the error that the client is to get. */
export function textOf(params: Params, field: string): string {
  const value = params[field];
  if (typeof value === 'string') return value;
  throw new RpcError(INVALID_PARAMS, `Invalid params: "${field}" must be a string.`);
}
