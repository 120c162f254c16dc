import type { JSONRPCErrorResponse, RequestId } from '@modelcontextprotocol/client';
import type { PlenumError } from '../errors/plenum-error.ts';
import { INTERNAL_ERROR } from '../internal/json/rpc-codes.ts';

/**
 * Carries an error of ours through the official client, which knows only one way to fail a single request that is under
 * way: an answer with an error. The official client keeps the `data` of such an answer as it is.
 *
 * A server cannot forge it: whether a value is one is told by a private field, which neither JSON nor a structured clone
 * nor an object of a server's own in this process has.
 */
class LocalFailure {
  readonly #error: PlenumError;

  constructor(error: PlenumError) {
    this.#error = error;
  }

  static errorIn(value: unknown): PlenumError | undefined {
    return typeof value === 'object' && value !== null && #error in value ? value.#error : undefined;
  }
}

/** The answer that fails a request for a reason found on this side of the connection, whatever the server did. */
export function failRequest(id: RequestId, error: PlenumError): JSONRPCErrorResponse {
  const data = new LocalFailure(error);
  return { jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message: error.message, data } };
}

/** Why a request failed on this side, by the `data` of its error; undefined when the server answered with that error. */
export function localFailure(data: unknown): PlenumError | undefined {
  return LocalFailure.errorIn(data);
}
