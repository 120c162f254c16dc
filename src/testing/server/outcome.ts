import type { JsonObject, RpcError } from './json-rpc.ts';

/** What a request comes to. `afterwards` runs once the answer has left. */
export type Outcome =
  | { kind: 'result'; result: JsonObject; raw?: boolean; afterwards?: () => void }
  | { kind: 'error'; error: RpcError; afterwards?: () => void }
  /** No answer, ever. */
  | { kind: 'silence' };

export const silence: Outcome = { kind: 'silence' };

export function success(result: JsonObject): Outcome {
  return { kind: 'result', result };
}

export function failure(code: number, message: string, data?: unknown): Outcome {
  return { kind: 'error', error: { code, message, ...(data !== undefined && { data }) } };
}

export function text(value: string): Outcome {
  return success({ content: [{ type: 'text', text: value }] });
}

/** Data as JSON text, the form that any client can read. */
export function json(value: unknown): Outcome {
  return text(JSON.stringify(value));
}
