import { isRecord } from '../../internal/checks.ts';
import { isMetadataPath, type Authenticator } from '../identity/authenticator.ts';
import { LOCAL_IDENTITY, noteSender } from '../identity/identity.ts';
import type { OfficialServer } from '../official-server.ts';
import { isSignInRequest, type SignIns } from '../sign-in/sign-ins.ts';
import type { LegacySessions } from './legacy-sessions.ts';
import type { ModernExchanges } from './modern-exchanges.ts';
import type { RequestGuard } from './request-guard.ts';
import { refusal } from './responses.ts';

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const INTERNAL_ERROR = -32603;
const SERVER_BUSY = -32000;

/** How many messages may come in one body (revisions before 2025-06-18): a small request can have a large answer. */
const MAX_BATCH = 100;

export interface HttpEndpointParts {
  readonly sdk: OfficialServer;
  readonly guard: RequestGuard;
  readonly legacy: LegacySessions;
  readonly modern: ModernExchanges;
  /** Undefined when nobody is asked who they are. */
  readonly auth: Authenticator | undefined;
  readonly limits: { readonly bodyBytes: number };
  /** The pages on which users sign in to servers. */
  readonly signIns: SignIns;
}

const HEALTHY = '/healthz';
const READY = '/readyz';

export function isHealthPath(pathname: string | undefined): boolean {
  return pathname === HEALTHY || pathname === READY;
}

/** Answers HTTP requests: finds out who sent them and which era they belong to. */
export class HttpEndpoint {
  readonly #parts: HttpEndpointParts;
  isDraining = false;
  isClosed = false;

  constructor(parts: HttpEndpointParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async answer(request: Request): Promise<Response> {
    const { guard } = this.#parts;
    try {
      const health = this.#health(request);
      if (health !== undefined) return health;
      if (this.isClosed) return refusal(503, SERVER_BUSY, 'The gateway is closed');
      const refused = guard.check(request);
      if (refused !== undefined) return refused;
      return guard.admit(request, await this.#serve(request));
    } catch {
      return refusal(500, INTERNAL_ERROR, 'Internal error');
    }
  }

  async #serve(request: Request): Promise<Response> {
    const { auth, sdk, legacy, modern, signIns } = this.#parts;
    const { bodyBytes } = this.#parts.limits;
    const { pathname } = new URL(request.url);
    // A browser shows no key and no token.
    if (isSignInRequest(request.method, pathname)) return signIns.answer(request);
    if (isMetadataPath(pathname)) return auth?.metadata(request) ?? new Response(null, { status: 404 });
    const identity = auth === undefined ? LOCAL_IDENTITY : await auth.identify(request);
    if (identity instanceof Response) return identity;
    noteSender(request, identity);
    if (request.method === 'GET' || request.method === 'DELETE') {
      const answer = await legacy.answer(request, identity, undefined);
      return auth === undefined ? answer : auth.hold(answer, identity, '');
    }
    if (request.method !== 'POST')
      return refusal(405, INVALID_REQUEST, 'Method not allowed', { allow: 'GET, POST, DELETE' });
    if (!sdk.isJsonContentType(request.headers.get('content-type')))
      return refusal(415, INVALID_REQUEST, 'Unsupported Media Type: Content-Type must be application/json');
    const read = await sdk.readRequestBody(request, bodyBytes).catch(() => undefined);
    if (read === undefined) return refusal(400, PARSE_ERROR, 'Parse error: The body broke off');
    if (read.tooLarge)
      return refusal(413, INVALID_REQUEST, `Request body too large: at most ${bodyBytes} bytes`);
    let body: unknown;
    try {
      body = JSON.parse(read.text);
    } catch {
      return refusal(400, PARSE_ERROR, 'Parse error: Invalid JSON');
    }
    if (Array.isArray(body) && body.length > MAX_BATCH)
      return refusal(400, INVALID_REQUEST, `A batch may have ${MAX_BATCH} messages`);
    const isLegacy = await sdk.isLegacyRequest(request, body);
    const answer = await (isLegacy ? legacy : modern).answer(request, identity, body);
    const isStanding = isRecord(body) && body['method'] === 'subscriptions/listen';
    return auth !== undefined && isStanding ? auth.hold(answer, identity, modern.endOf(body)) : answer;
  }

  #health(request: Request): Response | undefined {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const { pathname } = new URL(request.url);
    if (!isHealthPath(pathname)) return undefined;
    return pathname === READY && this.isDraining
      ? new Response('draining\n', { status: 503 })
      : new Response('ok\n');
  }
}
