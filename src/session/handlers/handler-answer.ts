import type { StandardSchemaV1Sync } from '@modelcontextprotocol/client';
import { handlerFailed, invalidResult } from '../../errors/call.ts';
import { isForPeers, type PlenumError } from '../../errors/plenum-error.ts';
import { INTERNAL_ERROR } from '../../internal/json/rpc-codes.ts';
import { printable } from '../../internal/text.ts';
import { localFailure } from '../../transport/fail-request.ts';
import { official } from '../../transport/official.ts';
import { RefusedRequest } from './handler-places.ts';

/** What a server is told of a handler that fails, whatever the reason. */
const FAILED = { code: INTERNAL_ERROR, message: 'The client could not answer the request.' };

/** A JSON-RPC error that was chosen to be sent. */
interface ChosenError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/**
 * What a handler returned, as JSON that fits `schema`: a copy, so that nothing in it runs or changes later. Throws when it
 * is none.
 */
export function checkedAnswer<T>(given: unknown, schema: StandardSchemaV1Sync<unknown, T>): T {
  const outcome = schema['~standard'].validate(jsonCopy(given));
  if (outcome.issues === undefined) return outcome.value;
  const faults = outcome.issues.slice(0, 5).map(({ message, path = [] }) => {
    const where = path.map((step) => (typeof step === 'object' ? step.key : step)).join('.');
    return where === '' ? message : `${where}: ${message}`;
  });
  throw new TypeError(`it returned no valid answer (${printable(faults.join('; '), 300)})`);
}

function jsonCopy(value: unknown): unknown {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`it returned ${typeof value}, which is no answer`);
  return JSON.parse(json);
}

/** An error of a handler, for each side. */
export interface HandlerFailure {
  /** For the host. */
  readonly error: PlenumError;
  /** Whether the host did not choose it, so that it has to hear of it. */
  readonly isFault: boolean;
  /** For the server: nothing of `error` that was not chosen. */
  readonly answer: Error;
}

/** What becomes of whatever was thrown while a request was answered; `option` is the handler. */
export function handlerFailure(thrown: unknown, option: string, server: string): HandlerFailure {
  if (thrown instanceof RefusedRequest) {
    const error = invalidResult(`Server "${server}" sent a request that was refused: ${thrown.message}`, {
      server,
    });
    return { error, isFault: false, answer: protocolError(thrown) };
  }
  const error = handlerFailed(`Handler "${option}" failed on server "${server}"`, server, thrown);
  const chosen = chosenError(thrown);
  if (chosen === undefined) return { error, isFault: true, answer: protocolError(FAILED) };
  const { code: rpcCode, message: rpcMessage, data } = chosen;
  const told = error.withSummary(error.summary, { rpcCode, rpcMessage, data });
  return { error: told, isFault: false, answer: protocolError(chosen) };
}

function protocolError({ code, message, data }: ChosenError): Error {
  return new official.ProtocolError(code, message, data);
}

/** The JSON-RPC error that an error was made for; undefined when it was made for anything else. */
function chosenError(thrown: unknown): ChosenError | undefined {
  try {
    const error = isForPeers(thrown)
      ? { code: thrown.rpcCode, message: thrown.rpcMessage, data: thrown.data }
      : protocolFields(thrown);
    const { code, message, data } = error ?? {};
    if (typeof code !== 'number' || !Number.isSafeInteger(code) || typeof message !== 'string')
      return undefined;
    return { code, message, ...(data !== undefined && { data: jsonCopy(data) }) };
  } catch {
    return undefined; // What cannot be sent as JSON was not made to be sent.
  }
}

function protocolFields(
  thrown: unknown,
): { readonly code: unknown; readonly message: unknown; readonly data: unknown } | undefined {
  if (!(thrown instanceof official.ProtocolError)) return undefined;
  // The error of another call of this program, which the official client has passed on.
  if (localFailure(thrown.data) !== undefined) return undefined;
  const { code, message, data } = thrown;
  return { code, message, data };
}
