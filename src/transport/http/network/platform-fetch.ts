import type { FetchLike } from '@modelcontextprotocol/client';
import type { TlsOptions } from '../../../server-spec.ts';
import { tlsConnect, type TlsConnect } from '../../tls-connect.ts';
import { DEFAULT_HEADERS } from './pool-fetch.ts';

export interface PlatformFetchOptions {
  /** The server's own. */
  readonly origin: string;
  readonly proxy?: string | URL | undefined;
  readonly tls?: TlsOptions | undefined;
}

/** What Bun's `fetch` takes beside the standard. */
interface BunRequestInit extends RequestInit {
  proxy?: string;
  tls?: TlsConnect['trust'] & Omit<TlsConnect['identity'], 'servername'> & { serverName?: string };
  /** Whether a request without any data for 5 minutes is ended: the timeouts of the protocol hold for all runtimes alike. */
  timeout: false;
}

/** The `fetch` of a runtime without undici, with the proxy and the certificates of a spec. */
export function platformFetch({ origin, proxy, tls }: PlatformFetchOptions): FetchLike {
  const { trust, identity } = tlsConnect(tls);
  const { servername, ...own } = identity;
  const toServer = { ...trust, ...own, ...(servername !== undefined && { serverName: servername }) };
  return async (target, init) => {
    const headers = new Headers(init?.headers);
    if (!headers.has('user-agent')) headers.set('user-agent', DEFAULT_HEADERS['user-agent']);
    const request: BunRequestInit = {
      ...init,
      headers,
      timeout: false,
      ...(proxy !== undefined && { proxy: String(proxy) }),
      ...(tls !== undefined && { tls: new URL(target).origin === origin ? toServer : trust }),
    };
    return fetch(target, request);
  };
}
