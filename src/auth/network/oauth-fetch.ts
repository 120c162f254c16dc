import { lookup as lookUp } from 'node:dns';
import { lookup as lookUpAll } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { FetchLike } from '@modelcontextprotocol/client';
import { Agent, fetch as pooledFetch } from 'undici';
import { addressRefused } from '../../errors/auth.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import { isLoopbackUrl, isPrivateAddress, literalAddress } from './private-address.ts';

const REQUEST_TIMEOUT_MS = 30_000;
/** Metadata, registrations and tokens are small. */
const MAX_BODY_BYTES = 1024 * 1024;

interface OAuthFetchOptions {
  /** The MCP server that the credentials are for. */
  readonly server: URL;
  /** The transport's `fetch`, used for URLs of the server's origin: it sends the headers of the spec. */
  readonly viaTransport?: FetchLike | undefined;
  /** The caller's `fetch`, in place of the built-in one. */
  readonly fetch?: FetchLike | undefined;
  readonly allowPrivateAddresses: boolean;
}

/**
 * The `fetch` of one OAuth flow. The MCP server chooses the authorization server, so no address is trusted: only
 * https is allowed, or http to loopback; a private address only when the server has one too, checked when the socket
 * is opened; no redirects but those that the official client follows within the origin; limits on time and size.
 */
export class OAuthFetch {
  readonly #options: OAuthFetchOptions;
  readonly #agent = new Agent({ connect: { lookup: this.#publicLookup() } });
  /** Undefined until the first request was checked. */
  #mayBePrivate: boolean | undefined;

  constructor(options: OAuthFetchOptions) {
    this.#options = options;
  }

  readonly fetch: FetchLike = async (target, init = {}) => {
    const url = new URL(target);
    const limit = new Limit({ ms: REQUEST_TIMEOUT_MS }, init.signal ?? undefined);
    try {
      await this.#check(url);
      const response = await this.#send(url, { redirect: 'error', ...init, signal: limit.signal });
      return await readWhole(response, url);
    } catch (error) {
      // The official client passes on a TypeError only; after any other error it guesses endpoints.
      throw error instanceof TypeError ? error : new TypeError('A request was not made.', { cause: error });
    } finally {
      limit.stop();
    }
  };

  /** Closes every socket. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #send(url: URL, init: RequestInit): Promise<Response> {
    const { server, viaTransport, fetch } = this.#options;
    if (viaTransport !== undefined && url.origin === server.origin) return viaTransport(url, init);
    if (fetch !== undefined) return fetch(url, init);
    return fetchThrough(this.#agent, url, init);
  }

  async #check(url: URL): Promise<void> {
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackUrl(url))) {
      throw addressRefused(url, 'it is not https');
    }
    const { server, fetch, allowPrivateAddresses } = this.#options;
    this.#mayBePrivate ??= allowPrivateAddresses || (await leadsToPrivate(server));
    if (url.origin === server.origin || this.#mayBePrivate) return;
    const address = literalAddress(url);
    if (address !== undefined && isPrivateAddress(address)) throw refusedAsPrivate(url);
    // The caller's fetch resolves names itself, so the address can be checked only here, before the request.
    if (fetch !== undefined && (await leadsToPrivate(url))) throw refusedAsPrivate(url);
  }

  /**
   * Resolves a name and refuses a private address. The socket uses this very answer, so DNS cannot give another one
   * later.
   */
  #publicLookup(): LookupFunction {
    return (hostname, options, callback) => {
      lookUp(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) return callback(error, []);
        if (this.#mayBePrivate !== true && found.some(({ address }) => isPrivateAddress(address))) {
          return callback(refusedAsPrivate(new URL(`https://${hostname}`)), []);
        }
        if (options.all === true) return callback(null, found);
        const [first] = found;
        return callback(null, first?.address ?? '', first?.family);
      });
    };
  }
}

/** Whether a host resolves to a private address; false when it cannot be resolved. */
async function leadsToPrivate(url: URL): Promise<boolean> {
  if (isLoopbackUrl(url)) return true;
  const literal = literalAddress(url);
  if (literal !== undefined) return isPrivateAddress(literal);
  try {
    const found = await lookUpAll(url.hostname, { all: true });
    return found.some(({ address }) => isPrivateAddress(address));
  } catch {
    return false;
  }
}

function refusedAsPrivate(url: URL): PlenumError {
  return addressRefused(
    url,
    'it is a private address, named by a server that is not at one. If that is right, set "allowPrivateAddresses"',
  );
}

async function fetchThrough(agent: Agent, url: URL, init: RequestInit): Promise<Response> {
  const { method, headers, body, redirect, signal } = init;
  if (body instanceof FormData) throw new TypeError('OAuth sends no FormData.');
  const response = await pooledFetch(url, {
    dispatcher: agent,
    ...(method !== undefined && { method }),
    ...(headers !== undefined && { headers: [...new Headers(headers)] }),
    ...(body !== undefined && { body }),
    ...(redirect !== undefined && { redirect }),
    ...(signal !== undefined && { signal }),
  });
  return response;
}

/** The whole answer, at most a megabyte of it. */
async function readWhole(response: Response, url: URL): Promise<Response> {
  if (response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > MAX_BODY_BYTES) throw addressRefused(url, `its answer has more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(chunks.length === 0 ? null : Buffer.concat(chunks), { status, statusText, headers });
}
