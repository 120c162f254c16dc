import type { OfficialServer } from '../official-server.ts';
import { refusal } from './responses.ts';

const FORBIDDEN = -32000;
const METHODS = 'GET, POST, DELETE, OPTIONS';
const HEADERS =
  'authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id';

/**
 * Refuses requests that are sent to a host that is not allowed, or from a web page of an origin that is not (DNS
 * rebinding), and answers preflight requests of those that are.
 */
export class RequestGuard {
  readonly #sdk: OfficialServer;
  readonly #origins: ReadonlySet<string>;
  #hosts: readonly string[];

  constructor(sdk: OfficialServer, hosts: readonly string[] | undefined, origins: readonly string[]) {
    this.#sdk = sdk;
    this.#hosts = hosts ?? sdk.localhostAllowedHostnames();
    this.#origins = new Set(origins);
  }

  allowHost(host: string): void {
    this.#hosts = [...this.#hosts, host.includes(':') ? `[${host}]` : host];
  }

  /** The answer to a request that goes no further. */
  check(request: Request): Response | undefined {
    const origin = request.headers.get('origin');
    if (!this.#sdk.validateHostHeader(request.headers.get('host'), [...this.#hosts]).ok)
      return refusal(403, FORBIDDEN, 'Invalid Host header');
    if (origin === null) return undefined;
    const isLocal = this.#sdk.validateOriginHeader(origin, this.#sdk.localhostAllowedOrigins()).ok;
    if (!this.#origins.has(origin) && !isLocal) return refusal(403, FORBIDDEN, 'Invalid Origin header');
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

/** The headers that a preflight request asks for because they hold arguments of a tool (`Mcp-Param-*`). */
function paramHeaders(request: Request): readonly string[] {
  const asked = request.headers.get('access-control-request-headers') ?? '';
  return asked
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^mcp-param-[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name));
}
