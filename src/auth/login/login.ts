import {
  auth,
  exchangeAuthorization,
  isStrictScopeSuperset,
  OAuthError,
  validateAuthorizationResponseIssuer,
  type DpopSession,
  type FetchLike,
  type StoredOAuthClientInformation,
} from '@modelcontextprotocol/client';
import { authRequired, pkceMissing } from '../../errors/auth.ts';
import { messageOf, type PlenumError } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import { printable } from '../../internal/text.ts';
import { tell } from '../auth-events.ts';
import { isOutage } from '../auth-failure.ts';
import type { Discovery } from '../network/discovery.ts';
import { clientSigner } from '../grants/known-client.ts';
import { IntroducingLoginFlow, LoginFlow } from './login-flow.ts';
import { LoopbackRedirect, type LoginAnswer, type LoginRedirect } from './loopback-redirect.ts';
import type { ResolvedOAuthOptions } from '../oauth-options.ts';
import { isLoopbackUrl } from '../network/private-address.ts';
import { clientEntry, withExpiry, type StoredTokens } from '../store/stored-tokens.ts';

interface LoginRequest {
  readonly server: URL;
  readonly options: ResolvedOAuthOptions;
  readonly discovery: Discovery;
  /** The key of this client in the store. */
  readonly client: string;
  /** The scope that the server demands. */
  readonly scope: string | undefined;
  readonly dpop: DpopSession | undefined;
  readonly fetch: FetchLike;
  readonly signal: AbortSignal;
}

/**
 * Runs one login: opens a loopback port for the redirect, shows the login page, and exchanges the code for tokens.
 * The official client makes the page's URL and the token request; `state` and issuer are checked before the code is
 * sent.
 */
export async function logIn(request: LoginRequest): Promise<StoredTokens> {
  const { options, discovery } = request;
  expectPkce(request);
  const known = options.clientId === undefined ? await readClient(request) : undefined;
  const redirect = options.openRedirect?.() ?? (await openRedirect(known, options.redirectPort));
  try {
    const context = {
      server: request.server,
      options,
      discovery: discovery.state,
      redirectUrl: redirect.url,
    };
    const flow =
      options.clientId === undefined
        ? new IntroducingLoginFlow(context, accepts(known, redirect.url, request.scope) ? known : undefined)
        : new LoginFlow(context);
    const url = await startFlow(flow, request);
    const siblings = await addSiblings(url, request);
    const client = flow.clientInformation();
    if (flow instanceof IntroducingLoginFlow && client !== undefined) {
      await clientEntry.write(options.store, client, discovery.issuer, request.client);
    }
    const { params, finish } = await waitForRedirect(url, flow, redirect, request).catch((error: unknown) => {
      // It may have shown a page of its own, from which nobody comes back.
      if (siblings > 0) options.siblings?.onFailed(discovery.issuer);
      throw error;
    });
    const tokens = await redeem(params, url, flow, request).catch(async (error: unknown) => {
      // The next login registers anew.
      if (error instanceof OAuthError && error.code === 'invalid_client')
        await clientEntry.remove(options.store, discovery.issuer, request.client);
      if (siblings > 0) options.siblings?.onFailed(discovery.issuer);
      if (!isOutage(error)) throw error;
      // Not CONNECT_FAILED, which supervision retries: each retry would ask the user to sign in again.
      const what = 'the authorization server did not answer when the login was to be completed.';
      throw authRequired('refused', targetOf(request), what);
    });
    finish('signed-in');
    return tokens;
  } finally {
    await redirect.close();
  }
}

/**
 * Refuses an authorization server that does not say that it checks the code's proof key (PKCE), as the specification
 * demands. One without any metadata is of 2025-03-26, which names its endpoints and demands PKCE of them.
 */
function expectPkce(request: LoginRequest): void {
  const metadata = request.discovery.state.authorizationServerMetadata;
  if (metadata === undefined) return;
  const methods = metadata.code_challenge_methods_supported;
  if (methods === undefined && request.options.allowMissingPkce) return;
  if (methods?.includes('S256') === true) return;
  throw pkceMissing(targetOf(request), methods);
}

/** Opens the port of the client's registration. Another port is used only when the client can register again. */
async function openRedirect(
  known: StoredOAuthClientInformation | undefined,
  wantedPort: number,
): Promise<LoopbackRedirect> {
  if (wantedPort !== 0) return LoopbackRedirect.open(wantedPort);
  return LoopbackRedirect.open(portOf(known) ?? 0).catch(() => LoopbackRedirect.open(0));
}

async function readClient({ options, discovery, client }: LoginRequest) {
  return clientEntry.read(options.store, discovery.issuer, client);
}

async function startFlow(flow: LoginFlow, request: LoginRequest): Promise<URL> {
  await auth(flow, {
    serverUrl: request.server,
    fetchFn: request.fetch,
    forceReauthorization: true,
    ...(request.scope !== undefined && { scope: request.scope }),
  });
  const url = flow.authorizationUrl;
  if (url === undefined) throw new Error('The official client made no login page.');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackUrl(url))) {
    throw authRequired(
      'refused_address',
      targetOf(request),
      'the login page is not https. It was not opened.',
    );
  }
  return url;
}

