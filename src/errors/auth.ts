import type { ErrorAdvice } from './advice.ts';
import type { AuthReason } from './registry.ts';
import { PlenumError } from './plenum-error.ts';
import { printable } from '../internal/text.ts';

const NOT_THE_ONE =
  'the authorization server is not the one that it should be. No code or secret was sent to it.';

/** What is known of a sign-in. */
export interface AuthTarget {
  readonly server: URL;
  readonly issuer?: string | undefined;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
}

/** The reasons that end when a person signs in. */
const WAITS_FOR_A_PERSON: ReadonlySet<AuthReason> = new Set(['login_required', 'login_abandoned']);

/** A sign-in is needed, or failed; `what` is a sentence that goes on from "Signing in to …". It must hold no secret. */
export function authRequired(
  reason: AuthReason,
  { server, issuer, resource, scope }: AuthTarget,
  what: string,
  advice: readonly ErrorAdvice[] = [],
): PlenumError<'AUTH_REQUIRED'> {
  const signIn: readonly ErrorAdvice[] = WAITS_FOR_A_PERSON.has(reason) ? [{ do: 'sign-in' }] : [];
  return new PlenumError('AUTH_REQUIRED', `Signing in to ${server.origin}: ${what}`, {
    data: {
      reason,
      ...(issuer !== undefined && { issuer }),
      ...(resource !== undefined && { resource }),
      ...(scope !== undefined && { scope }),
    },
    advice: [...advice, ...signIn],
  });
}

/** The metadata of an authorization server say that they are those of another one, `told`. */
export function otherIssuer(server: URL, named: string, told: string): PlenumError<'AUTH_REQUIRED'> {
  const what = `the server names the authorization server ${quoted(named)}, whose metadata say that it is ${quoted(told)}: ${NOT_THE_ONE}`;
  return authRequired('issuer_mismatch', { server, issuer: named }, what);
}

/** The party that sent the browser back, or that owns a client or a token, is not the authorization server of `target`. */
export function otherServerAnswered(target: AuthTarget): PlenumError<'AUTH_REQUIRED'> {
  // The other value is left out: anybody can put a text into the address that the browser comes back to.
  const expected = target.issuer === undefined ? '' : `it is not ${quoted(target.issuer)}: `;
  return authRequired('issuer_mismatch', target, `${expected}${NOT_THE_ONE}`);
}

/** The authorization server is not the one that the option `issuer` allows. */
export function unwantedIssuer(
  target: AuthTarget & { readonly issuer: string },
  wanted: string,
): PlenumError<'AUTH_REQUIRED'> {
  const what = `it names the authorization server ${quoted(target.issuer)}, and option "issuer" says ${quoted(wanted)}.`;
  return authRequired('issuer_mismatch', target, what);
}

/** The metadata of a server are those of another resource. */
export function otherResource(
  target: AuthTarget & { readonly resource: string },
): PlenumError<'AUTH_REQUIRED'> {
  // The path of the server's own URL is left out: it may be what keeps strangers out.
  const what = `its metadata are those of another resource, ${quoted(target.resource)}.`;
  return authRequired('refused', target, what);
}

/** An authorization server does not say that it supports PKCE with S256; `methods` are those that it names. */
export function pkceMissing(
  target: AuthTarget,
  methods: readonly string[] | undefined,
): PlenumError<'AUTH_REQUIRED'> {
  const { server } = target;
  const says =
    methods === undefined
      ? 'its metadata have no "code_challenge_methods_supported", so a stolen code could be used'
      : `it supports the code challenge methods ${quoted(methods.join(', '))}, and not "S256"`;
  const summary = `Signing in to ${server.origin}: the authorization server does not promise PKCE: ${says}.`;
  const { data } = authRequired('pkce_missing', target, '');
  return new PlenumError('AUTH_REQUIRED', summary, {
    data,
    ...(methods === undefined && { advice: [{ do: 'set', option: 'allowMissingPkce', value: 'true' }] }),
  });
}

/** An authorization server answered without `members` that are needed, or with wrong ones. */
export function answerUnusable(target: AuthTarget, members: readonly string[]): PlenumError<'AUTH_REQUIRED'> {
  const names = members.map((name) => `"${printable(name, 80)}"`).join(', ');
  const what = `an answer cannot be used: ${names} ${members.length === 1 ? 'is' : 'are'} missing or wrong.`;
  return authRequired('refused', target, what);
}

/** An authorization server did not answer, or had no answer: another time it may. */
export function authServerUnreachable(server: URL, why: string): PlenumError<'CONNECT_FAILED'> {
  const what = `the authorization server could not be reached: ${why}`;
  return new PlenumError('CONNECT_FAILED', `Signing in to ${server.origin}: ${what}`);
}

/** The server refused a bearer token, and there is no other. */
export function bearerRefused(): PlenumError<'AUTH_REQUIRED'> {
  const summary = 'The server refused the bearer token, and there is no other.';
  return new PlenumError('AUTH_REQUIRED', summary, { data: { reason: 'token_refused' } });
}

/** The function that knows the bearer token threw. */
export function bearerFunctionFailed(cause: unknown): PlenumError<'AUTH_REQUIRED'> {
  const summary = 'The function that knows the bearer token failed.';
  return new PlenumError('AUTH_REQUIRED', summary, { data: { reason: 'token_refused' }, cause });
}

/** The function that knows the bearer token returned none. */
export function bearerNotGiven(): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', 'The function that knows the bearer token gave none.');
}

/** A token cannot stand in a header of HTTP. The message does not show it. */
export function tokenNotSendable(server: string): PlenumError<'AUTH_REQUIRED'> {
  const what = `The token for server "${server}" holds a character that no HTTP header can carry`;
  return new PlenumError('AUTH_REQUIRED', `${what}, a line break perhaps.`, { server });
}

/** Enterprise-managed authorization needs the name of the resource, which the server does not say. */
export function resourceNotSaid(): PlenumError<'AUTH_REQUIRED'> {
  const summary =
    'The server does not say which resource it is, which enterprise-managed authorization needs.';
  return new PlenumError('AUTH_REQUIRED', summary, { data: { reason: 'refused' } });
}

/** The address to which the browser is to come back cannot be opened. */
export function loopbackNotOpened(port: number, host: string, why: string): PlenumError<'CONNECT_FAILED'> {
  const summary = `Port ${port} of ${host}, which the browser is to come back to, cannot be opened: ${why}`;
  return new PlenumError('CONNECT_FAILED', summary);
}

/** A request of a sign-in was not sent to this address; `why` goes on from "because". */
export function addressRefused(url: URL, why: string, option?: string): PlenumError<'AUTH_REQUIRED'> {
  return new PlenumError('AUTH_REQUIRED', `Signing in: ${url.origin} was not asked, because ${why}.`, {
    data: { reason: 'refused_address' },
    ...(option !== undefined && { advice: [{ do: 'set', option, value: 'true, if that is right' }] }),
  });
}

/** An option of `oauth()` that is wrong; `what` is a clause. */
export function oauthOptionInvalid(what: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `${what}.`);
}

/** The user signed out while a sign-in was under way. */
export function signedOut(): PlenumError<'ABORTED'> {
  return new PlenumError('ABORTED', 'Signing in: the user signed out meanwhile.');
}

function quoted(text: string): string {
  return `"${printable(text, 200)}"`;
}
