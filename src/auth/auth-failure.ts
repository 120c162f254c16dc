import {
  AuthorizationServerMismatchError,
  InsecureTokenEndpointError,
  IssuerMismatchError,
  OAuthError,
  RegistrationRejectedError,
} from '@modelcontextprotocol/client';
import {
  answerUnusable,
  authRequired,
  authServerUnreachable,
  otherServerAnswered,
  type AuthTarget,
} from '../errors/auth.ts';
import { messageOf, PlenumError } from '../errors/plenum-error.ts';
import { isRecord } from '../internal/checks.ts';
import { printable } from '../internal/text.ts';

export type { AuthReason } from '../errors/registry.ts';

/**
 * Translates an error of the official OAuth functions. Those errors quote answers of authorization servers, so they
 * do not become the `cause`; a text that contains one of `secrets` is not shown.
 */
export function authFailure(error: unknown, target: AuthTarget, secrets: Iterable<string>): PlenumError {
  const own = ownError(error);
  if (own !== undefined) return own;
  // A secret must not be looked for in a text that was cut, which may end in half of it.
  const shown = (text: string): string => printable(withoutSecrets(text, secrets), 300);

  if (error instanceof IssuerMismatchError || error instanceof AuthorizationServerMismatchError) {
    return otherServerAnswered(target);
  }
  if (error instanceof InsecureTokenEndpointError) {
    return authRequired(
      'refused_address',
      target,
      'the token endpoint is not https. Nothing was sent to it.',
    );
  }
  if (error instanceof RegistrationRejectedError) {
    const what = `the authorization server does not register this client (${shown(answerOf(error))}).`;
    return authRequired('client_unknown', target, what, [
      { do: 'set', option: 'clientId', value: 'the id of one that it knows' },
    ]);
  }
  if (isOutage(error)) {
    return authServerUnreachable(target.server, shown(messageOf(error)));
  }
  if (error instanceof OAuthError) {
    const reason = error.code === 'invalid_client' ? 'client_unknown' : 'refused';
    const detail = error.message === '' ? '' : `: ${shown(error.message)}`;
    return authRequired(reason, target, `the authorization server answered "${shown(error.code)}"${detail}`);
  }
  const odd = oddMembers(error);
  if (odd !== undefined) return answerUnusable(target, odd);
  return authRequired('refused', target, shown(messageOf(error)));
}

/** The members that the official client misses in an answer; undefined for any other error. */
function oddMembers(error: unknown): string[] | undefined {
  if (!(error instanceof Error) || !('issues' in error) || !Array.isArray(error.issues)) return undefined;
  const names = error.issues.map((issue: unknown) =>
    isRecord(issue) && Array.isArray(issue['path']) ? issue['path'].join('.') : '',
  );
  return [...new Set(names)];
}

/** Error codes of an authorization server that may give tokens later. */
export const OUTAGE_CODES: ReadonlySet<string> = new Set([
  'server_error',
  'temporarily_unavailable',
  'too_many_requests',
]);

/** Whether an authorization server did not answer or failed (5xx), so that a later attempt may succeed. */
export function isOutage(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof OAuthError && OUTAGE_CODES.has(error.code));
}

/** Summarizes how an authorization server refused a registration. */
function answerOf({ status, body }: RegistrationRejectedError): string {
  try {
    const answer: unknown = JSON.parse(body);
    const { error, error_description: description } = isRecord(answer) ? answer : {};
    if (typeof error === 'string')
      return `${error}${typeof description === 'string' ? `: ${description}` : ''}`;
  } catch {
    // The body is not JSON; most likely an HTML page.
  }
  return `HTTP ${status}`;
}

/** A `PlenumError` that the official functions passed on, as it is or as a cause. */
function ownError(error: unknown): PlenumError | undefined {
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    if (each instanceof PlenumError) return each;
    seen.add(each); // A store of the caller's may throw an error that is its own cause.
  }
  return undefined;
}

function withoutSecrets(text: string, secrets: Iterable<string>): string {
  for (const secret of secrets) if (text.includes(secret)) return '(not shown: it holds a secret)';
  return text;
}