/** Asks for a sign-in that is good for other servers of the issuer, too. Returns how many these are. */
async function addSiblings(url: URL, { options, discovery }: LoginRequest): Promise<number> {
  if (options.siblings === undefined || discovery.resource === undefined) return 0;
  const own = discovery.resource;
  const others = (await options.siblings.resourcesOf(discovery.issuer)).filter((each) => each !== own);
  for (const other of new Set(others)) url.searchParams.append('resource', other);
  return others.length;
}

/** Shows the login page and waits for the redirect. */
async function waitForRedirect(
  url: URL,
  flow: LoginFlow,
  redirect: LoginRedirect,
  request: LoginRequest,
): Promise<LoginAnswer> {
  const { options, signal } = request;
  const ms = options.loginTimeoutMs;
  const expired = (): PlenumError => {
    const what = `nobody signed in within ${ms} ms.`;
    const advice = [{ do: 'raise', options: ['loginTimeoutMs'] }] as const;
    return authRequired('login_abandoned', targetOf(request), what, advice);
  };
  const limit = new Limit({ ms, expired, keepAlive: false }, signal);
  try {
    limit.throwIfEnded();
    const answer = redirect.answerTo(flow.state());
    const showing = show(url, request, limit.signal);
    return await limit.hold(Promise.race([answer, showing]));
  } finally {
    limit.end();
  }
}

/** Rejects when the page cannot be shown; never resolves. */
async function show(url: URL, request: LoginRequest, signal: AbortSignal): Promise<never> {
  const { options, server, discovery } = request;
  const { onAuthorize, onEvent } = options;
  const event = { server: server.href, issuer: discovery.issuer, url: url.href };
  try {
    tell(onEvent, { type: 'authorize', ...event });
    await (onAuthorize ?? openBrowser)(new URL(url), { server, issuer: discovery.issuer, signal });
  } catch (error) {
    const reason = printable(messageOf(error));
    const what = `the login page could not be shown: ${reason}.`;
    // This machine may have no browser; a listener of the events can show the URL elsewhere.
    if (onAuthorize !== undefined || onEvent === undefined)
      throw authRequired('login_required', targetOf(request), what);
    tell(onEvent, { type: 'authorize-failed', ...event, reason });
  }
  return new Promise(() => {});
}

async function redeem(
  answer: URLSearchParams,
  url: URL,
  flow: LoginFlow,
  request: LoginRequest,
): Promise<StoredTokens> {
  const { options, discovery, dpop, fetch } = request;
  const { authorizationServerUrl, authorizationServerMetadata: metadata } = discovery.state;
  const iss = answer.get('iss') ?? undefined;
  validateAuthorizationResponseIssuer({
    iss,
    expectedIssuer: metadata?.issuer,
    issParameterSupported: metadata?.authorization_response_iss_parameter_supported === true,
  });
  const authorizationCode = answer.get('code');
  if (authorizationCode === null) {
    const error = answer.get('error') ?? 'invalid_response';
    throw new OAuthError(error, answer.get('error_description') ?? '');
  }
  const client = flow.clientInformation();
  if (client === undefined) throw new Error('The official client introduced no client.');
  const sign = clientSigner(options);
  const tokens = await exchangeAuthorization(authorizationServerUrl, {
    clientInformation: client,
    authorizationCode,
    codeVerifier: flow.codeVerifier(),
    redirectUri: flow.redirectUrl,
    fetchFn: fetch,
    ...(metadata !== undefined && { metadata }),
    ...(iss !== undefined && { iss }),
    ...(discovery.resource !== undefined && { resource: discovery.resource }),
    ...(sign !== undefined && { addClientAuthentication: sign }),
    ...(dpop !== undefined && { dpop }),
  });
  const scope = tokens.scope ?? url.searchParams.get('scope') ?? undefined;
  const known = flow instanceof IntroducingLoginFlow ? client : undefined;
  return withExpiry({ ...tokens, ...(scope !== undefined && { scope }) }, discovery.issuer, known);
}

function targetOf({ server, discovery, scope }: LoginRequest) {
  return { server, issuer: discovery.issuer, resource: discovery.resource, scope };
}

/** The port of a registration's redirect URI. */
function portOf(client: StoredOAuthClientInformation | undefined): number | undefined {
  const [uri] = redirectUris(client);
  return uri === undefined || !URL.canParse(uri) ? undefined : Number(new URL(uri).port);
}

/**
 * Whether an earlier client can be used again. A client id that is a metadata URL has no stored redirect URI, and any
 * port will do (RFC 8252). A registration may lack a scope that is needed now.
 */
function accepts(
  client: StoredOAuthClientInformation | undefined,
  redirectUrl: string,
  scope: string | undefined,
): boolean {
  const uris = redirectUris(client);
  if (uris.length > 0 && !uris.includes(redirectUrl)) return false;
  const registered = client !== undefined && 'scope' in client ? client.scope : undefined;
  return registered === undefined || !isStrictScopeSuperset(scope, registered);
}

function redirectUris(client: StoredOAuthClientInformation | undefined): readonly string[] {
  return client !== undefined && 'redirect_uris' in client ? (client.redirect_uris ?? []) : [];
}

/**
 * Opens a URL in the user's browser. The URL is one argument of a fixed program and is never parsed by a shell.
 * Rejects when there is no such program.
 */
export async function openBrowser(url: URL): Promise<void> {
  const { default: open } = await import('open');
  const opener = await open(url.href);
  // Whether the page opened shows in whether the user signs in.
  opener.on('error', () => {});
}
