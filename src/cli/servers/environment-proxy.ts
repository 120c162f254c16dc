import { getProxyForUrl } from 'proxy-from-env';
import type { ConfiguredServer } from '../../config/config.ts';
import type { Terminal } from '../terminal/terminal.ts';

/**
 * Adds the proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY set, unless the server has its own. The library
 * does not read the environment; a command line is expected to.
 */
export function withEnvironmentProxy(server: ConfiguredServer, terminal: Terminal): ConfiguredServer {
  if (!('url' in server) || server.proxy !== undefined || !URL.canParse(String(server.url))) return server;
  const url = new URL(server.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return server;
  const proxy = getProxyForUrl(url.href);
  if (proxy === '') return server;
  if (/^https?:\/\//i.test(proxy) && URL.canParse(proxy)) return { ...server, proxy };
  terminal.warn(
    `The proxy that the environment names for ${url.host} is not used: only http: and https: proxies are supported.`,
  );
  return server;
}
