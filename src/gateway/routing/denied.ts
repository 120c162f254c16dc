import { unknownName, unknownResource } from '../../errors/catalog.ts';
import type { CatalogKind } from '../../group/catalog/catalog.ts';
import { INTERNAL_ERROR, RpcError, toRpcError } from './rpc-error.ts';

/** Why a request was not handed to its server. */
export type DenialReason = 'not-allowed' | 'rate-limited' | 'not-approved';

const REASONS: readonly DenialReason[] = ['not-allowed', 'rate-limited', 'not-approved'];

export function isDenialReason(value: unknown): value is DenialReason {
  return REASONS.some((reason) => reason === value);
}

/** A request that was handed to no server, because its client may not make it. */
export class Denied extends RpcError {
  readonly reason: DenialReason;
  readonly server: string;

  constructor(reason: DenialReason, server: string, { code, message, data }: RpcError) {
    super(code, message, data);
    this.reason = reason;
    this.server = server;
  }
}

/**
 * A client named what it may not use. It is answered as if there were no such thing, so that it cannot find out what others
 * have; the audit log and the events of the gateway say that it was denied.
 */
export function notAllowed(kind: CatalogKind, name: string, server: string): Denied {
  return new Denied('not-allowed', server, toRpcError(unknown(kind, name)));
}

export function rateLimited(server: string, retryAfterMs: number): Denied {
  const data = { code: 'RATE_LIMITED', server, retryAfterMs, maybeExecuted: false };
  const seconds = Math.ceil(retryAfterMs / 1_000);
  const message = `Too many calls: a limit of this gateway is reached. Try again in ${seconds} s.`;
  return new Denied('rate-limited', server, new RpcError(INTERNAL_ERROR, message, data));
}

/** `message` says why, for the client. */
export function notApproved(server: string, message: string): Denied {
  const data = { code: 'NOT_APPROVED', server, maybeExecuted: false };
  return new Denied('not-approved', server, new RpcError(INTERNAL_ERROR, message, data));
}

function unknown(kind: CatalogKind, name: string): Error {
  if (kind === 'tools') return unknownName('tool', name, []);
  return kind === 'prompts' ? unknownName('prompt', name, []) : unknownResource(name, [], []);
}
