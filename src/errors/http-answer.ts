import { printable } from '../internal/text.ts';

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** What an answer with an error status says. */
export interface HttpAnswer {
  readonly status: number;
  /** The JSON-RPC error in its body. */
  readonly fault?: RpcError | undefined;
  /** The first words of any other body. */
  readonly excerpt: string;
  readonly retryAfterMs?: number | undefined;
  /** False when it says for certain that the request was not run. */
  readonly maybeExecuted: boolean;
}

/** What an answer with an error status says, in sentences without the first words. */
export function answered({ status, fault, excerpt, retryAfterMs }: HttpAnswer): string {
  const said = fault === undefined ? excerpt : printable(fault.message, 500).replace(/\.$/, '');
  const body = `${fault === undefined ? '' : ` with error ${fault.code}`}${said && `: ${said}`}`;
  const wait = retryAfterMs === undefined ? '' : ` It asks to wait for ${retryAfterMs} ms.`;
  return `the server answered HTTP ${status}${body}.${wait}`;
}
