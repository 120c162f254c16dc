import type { OfficialServer } from '../official-server.ts';
import { refusal } from './responses.ts';
import { hostOf } from './web-request.ts';

const FORBIDDEN = -32000;
const METHODS = 'GET, POST, DELETE, OPTIONS';
const HEADERS =
  'authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id';

export interface GuardOptions {
  /** Host names without port; the loopback names when it is undefined. */
  readonly hosts: readonly string[] | undefined;
  readonly origins: readonly string[];
  /** Whether a proxy says which host a request was sent to. */
  readonly trustProxy: boolean;
}

/**
 * Refuses requests that are sent to a host that is not allowed, or from a web page of an origin that is not (DNS
 * rebinding), and answers preflight requests of those that are.
 */
export class RequestGuard {
  readonly #sdk: OfficialServer;
  readonly #trustProxy: boolean;
  /** The host that the gateway listens on. */
  #own: string | undefined;
  #hosts: string[] = [];
  #origins: ReadonlySet<string> = new Set();

  constructor(sdk: OfficialServer, options: GuardOptions) {
    this.#sdk = sdk;
    this.#trustProxy = options.trustProxy;
    this.allow(options);
  }

  /** Replaces what is allowed. */
  allow({ hosts, origins }: Omit<GuardOptions, 'trustProxy'>): void {
    this.#hosts = (hosts ?? this.#sdk.localhostAllowedHostnames()).map(asInUrl);
    if (this.#own !== undefined) this.#hosts.push(this.#own);
    this.#origins = new Set(origins);
  }

  /** Allows the host that the gateway listens on. */
  allowHost(host: string): void {
    this.#own = asInUrl(host.includes(':') ? `[${host}]` : host);
    this.#hosts.push(this.#own);
  }

  /** The answer to a request that goes no further. */
  check(request: Request): Response | undefined {
    const origin = request.headers.get('origin');
    const host = hostOf(request.headers, this.#trustProxy);
    if (!this.#sdk.validateHostHeader(host, this.#hosts).ok)
      return refusal(
        403,
        FORBIDDEN,
        'Invalid Host header: the gateway\'s option "hosts" says which are allowed',
      );
    if (origin === null) return undefined;
    const isLocal = this.#sdk.validateOriginHeader(origin, this.#sdk.localhostAllowedOrigins()).ok;
    if (!this.#origins.has(origin) && !isLocal)
      return refusal(
        403,
        FORBIDDEN,
        'Invalid Origin header: the gateway\'s option "origins" says which are allowed',
      );
    if (request.method !== 'OPTIONS') return undefined;
    return new Response(null, { status: 204, headers: this.#headersFor(request, origin) });
  }

  /** Lets the scripts of an allowed origin read an answer. */
  admit(request: Request, response: Response): Response {
    const origin = request.headers.get('origin');
    if (origin === null) return response;
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(this.#headersFor(request, origin))) headers.set(name, value);
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  }

  #headersFor(request: Request, origin: string): Record<string, string> {
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': [HEADERS, ...paramHeaders(request)].join(', '),
      'access-control-expose-headers': 'mcp-session-id, www-authenticate, retry-after',
      'access-control-max-age': '600',
      vary: 'origin',
    };
  }
}

/** A host name as it stands in URLs: in small letters, and an IPv6 address in its short form. */
function asInUrl(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host;
}

/** The headers that a preflight request asks for because they hold arguments of a tool (`Mcp-Param-*`). */
function paramHeaders(request: Request): readonly string[] {
  const asked = request.headers.get('access-control-request-headers') ?? '';
  return asked
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^mcp-param-[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name));
}
