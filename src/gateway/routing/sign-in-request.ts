import type { Tool } from '@modelcontextprotocol/server';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import type { RawRequest } from '../../session/session.ts';
import type { GatewayClient } from '../clients/gateway-client.ts';
import type { NeededSignIn } from '../sign-in/sign-ins.ts';
import { INTERNAL_ERROR, RpcError, URL_ELICITATION_REQUIRED } from './rpc-error.ts';

/** By what a 2026-07-28 client answers that its user signs in. */
export const SIGN_IN = 'sign-in';

/** Whether a user who signs in can mend it. */
export function isSignInNeeded(error: unknown): error is PlenumError<'AUTH_REQUIRED'> {
  return error instanceof PlenumError && error.code === 'AUTH_REQUIRED';
}

/** Asks a client to show its user the page of a sign-in. */
export function signInRequest({ id, server, url }: NeededSignIn): RawRequest {
  return {
    method: 'elicitation/create',
    params: { mode: 'url', elicitationId: id, url, message: `Sign in to use the server "${server}".` },
  };
}

/** For a client that cannot be asked: the error has the URL, in the form that it knows, or else in its text. */
export function signInError(needed: NeededSignIn, { era, capabilities }: GatewayClient): RpcError {
  const { server, url } = needed;
  if (era === 'legacy' && capabilities.elicitation?.url !== undefined)
    return new RpcError(URL_ELICITATION_REQUIRED, 'The user has to sign in first.', {
      elicitations: [signInRequest(needed).params],
    });
  const data = { code: 'AUTH_REQUIRED', server, url, maybeExecuted: false };
  return new RpcError(INTERNAL_ERROR, `Sign in to use the server "${server}": ${url}`, data);
}

export function signInRefused(server: string | undefined): RpcError {
  const data = { code: 'AUTH_REQUIRED', ...(server !== undefined && { server }), maybeExecuted: false };
  return new RpcError(INTERNAL_ERROR, 'The user did not want to sign in.', data);
}

export function accepts(answer: unknown): boolean {
  return isRecord(answer) && answer['action'] === 'accept';
}

/** What the tool would be called on the server itself. */
export const SIGN_IN_NAME = 'sign_in';

const TOOL_SUFFIX = `__${SIGN_IN_NAME}`;

export function isSignInTool(name: unknown): boolean {
  return typeof name === 'string' && name.endsWith(TOOL_SUFFIX);
}

/** The tool by which a user signs in to a server of which nothing else is known yet. */
export function signInTool(server: string): Tool {
  return {
    name: `${server}${TOOL_SUFFIX}`,
    description: `Signs the user in to the server "${server}". Its tools are listed afterwards.`,
    inputSchema: { type: 'object', properties: {} },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  };
}
