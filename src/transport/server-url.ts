import { unusableServer } from '../errors/options.ts';
import type { PlenumError } from '../errors/plenum-error.ts';
import type { UrlServerSpec } from '../server-spec.ts';

const SOCKET_PROTOCOLS: ReadonlySet<string> = new Set(['ws:', 'wss:']);
const HTTP_PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:']);

/** What a URL and its type ask for; `detect` is Streamable HTTP or SSE, as the server answers. */
export type UrlTransportType = 'http' | 'sse' | 'websocket' | 'detect';

/**
 * Reads a spec's URL. Throws `CONFIG_INVALID` unless it is one, of a protocol that fits the type, without user
 * name and password. Messages show no more of it than its protocol: the rest may hold a token.
 */
export function parseServerUrl(spec: UrlServerSpec, server?: string): { url: URL; type: UrlTransportType } {
  const invalid = (why: string): PlenumError =>
    unusableServer(`The URL of ${server === undefined ? 'a server' : `server "${server}"`} ${why}.`, server);
  if (!URL.canParse(String(spec.url))) throw invalid('is not a URL; it needs all of "https://host/path"');
  const url = new URL(spec.url);
  const isSocket = SOCKET_PROTOCOLS.has(url.protocol);
  if (!isSocket && !HTTP_PROTOCOLS.has(url.protocol)) {
    throw invalid(`has the protocol "${url.protocol}"; http:, https:, ws: and wss: can be used`);
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('holds a user name or password; give them in "headers", as Authorization');
  }
  const type = spec.type ?? (isSocket ? 'websocket' : 'detect');
  if ((type === 'websocket') !== isSocket) {
    throw invalid(`has the protocol "${url.protocol}", which the type "${type}" does not speak`);
  }
  return { url, type };
}
