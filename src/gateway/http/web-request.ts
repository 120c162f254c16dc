import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** Headers that say one thing: nobody could tell which of two was meant. */
const SINGLE = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'origin',
  'x-api-key',
]);

/** What proxies say of the host and the client that they had before them. */
const FORWARDED = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
];

export interface WebRequestOptions {
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** Whether what a proxy says of host and client is believed. */
  readonly trustProxy: boolean;
  /** Called before the body is read. */
  readonly onRead: () => void;
}

/**
 * A `Request` of what came in, whose body is read only when somebody reads it. Its `X-Forwarded-For` is the address of the
 * client; the other headers of proxies are there only if they are believed. Undefined for what cannot be one request: a
 * header that may stand once stands twice, or the host is none.
 */
export function toWebRequest(
  incoming: IncomingMessage,
  { signal, trustProxy, onRead }: WebRequestOptions,
): Request | undefined {
  const headers = headersOf(incoming);
  if (headers === undefined) return undefined;
  const { socket, method = 'GET', url: target = '/' } = incoming;
  const forwarded = lastOf(headers, 'x-forwarded-for');
  const scheme = lastOf(headers, 'x-forwarded-proto');
  const isSecure = trustProxy && scheme !== undefined ? scheme === 'https' : isEncrypted(socket);
  if (!trustProxy) for (const name of FORWARDED) headers.delete(name);
  const address = (trustProxy ? forwarded : undefined) ?? socket.remoteAddress;
  if (address !== undefined) headers.set('x-forwarded-for', address);
  const url = `${isSecure ? 'https' : 'http'}://${hostOf(headers, trustProxy) ?? 'localhost'}${target}`;
  if (!URL.canParse(url)) return undefined;
  const hasBody = method !== 'GET' && method !== 'HEAD' && bodyIsAnnounced(headers);
  return new Request(url, {
    method,
    headers,
    signal,
    ...(hasBody && { body: bodyOf(incoming, onRead), duplex: 'half' }),
  });
}

/** The host that a request was sent to: what the client said, or what the proxy before the gateway says that it said. */
export function hostOf(headers: Headers, trustProxy: boolean): string | undefined {
  const forwarded = trustProxy ? lastOf(headers, 'x-forwarded-host') : undefined;
  return forwarded ?? headers.get('host') ?? undefined;
}

/** The last entry of a list: the proxy that the gateway trusts appended it, the others could be anybody's. */
function lastOf(headers: Headers, name: string): string | undefined {
  const last = headers.get(name)?.split(',').at(-1)?.trim();
  return last === '' ? undefined : last;
}

function headersOf({ rawHeaders }: IncomingMessage): Headers | undefined {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    if (SINGLE.has(name) && headers.has(name)) return undefined;
    headers.append(name, rawHeaders[at + 1] ?? '');
  }
  return headers;
}

function bodyIsAnnounced(headers: Headers): boolean {
  const length = headers.get('content-length');
  return headers.has('transfer-encoding') || (length !== null && length !== '0');
}

function isEncrypted(socket: IncomingMessage['socket'] | TLSSocket): boolean {
  return 'encrypted' in socket && socket.encrypted;
}

function bodyOf(incoming: IncomingMessage, onRead: () => void): ReadableStream<Uint8Array> {
  let isRead = false;
  incoming.pause();
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        incoming.on('data', (chunk: Buffer) => {
          controller.enqueue(chunk);
          incoming.pause();
        });
        incoming.once('end', () => controller.close());
        incoming.once('error', (error) => controller.error(error));
      },
      pull: () => {
        if (!isRead) onRead();
        isRead = true;
        incoming.resume();
      },
    },
    // Nothing is read ahead: a request that is refused costs only its head.
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
}
